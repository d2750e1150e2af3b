import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Client } from '@flyte-agents/proto/client';
import { AsyncAgentService, TaskExecution_Phase as Phase } from '@flyte-agents/proto/flyte1';
import { z } from 'zod';
import { Child } from './child.ts';
import { median, percentile, type WatchedFigures, type WatchedKindFigures } from './figures.ts';
import { cpuMsOf, memoryOf } from './process-usage.ts';
import { everyAgent, startServed } from './served.ts';
import { watchedKinds, type WatchedKind } from './watched-jobs.ts';

/** What to watch, and for how long. */
export interface WatchedOptions {
  readonly jobs: number;
  /** How often each job is polled, in milliseconds. */
  readonly everyMs: number;
  /** How often every job is polled altogether. */
  readonly polls: number;
  readonly nodeFlags: readonly string[];
  /** Told what is done next. */
  readonly onProgress?: ((what: string) => void) | undefined;
}

/** How far the services are. */
export interface ServicesState {
  /** The variables that lead the agents to them. */
  readonly environment: Readonly<Record<string, string>>;
  /** How many requests each has had. */
  readonly requests: Readonly<Record<string, number>>;
}

/** What became of a service's polls. */
interface Polled {
  readonly latenciesMs: number[];
  /** What failed, or showed a job that is not live. */
  readonly errors: string[];
}

interface Job {
  readonly kind: WatchedKind;
  readonly resourceMeta: Uint8Array;
}

type Agents = Client<(typeof AsyncAgentService)['method']>;

/** How many creates are under way at once. */
const createsAtOnce = 32;
/** How often the server's memory is looked at, in milliseconds. */
const lookMs = 1000;
/** The engine's calls have this long, in milliseconds. */
const timeoutMs = 10_000;

const servicesState: z.ZodType<ServicesState> = z.object({
  environment: z.record(z.string(), z.string()),
  requests: z.record(z.string(), z.number()),
});

/** One server with every agent, and as many jobs of six services as are asked for, polled as the engine polls them. @throws Error when a job is not as it must be */
export async function runWatched({
  jobs: count,
  everyMs,
  polls,
  nodeFlags,
  onProgress = () => {},
}: WatchedOptions): Promise<WatchedFigures> {
  const logFolder = mkdtempSync(join(tmpdir(), 'flyte-agents-watched-'));
  const { child: services } = await Child.start('services', { fromSource: true, logFolder });
  const state = async (): Promise<ServicesState> => servicesState.parse(await services.ask('state'));
  try {
    const { environment } = await state();
    const server = await startServed([...nodeFlags, ...everyAgent], { environment });
    const connection = connect(server.address);
    try {
      const agents = connection.client(AsyncAgentService);
      onProgress(`creating ${count} jobs`);
      const jobs = await createAll(agents, count);
      const memory = watchMemory(server.process.pid);
      const before = { cpuMs: cpuMsOf(server.process.pid), requests: (await state()).requests, at: performance.now() };
      onProgress(`polling them, each every ${everyMs / 1000} s`);
      const polled = await pollAll(agents, jobs, { everyMs, polls });
      const elapsedMs = performance.now() - before.at;
      const { requests } = await state();
      const cpuMs = difference(cpuMsOf(server.process.pid), before.cpuMs);
      const kinds = watchedKinds.map(({ service }): WatchedKindFigures => {
        const { latenciesMs = [], errors = [] } = polled.get(service) ?? {};
        const times = Float64Array.from(latenciesMs);
        return {
          service,
          jobs: times.length / polls,
          polls: times.length,
          upstreamCalls: (requests[service] ?? 0) - (before.requests[service] ?? 0),
          p50Ms: percentile(times, 0.5),
          p99Ms: percentile(times, 0.99),
          errors: errors.length,
          firstError: errors[0],
        };
      });
      const made = kinds.reduce((sum, kind) => sum + kind.polls, 0);
      return {
        kinds,
        jobs: jobs.length,
        everyMs,
        cpuMsPer1000: cpuMs && (cpuMs / made) * 1000,
        cpuShare: cpuMs && cpuMs / elapsedMs,
        rssMb: median(memory.stop()),
        peakRssMb: memoryOf(server.process.pid)?.peakRssMb,
        p99Ms: percentile(Float64Array.from([...polled.values()].flatMap(({ latenciesMs }) => latenciesMs)), 0.99),
      };
    } finally {
      connection.close();
      await server.stop();
    }
  } finally {
    await services.stop();
    rmSync(logFolder, { recursive: true });
  }
}

