import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { badConfig, denied, during, EchoAgent, JobAgent, recordingLogger, taskRequest, unavailable } from '../__fixtures__/agents.ts';
import { attemptKey } from '../idempotency.ts';
import type { Agent } from '../registry.ts';
import type { Resource } from '../task.ts';
import { execute } from './execute.ts';
import { SharedWork } from './shared-work.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const request = taskRequest({ template: { type: 'echo' }, inputs: { x: { kind: 'none' } } });

function run(agent: Agent, { callerMs, instance }: { callerMs?: number; instance?: string } = {}) {
  return during((call) => execute(agent, request, call, { logger: recordingLogger(), instance }), callerMs);
}

describe('R6: doing a task at once', () => {
  test('gives what the agent gives', async () => {
    const agent = new EchoAgent();
    expect(await run(agent)).toEqual({ resource: { phase: 'SUCCEEDED', outputs: { text: { kind: 'string', value: 'x' } } } });
    expect(agent.done).toMatchObject([
      {
        task: { template: { type: 'echo' }, outputPrefix: request.outputPrefix },
        context: {
          project: 'flytesnacks',
          domain: 'development',
          deadline: Date.now() + 9500,
          idempotencyKey: attemptKey({ ...request, task: request.template.id }),
        },
      },
    ]);
  });

  test('has the key of this installation, the same as create', async () => {
    const agent = new EchoAgent();
    await run(agent, { instance: 'blue' });
    expect(agent.done[0]?.context.idempotencyKey).toBe(attemptKey({ ...request, task: request.template.id, instance: 'blue' }));
  });

  test('C1: has another key each time in a local run', async () => {
    const agent = new EchoAgent();
    const local = taskRequest({ template: { type: 'echo' }, outputPrefix: '' });
    for (let i = 0; i < 2; i++) await during((call) => execute(agent, local, call, { logger: recordingLogger() }));
    const [one, two] = agent.done.map(({ context }) => context.idempotencyKey);
    expect(one).toMatch(/^[0-9a-f]{32}$/);
    expect(two).not.toBe(one);
  });

  test.each(['FAILED', 'RETRYABLE_FAILED'] as const)(
    'gives %s when the agent found that the work failed, and counts no fault',
    async (phase) => {
      const agent = new EchoAgent();
      agent.work = () => ({ phase, message: 'the page is gone' });
      expect(await run(agent)).toEqual({ resource: { phase, message: 'the page is gone' } });
    },
  );

  test.each(['RUNNING', 'INITIALIZING', 'WAITING_FOR_RESOURCES'] as const)(
    'never gives %s: a worker of the engine would die of it',
    async (phase) => {
      const agent = new EchoAgent();
      agent.work = () => ({ phase });
      expect(await run(agent)).toMatchObject({
        resource: { phase: 'FAILED', message: `Echo Agent: answered ${phase} where only the end counts` },
        fault: { code: 'INTERNAL' },
      });
    },
  );

  test.each([
    ['the author’s fault', badConfig(), 'FAILED'],
    ['a lasting fault', denied(), 'RETRYABLE_FAILED'],
    ['a passing fault', unavailable(), 'RETRYABLE_FAILED'],
    ['broken code', new TypeError('oops'), 'RETRYABLE_FAILED'],
  ])('gives for %s %s', async (_name, error, phase) => {
    const agent = new EchoAgent();
    agent.work = () => {
      throw error;
    };
    const { resource, fault } = await run(agent);
    expect(resource).toMatchObject({ phase, message: fault?.message });
  });

  test('C11: gives FAILED for a wrong config, and does nothing', async () => {
    const agent = new EchoAgent();
    const wrong = taskRequest({ template: { type: 'echo', custom: { loud: 'yes' } } });
    const { resource } = await during((call) => execute(agent, wrong, call, { logger: recordingLogger() }));
    expect(resource).toMatchObject({ phase: 'FAILED', message: expect.stringMatching(/^template\.custom is not valid: loud: /) });
    expect(agent.done).toHaveLength(0);
  });

  test('gives FAILED for an async agent', async () => {
    const agent = new JobAgent();
    expect(await run(agent)).toMatchObject({ resource: { phase: 'FAILED' }, fault: { code: 'UNIMPLEMENTED' } });
    expect(agent.created).toHaveLength(0);
  });

  test('R5: gives RETRYABLE_FAILED when the work is not done in time, and tells it to stop', async () => {
    const agent = new EchoAgent();
    agent.work = () => new Promise(() => {});
    const answer = run(agent, { callerMs: 3000 });
    await vi.advanceTimersByTimeAsync(2700);
    expect(await answer).toMatchObject({ resource: { phase: 'RETRYABLE_FAILED' }, fault: { code: 'DEADLINE_EXCEEDED' } });
    expect(agent.done[0]?.context.signal.aborted).toBe(true);
  });
});

