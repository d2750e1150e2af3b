import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  contentOf,
  during,
  EchoAgent,
  failing,
  JobAgent,
  recordingLogger,
  storedRequest,
  taskRequest,
  unavailable,
  type JobConfig,
} from '../__fixtures__/agents.ts';
import { AgentError } from '../errors.ts';
import { AgentRegistry } from '../registry.ts';
import type { Resource, Task } from '../task.ts';
import { Creator } from './create.ts';
import { execute } from './execute.ts';
import { Poller } from './get.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const logger = recordingLogger();
const request = taskRequest({ template: { type: 'echo' } });
const throttled = new AgentError({ code: 'RESOURCE_EXHAUSTED', message: '429', submitted: 'no', retryAfterMs: 2000 });

/** Both ways to have work done within a call. */
const ways = {
  sync: (agent: EchoAgent) => during((call) => execute(agent, request, call, { logger })).then(({ resource }) => resource.phase),
  async: (agent: EchoAgent) =>
    during((call) => new Creator({ logger }).create(agent, request, call)).then(({ reference }) => contentOf(reference).kind),
} as const;

describe.each(['sync', 'async'] as const)('C15: work of one call, on the %s path,', (way) => {
  test('that the service certainly did not do is done again when the service allows it', async () => {
    const agent = new EchoAgent();
    agent.before = failing(throttled, 2);
    const answered = ways[way](agent);
    await vi.advanceTimersByTimeAsync(3999);
    expect(agent.done).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(await answered).toBe(way === 'sync' ? 'SUCCEEDED' : 'result');
    expect(agent.done).toHaveLength(3);
  });

  test('that the service may have done is not done again', async () => {
    const agent = new EchoAgent();
    agent.before = failing(unavailable('unknown'), 1);
    expect(await ways[way](agent)).toBe(way === 'sync' ? 'RETRYABLE_FAILED' : 'failure');
    expect(agent.done).toHaveLength(1);
  });

  test('ends when there is no time for the next try', async () => {
    const agent = new EchoAgent();
    agent.before = failing(new AgentError({ code: 'RESOURCE_EXHAUSTED', message: '429', submitted: 'no', retryAfterMs: 20_000 }));
    expect(await ways[way](agent)).toBe(way === 'sync' ? 'RETRYABLE_FAILED' : 'failure');
    expect(agent.done).toHaveLength(1);
  });
});

/** Does tasks of the region `here` at once, and runs the others as jobs. */
class BothAgent extends JobAgent {
  override async do({ config }: Task<JobConfig>): Promise<Resource> {
    return { phase: 'SUCCEEDED', message: config.region, customInfo: { tokens: 3 } };
  }

  override runsAsJob({ config }: Task<JobConfig>): boolean {
    return config.region !== 'here';
  }
}

describe('R6: an agent that does some tasks at once and runs others as jobs', () => {
  const agent = new BothAgent();
  const registry = new AgentRegistry([agent]);
  const here = taskRequest({ template: { custom: { region: 'here' } } });
  const elsewhere = taskRequest({ template: { custom: { region: 'us' } } });

  test('is announced as sync, unlike one that runs all of them as jobs', () => {
    expect(registry.isSync(agent)).toBe(true);
    expect(registry.isSync(new JobAgent())).toBe(false);
  });

  test.each([here, elsewhere])('does every task within a call where the engine asks for that', async (task) => {
    const { resource } = await during((call) => execute(agent, task, call, { logger }));
    expect(resource.phase).toBe('SUCCEEDED');
  });

  test('where the engine polls, does the one in create and tells what it used, also on another replica', async () => {
    const { reference } = await during((call) => new Creator({ logger }).create(agent, here, call));
    expect(contentOf(reference)).toEqual({ kind: 'result', result: {}, customInfo: { tokens: 3 } });
    const poller = new Poller({ registry, logger, unreachableAfterMs: 1000 });
    const { resource } = await during((call) => poller.get(storedRequest(reference), call));
    expect(resource).toEqual({ phase: 'SUCCEEDED', outputs: {}, customInfo: { tokens: 3 } });
  });

  test('where the engine polls, runs the other as a job', async () => {
    const { reference } = await during((call) => new Creator({ logger }).create(agent, elsewhere, call));
    expect(contentOf(reference)).toMatchObject({ kind: 'ref' });
    const poller = new Poller({ registry, logger, unreachableAfterMs: 1000 });
    const { resource } = await during((call) => poller.get(storedRequest(reference), call));
    expect(resource).toMatchObject({ phase: 'RUNNING', links: [{ name: 'Console' }] });
  });
});

test('R8: what work used is left out of the reference when it is large', async () => {
  const agent = new EchoAgent();
  agent.work = () => ({ phase: 'SUCCEEDED', customInfo: { long: 'x'.repeat(1024) } });
  const { reference } = await during((call) => new Creator({ logger }).create(agent, request, call));
  expect(contentOf(reference)).toEqual({ kind: 'result', result: {} });
});
