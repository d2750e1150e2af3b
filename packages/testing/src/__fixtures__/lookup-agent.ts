import {
  AgentError,
  AsyncAgent,
  defineStates,
  type AgentContext,
  type CreateContext,
  type GetContext,
  type IdempotencyKey,
  type LogLink,
  type Phase,
  type Resource,
  type Schema,
  type Task,
} from '@flyte-agents/core';
import { z } from 'zod';
import type { Fault } from '../faults.ts';
import type { WorldJob } from '../job.ts';
import { World } from '../world.ts';
import { rethrow, ServiceError, toServiceError } from './service-error.ts';

const batchConfig = z.looseObject({ queue: z.string() });
type BatchConfig = z.infer<typeof batchConfig>;
const batchRef = z.object({ id: z.string(), queue: z.string() });
export type BatchRef = { readonly id: string; readonly queue: string };

/** What the service says of a job. */
export interface BatchJob {
  readonly id: string;
  readonly tag: string | undefined;
  readonly state: string;
  readonly createdAt: number;
}

/** A service that takes any number of jobs of one name, and lists the jobs of a name. */
export interface BatchClient {
  submit(queue: string, name: string, tag: string): Promise<BatchJob>;
  describe(id: string, signal: AbortSignal): Promise<BatchJob>;
  list(queue: string, name: string, signal: AbortSignal): Promise<readonly BatchJob[]>;
  terminate(id: string): Promise<void>;
}

const batchPhase: (state: string) => Phase = defineStates({
  RUNNABLE: 'WAITING_FOR_RESOURCES',
  RUNNING: 'RUNNING',
  RETRYING: 'RUNNING',
  SUCCEEDED: 'SUCCEEDED',
  FAILED: 'FAILED',
  TERMINATED: 'FAILED',
});
const endStates = ['SUCCEEDED', 'FAILED', 'TERMINATED'];
const ours = 'flyte-agents';

/** Runs jobs on a service that knows no tokens: looks a job up by its name before it submits. */
export class LookupAgent extends AsyncAgent<BatchConfig, BatchRef> {
  readonly name: string = 'Lookup Agent';
  readonly taskTypes = [{ name: 'lookup_batch' }];
  readonly config: Schema<BatchConfig> = batchConfig;
  readonly ref: Schema<BatchRef> = batchRef;
  protected readonly client: BatchClient;

  constructor(client: BatchClient) {
    super();
    this.client = client;
  }

  async create(task: Task<BatchConfig>, context: CreateContext): Promise<BatchRef> {
    const { queue } = task.config;
    const name = toName(context.idempotencyKey);
    const known = await this.client.list(queue, name, context.signal).catch(unsubmitted);
    if (known.some(({ tag }) => tag !== ours)) {
      const message = `batch: a job named ${name} is somebody else's: delete or rename it`;
      throw new AgentError({ code: 'FAILED_PRECONDITION', message });
    }
    const [job = await this.client.submit(queue, name, ours).catch(rethrow('batch: submit'))] = oldestFirst(known);
    return { id: job.id, queue };
  }

  async get({ id }: BatchRef, { signal }: GetContext): Promise<Resource> {
    const job = await this.client.describe(id, signal).catch(rethrow(`batch job ${id}`));
    return { phase: batchPhase(job.state), message: `batch job ${id}: ${job.state}` };
  }

  async delete({ id }: BatchRef, { signal }: AgentContext): Promise<void> {
    const job = await this.client.describe(id, signal).catch(unlessGone(id));
    if (job === undefined || job.tag !== ours || endStates.includes(job.state)) return;
    await this.client.terminate(id).catch(rethrow(`batch job ${id}: terminate`));
  }

  override links({ id }: BatchRef): readonly LogLink[] {
    return [{ name: 'Batch', uri: `https://batch.example/${id}` }];
  }

  locate({ config }: Task<BatchConfig>): { readonly queue: string } {
    return { queue: config.queue };
  }

  async find(key: IdempotencyKey, where: { readonly queue?: unknown }, { signal }: AgentContext): Promise<BatchRef | undefined> {
    const queue = String(where.queue);
    const jobs = await this.client.list(queue, toName(key), signal).catch(rethrow('batch: list'));
    const [job] = oldestFirst(jobs.filter(({ tag }) => tag === ours));
    return job && { id: job.id, queue };
  }
}

function toName(key: string): string {
  return `flyte-${key}`;
}

function oldestFirst(jobs: readonly BatchJob[]): readonly BatchJob[] {
  return jobs.toSorted((one, other) => one.createdAt - other.createdAt);
}

/** A look-up that failed has submitted nothing. */
function unsubmitted(error: unknown): never {
  try {
    return rethrow('batch: list')(error);
  } catch (fault) {
    if (!AgentError.is(fault)) throw fault;
    const { code, message, retryAfterMs } = fault;
    throw new AgentError({ code, message, submitted: 'no', cause: error, ...(retryAfterMs !== undefined && { retryAfterMs }) });
  }
}

function unlessGone(id: string): (error: unknown) => undefined {
  return (error) => {
    if (error instanceof ServiceError && error.status === 404) return undefined;
    return rethrow(`batch job ${id}`)(error);
  };
}

/** The service without tokens. */
export class LookupWorld extends World<{ readonly queue: string }> {
  override readonly namesCollide = true;
  readonly #apiKey = this.canaries.make('api key');

  agent(): LookupAgent {
    return new LookupAgent(this.client());
  }

  client(): BatchClient {
    return {
      submit: (queue, name) => this.call('submit', () => view(this.submit(name, { queue }))),
      describe: (id, signal) => this.call('read', () => view(this.job(id)), signal),
      list: (queue, name, signal) => this.call('search', () => this.#list(queue, name), signal),
      terminate: (id) => this.call('cancel', () => this.cancel(id)),
    };
  }

  #list(queue: string, name: string): readonly BatchJob[] {
    return this.byKey(name)
      .filter(({ details }) => details.queue === queue)
      .map(view);
  }

  protected override error(fault: Fault): ServiceError {
    return toServiceError(fault, this.#apiKey);
  }
}

function view(job: WorldJob | undefined): BatchJob {
  if (job === undefined) throw new ServiceError('no such job', { status: 404 });
  const states = { waiting: 'RUNNABLE', running: 'RUNNING', succeeded: 'SUCCEEDED', failed: 'FAILED', cancelled: 'TERMINATED', unknown: 'DEFROSTING' };
  const state = job.state === 'waiting' && job.hasStarted ? 'RETRYING' : states[job.state];
  return { id: job.id, tag: job.isOurs ? ours : undefined, state, createdAt: job.takenAt };
}