test.each([
  ['retryable', badConfig(), 'RETRYABLE_FAILED'],
  ['final', unavailable(), 'FAILED'],
])('C6: a fault of a task whose failures are to be %s is told so', async (word, error, phase) => {
  const agent = new EchoAgent();
  agent.work = () => {
    throw error;
  };
  const task = taskRequest({ template: { type: 'echo', config: { 'flyte-agents/failures': word } } });
  const { resource } = await during((call) => execute(agent, task, call, { logger: recordingLogger() }));
  expect(resource.phase).toBe(phase);
});

test('P10: outputs that are large are written to the output prefix', async () => {
  const agent = new EchoAgent();
  agent.work = () => ({ phase: 'SUCCEEDED', outputs: { text: { kind: 'string', value: 'x'.repeat(2 * 1024 * 1024) } } });
  const written: string[] = [];
  const writeOutputs = async (prefix: string): Promise<void> => void written.push(prefix);
  const { resource } = await during((call) => execute(agent, request, call, { logger: recordingLogger(), writeOutputs }));
  expect(resource).toEqual({ phase: 'SUCCEEDED' });
  expect(written).toEqual([request.outputPrefix]);
});

/** A server that remembers what it did lately. */
function server(): (agent: Agent, asked?: typeof request) => Promise<string> {
  const shared = new SharedWork();
  return async (agent, asked = request) => {
    const { resource } = await during((call) => execute(agent, asked, call, { logger: recordingLogger(), shared }));
    return resource.phase;
  };
}

describe('R1: calls of one attempt that cross', () => {
  test('are one piece of work, and are answered the same', async () => {
    const [agent, call] = [new EchoAgent(), server()];
    const gate = Promise.withResolvers<Resource>();
    agent.work = () => gate.promise;
    const both = [call(agent), call(agent)];
    gate.resolve({ phase: 'RETRYABLE_FAILED', message: 'busy' });
    expect(await Promise.all(both)).toEqual(['RETRYABLE_FAILED', 'RETRYABLE_FAILED']);
    expect(agent.done).toHaveLength(1);
    expect(await call(agent)).toBe('RETRYABLE_FAILED');
    expect(agent.done).toHaveLength(2);
  });

  test('go on for who still waits when another’s time is over, and end when nobody waits', async () => {
    const [agent, shared] = [new EchoAgent(), new SharedWork()];
    agent.work = () => new Promise(() => {});
    const ask = (callerMs: number) => during((call) => execute(agent, request, call, { logger: recordingLogger(), shared }), callerMs);
    const [short, long] = [ask(3000), ask(6000)];
    await vi.advanceTimersByTimeAsync(2700);
    expect(await short).toMatchObject({ fault: { code: 'DEADLINE_EXCEEDED' } });
    expect(agent.done[0]?.context.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(2800);
    expect(await long).toMatchObject({ fault: { code: 'DEADLINE_EXCEEDED' } });
    expect(agent.done[0]?.context.signal.aborted).toBe(true);
    void ask(3000);
    expect(agent.done).toHaveLength(2);
  });

  test('are apart when they are of two attempts, or of nobody in particular', async () => {
    const [agent, call] = [new EchoAgent(), server()];
    const local = taskRequest({ template: { type: 'echo' }, outputPrefix: '' });
    const retried = taskRequest({ template: { type: 'echo' }, execution: { attempt: 1 } });
    await Promise.all([call(agent), call(agent, retried), call(agent, local), call(agent, local)]);
    expect(agent.done).toHaveLength(4);
  });
});

describe('R1, C1: a call that comes again because its answer was lost', () => {
  test('is answered the same, and nothing is done twice', async () => {
    const [agent, call] = [new EchoAgent(), server()];
    expect([await call(agent), await call(agent)]).toEqual(['SUCCEEDED', 'SUCCEEDED']);
    expect(agent.done).toHaveLength(1);
  });

  test('is done again after five minutes: nobody waits for a lost answer that long', async () => {
    const [agent, call] = [new EchoAgent(), server()];
    await call(agent);
    vi.setSystemTime(Date.now() + 300_000);
    await call(agent);
    expect(agent.done).toHaveLength(2);
  });

  test('is done again when it had failed, is of another attempt, of nobody in particular, or gave much', async () => {
    const [agent, call] = [new EchoAgent(), server()];
    agent.work = () => ({ phase: 'RETRYABLE_FAILED', message: 'busy' });
    await call(agent);
    agent.work = () => ({ phase: 'SUCCEEDED', outputs: { text: { kind: 'string', value: 'x'.repeat(65_536) } } });
    await call(agent);
    await call(agent);
    await call(agent, taskRequest({ template: { type: 'echo' }, execution: { attempt: 1 } }));
    const local = taskRequest({ template: { type: 'echo' }, outputPrefix: '' });
    await call(agent, local);
    await call(agent, local);
    expect(agent.done).toHaveLength(6);
  });
});