/** Creates the jobs, of each kind in turn. */
async function createAll(agents: Agents, count: number): Promise<readonly Job[]> {
  const jobs: Job[] = [];
  const numbers = Array.from({ length: count }, (_, number) => number).values();
  const createSome = async (): Promise<void> => {
    for (const number of numbers) {
      const kind = watchedKinds[number % watchedKinds.length];
      if (kind !== undefined) jobs.push({ kind, resourceMeta: await create(agents, kind, number) });
    }
  };
  await Promise.all(Array.from({ length: createsAtOnce }, createSome));
  return jobs;
}

async function create(agents: Agents, { template, inputs = {} }: WatchedKind, number: number): Promise<Uint8Array> {
  const execution = `f${number.toString(16).padStart(19, '0')}`;
  const literals = Object.entries(inputs).map(([input, stringValue]) => [
    input,
    {
      value: { case: 'scalar', value: { value: { case: 'primitive', value: { value: { case: 'stringValue', value: stringValue } } } } },
    } as const,
  ]);
  const executionId = { project: 'flytesnacks', domain: 'development', name: execution };
  const { resourceMeta } = await agents.createTask(
    {
      template,
      inputs: { literals: Object.fromEntries(literals) },
      outputPrefix: `s3://my-s3-bucket/metadata/propeller/flytesnacks-development-${execution}/n0/data/0`,
      taskExecutionMetadata: { taskExecutionId: { nodeExecutionId: { nodeId: 'n0', executionId } } },
    },
    { timeoutMs },
  );
  return resourceMeta;
}

/** Polls every job so often, evenly over the time; gives what became of the polls by service. */
async function pollAll(
  agents: Agents,
  jobs: readonly Job[],
  { everyMs, polls }: Pick<WatchedOptions, 'everyMs' | 'polls'>,
): Promise<ReadonlyMap<string, Polled>> {
  const polled = new Map<string, Polled>(watchedKinds.map(({ service }) => [service, { latenciesMs: [], errors: [] }]));
  const one = async ({ kind: { service, template }, resourceMeta }: Job): Promise<void> => {
    const started = performance.now();
    try {
      const { resource } = await agents.getTask({ taskCategory: { name: template.type }, resourceMeta }, { timeoutMs });
      if (!isLive(resource?.phase)) throw new Error(`phase ${resource?.phase}: ${resource?.message}`);
    } catch (error) {
      polled.get(service)?.errors.push(`${service}: ${error instanceof Error ? error.message : String(error)}`);
    }
    polled.get(service)?.latenciesMs.push(performance.now() - started);
  };
  const underWay: Promise<void>[] = [];
  const started = performance.now();
  while (underWay.length < jobs.length * polls) {
    const due = Math.min(jobs.length * polls, ((performance.now() - started) / everyMs) * jobs.length);
    underWay.push(...next(jobs, underWay.length, due).map(one));
    await sleep(1);
  }
  await Promise.all(underWay);
  return polled;
}

function isLive(phase: Phase | undefined): boolean {
  return phase === Phase.RUNNING || phase === Phase.WAITING_FOR_RESOURCES || phase === Phase.INITIALIZING;
}

/** The jobs whose turn comes between two counts of polls. */
function next(jobs: readonly Job[], from: number, to: number): readonly Job[] {
  return Array.from({ length: Math.max(0, Math.floor(to) - from) }, (_, index) => jobs[(from + index) % jobs.length]).filter(
    (job) => job !== undefined,
  );
}

/** Looks at a process's memory every second. */
function watchMemory(pid: number | undefined): { readonly stop: () => readonly number[] } {
  const seen: number[] = [];
  const timer = setInterval(() => seen.push(memoryOf(pid)?.rssMb ?? 0), lookMs);
  return {
    stop: () => {
      clearInterval(timer);
      return seen;
    },
  };
}

function difference(now: number | undefined, before: number | undefined): number | undefined {
  return now === undefined || before === undefined ? undefined : now - before;
}
