import { setTimeout as sleep } from 'node:timers/promises';
import { CallError, grpcEndpoint, TaskRequests } from '@flyte-agents/testing';
import { expect, onTestFinished, test } from 'vitest';
import { openStage } from './stage.ts';

/** How long before its deadline a call must have ended, in milliseconds. */
const slackMs = 200;
/** The longest first, so that all calls are under way at once. */
const deadlines = [10_000, 3000];
const callsOfADeadline = 50;
/** Between the beginnings of two calls, in milliseconds: all at once would show how fast this machine begins calls. */
const staggerMs = 20;

/** The calls, and what each comes to while the service does not answer. */
const kinds = [
  { path: 'flyte1', method: 'create', outcome: 'a reference' },
  { path: 'flyte1', method: 'get', outcome: 'RUNNING' },
  { path: 'flyte1', method: 'delete', outcome: 'UNAVAILABLE' },
  { path: 'flyte1-sync', method: 'execute', outcome: 'RETRYABLE_FAILED' },
  { path: 'flyte2', method: 'create', outcome: 'a reference' },
  { path: 'flyte2', method: 'get', outcome: 'RUNNING' },
  { path: 'flyte2', method: 'delete', outcome: 'UNAVAILABLE' },
] as const;

/** A call that can be made: whatever it needs was prepared. */
interface Planned {
  readonly outcome: string;
  readonly timeoutMs: number;
  readonly make: () => Promise<string | undefined>;
}

/** A call that was made. */
interface Made {
  readonly timeoutMs: number;
  readonly expected: string;
  readonly outcome: string | undefined;
  /** How long before its deadline it ended, in milliseconds. */
  readonly restMs: number;
}

test(`R5: with a service that never answers, every call ends ${slackMs} ms before its deadline`, { timeout: 120_000 }, async () => {
  const { service, start } = await openStage(0);
  const { address } = await start();
  const planned: Planned[] = [];
  for (const timeoutMs of deadlines) {
    for (let index = 0; index < callsOfADeadline; index++) planned.push(await plan(address, index, timeoutMs));
  }
  service.hold();
  const pulse = watchPulse(address);
  const made: Promise<Made>[] = [];
  for (const call of planned) {
    made.push(measured(call));
    await sleep(staggerMs);
  }
  const ended = await Promise.all(made);
  const latenessMs = await pulse.stop();
  expect(ended.filter(({ restMs }) => restMs + latenessMs < slackMs)).toEqual([]);
  expect(ended.filter(({ outcome, expected, restMs }) => outcome !== expected && restMs >= slackMs)).toEqual([]);
});

async function measured({ outcome: expected, timeoutMs, make }: Planned): Promise<Made> {
  const deadline = performance.now() + timeoutMs;
  const outcome = await make().catch((error: unknown) => (error instanceof CallError ? error.code : String(error)));
  return { timeoutMs, expected, outcome, restMs: deadline - performance.now() };
}

/** Prepares a call about a task of its own. */
async function plan(address: string, index: number, timeoutMs: number): Promise<Planned> {
  const { path, method, outcome } = kinds[index % kinds.length] ?? kinds[0];
  const endpoint = grpcEndpoint(address, path);
  onTestFinished(() => endpoint.close());
  const requests = new TaskRequests({ type: method === 'execute' ? 'e2e_answer' : 'e2e_job' }, path);
  const attempt = { execution: `f${timeoutMs}x${index}`, node: 'n0', number: 0 };
  const options = { timeoutMs };
  if (method === 'execute') return { outcome, timeoutMs, make: async () => (await endpoint.execute?.(requests, attempt, options))?.phase };
  if (method === 'create')
    return { outcome, timeoutMs, make: async () => ((await endpoint.create(requests, attempt, options)).length > 0 ? outcome : '') };
  const reference = await endpoint.create(requests, attempt, { timeoutMs: 60_000 });
  const stored = { taskType: requests.task.type, reference, outputPrefix: requests.outputPrefix(attempt) };
  if (method === 'get') return { outcome, timeoutMs, make: async () => (await endpoint.get(stored, options)).phase };
  return { outcome, timeoutMs, make: () => endpoint.delete(stored, options).then(() => 'OK') };
}

/**
 * Calls that need nothing of the service, all the time. Gives by how much this machine is late, which is no fault of the
 * server's: what the two worst of them took, for a call may be held up at its beginning and at its end.
 */
function watchPulse(address: string): { readonly stop: () => Promise<number> } {
  const endpoint = grpcEndpoint(address, 'flyte1');
  const pauseMs = 10;
  const over = new AbortController();
  const beat = async (): Promise<number> => {
    const beatsMs: number[] = [];
    while (!over.signal.aborted) {
      const began = performance.now();
      await endpoint.list({ timeoutMs: 60_000 });
      await sleep(pauseMs);
      beatsMs.push(performance.now() - began - pauseMs);
    }
    endpoint.close();
    const [worst = 0, next = 0] = beatsMs.toSorted((one, other) => other - one);
    return worst + next;
  };
  const beating = beat();
  return {
    stop() {
      over.abort();
      return beating;
    },
  };
}
