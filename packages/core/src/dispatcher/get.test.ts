import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  badConfig,
  denied,
  during,
  EchoAgent,
  failing,
  gate,
  JobAgent,
  recordingLogger,
  storedRequest,
  unavailable,
} from '../__fixtures__/agents.ts';
import { AgentError } from '../errors.ts';
import type { FailurePolicy } from '../failures.ts';
import { randomKey } from '../idempotency.ts';
import { encodeReference, type ReferenceContent } from '../ref.ts';
import { AgentRegistry } from '../registry.ts';
import type { Connection } from '../secrets.ts';
import type { Resource } from '../task.ts';
import { Call } from './call.ts';
import { Poller, type PollerOptions } from './get.ts';

const minute = 60_000;
const hour = 60 * minute;

beforeEach(() => vi.useFakeTimers({ now: 1_795_000_000_000 }));
afterEach(() => vi.useRealTimers());

interface Stored {
  readonly content?: ReferenceContent;
  readonly ageMs?: number;
  readonly project?: string;
  readonly connection?: Connection;
  readonly taskType?: string;
  readonly failures?: FailurePolicy;
}

function harness(options: Partial<PollerOptions> = {}) {
  const agent = new JobAgent();
  const registry = new AgentRegistry([agent, new EchoAgent()]);
  const logger = recordingLogger();
  const poller = new Poller({ registry, logger, unreachableAfterMs: hour, ...options });
  /** Polls a job again and again, of one task. */
  const task = ({
    content = { kind: 'ref', ref: { job: 'j1' } },
    ageMs = 0,
    project = 'flytesnacks',
    connection,
    taskType = 'job',
    failures,
  }: Stored = {}) => {
    const reference = encodeReference({
      type: 'job',
      project,
      domain: 'development',
      key: randomKey(),
      at: Date.now() - ageMs,
      failures,
      content,
    });
    const request = { ...storedRequest(reference, taskType), connection };
    return (callerMs?: number) => during((call) => poller.get(request, call), callerMs);
  };
  return { agent, registry, logger, poller, task };
}

const links = [{ name: 'Console', uri: 'https://jobs.example/j1' }];

describe('R3: a get', () => {
  test('tells what the service says, with the links to the job', async () => {
    const { agent, task } = harness();
    agent.jobs.set('j1', { phase: 'RUNNING', message: 'half way', links: [{ name: 'Log', uri: 'https://log' }], customInfo: { cost: 1 } });
    const { resource, fault } = await task()();
    expect(resource).toEqual({
      phase: 'RUNNING',
      message: 'half way',
      links: [...links, { name: 'Log', uri: 'https://log' }],
      customInfo: { cost: 1 },
    });
    expect(fault).toBeUndefined();
  });

  test('gives the agent the tenant, the key, the age and where outputs go', async () => {
    const { agent, task } = harness();
    agent.jobs.set('j1', { phase: 'RUNNING' });
    await task({ ageMs: 5000 })();
    expect(agent.polled).toMatchObject([
      {
        ref: { job: 'j1' },
        context: {
          project: 'flytesnacks',
          domain: 'development',
          createdAt: Date.now() - 5000,
          idempotencyKey: expect.stringMatching(/^[0-9a-f]{32}$/),
          outputPrefix: expect.stringMatching(/^s3:/),
          deadline: Date.now() + 9500,
        },
      },
    ]);
  });

  test('whose service answers nothing but 500 gives RUNNING with a message, for days', async () => {
    const { agent, task } = harness();
    agent.before.get = failing(unavailable());
    const poll = task();
    for (let i = 0; i < 50; i++) {
      const { resource, fault } = await poll();
      expect(resource).toEqual({ phase: 'RUNNING', message: 'waiting: the service does not answer (503), will ask again', links });
      expect(fault?.code).toBe('UNAVAILABLE');
      await vi.advanceTimersByTimeAsync(hour);
    }
  });

  test('that finds a lasting fault gives RUNNING until unreachableAfter, then cancels the job and FAILED', async () => {
    const { agent, task } = harness();
    agent.jobs.set('j1', { phase: 'RUNNING' });
    agent.before.get = failing(denied());
    const poll = task();
    for (let i = 0; i < 60; i++) {
      expect((await poll()).resource).toEqual({ phase: 'RUNNING', message: 'waiting: access denied: grant jobs.run', links });
      await vi.advanceTimersByTimeAsync(minute);
    }
    expect(agent.deleted).toHaveLength(0);
    const { resource, fault } = await poll();
    expect(resource).toEqual({
      phase: 'FAILED',
      message: 'access denied: grant jobs.run (for 60 minutes; the job was told to stop)',
      links,
    });
    expect(fault?.code).toBe('PERMISSION_DENIED');
    expect(agent.deleted).toMatchObject([{ ref: { job: 'j1' } }]);
  });

  test('that gives up waits for the cancel no longer than the call may take (R5), whatever becomes of it', async () => {
    const { agent, task, logger } = harness();
    agent.before.get = failing(denied());
    const poll = task();
    for (let i = 0; i < 60; i++) {
      await poll();
      await vi.advanceTimersByTimeAsync(minute);
    }
    agent.before.delete = () => new Promise(() => {});
    const answer = poll(3000);
    await vi.advanceTimersByTimeAsync(2700);
    expect((await answer).resource.phase).toBe('FAILED');

    agent.before.delete = failing(denied());
    expect((await task()()).resource.phase).toBe('FAILED');
    expect(logger.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('could not be cancelled') }]);
  });

  test.each<[string, Stored]>([
    ['project', { project: 'other' }],
    ['connection', { connection: { secrets: { token: 'other' }, configs: {} } }],
  ])('C13: bears lasting faults per tenant, here per %s: one success of it starts the time anew', async (_what, stranger) => {
    const { agent, task } = harness();
    const [mine, colleague, other] = [task(), task(), task(stranger)];
    const refuse = async (): Promise<void> => {
      agent.before.get = failing(denied());
      await vi.advanceTimersByTimeAsync(40 * minute);
    };
    await refuse();
    await mine();
    await other();
    await refuse();
    await mine();
    await other();
    agent.before = {};
    agent.jobs.set('j1', { phase: 'RUNNING' });
    await colleague();
    await refuse();
    expect((await mine()).resource.phase).toBe('RUNNING');
    expect((await other()).resource.phase).toBe('FAILED');
  });

  test('does not take a lasting fault of yesterday for the beginning of today’s', async () => {
    const { agent, task } = harness();
    agent.before.get = failing(denied());
    await task()();
    await vi.advanceTimersByTimeAsync(24 * hour);
    expect((await task()()).resource.phase).toBe('RUNNING');
  });

  test('R2: whose task is found to be wrong tells the job to stop: no engine deletes a failed task', async () => {
    const { agent, task } = harness();
    agent.before.get = failing(badConfig());
    expect((await task()()).resource.phase).toBe('FAILED');
    expect(agent.deleted).toMatchObject([{ ref: { job: 'j1' } }]);
  });

  test('that finds the author’s fault gives FAILED', async () => {
    const { agent, task } = harness();
    agent.before.get = failing(badConfig());
    expect(await task()()).toMatchObject({
      resource: { phase: 'FAILED', message: 'no such machine type: xxl', links },
      fault: { code: 'INVALID_ARGUMENT' },
    });
  });

  test('of an agent whose own code is broken gives RUNNING', async () => {
    const { agent, task } = harness();
    agent.before.get = failing(new TypeError('undefined is not a function'));
    expect(await task()()).toMatchObject({ resource: { phase: 'RUNNING', links }, fault: { code: 'INTERNAL' } });
  });

  test('of an agent whose own code breaks on one job fails that task after unreachableAfter, however well others go', async () => {
    const { agent, task } = harness();
    agent.jobs.set('j2', { phase: 'RUNNING' });
    const [broken, other] = [task(), task({ content: { kind: 'ref', ref: { job: 'j2' } } })];
    const poll = async (): Promise<Resource> => {
      agent.before.get = failing(new TypeError('undefined is not a function'), 1);
      const { resource } = await broken();
      expect((await other()).resource.phase).toBe('RUNNING');
      await vi.advanceTimersByTimeAsync(minute);
      return resource;
    };
    for (let i = 0; i < 60; i++) expect((await poll()).phase).toBe('RUNNING');
    expect(await poll()).toMatchObject({ phase: 'FAILED', message: expect.stringContaining('undefined is not a function') });
    expect(agent.deleted).toMatchObject([{ ref: { job: 'j1' } }]);
  });

  test('of an agent that cannot make links answers without them', async () => {
    const { agent, task, logger } = harness();
    agent.jobs.set('j1', { phase: 'RUNNING' });
    vi.spyOn(agent, 'links').mockImplementation(() => {
      throw new TypeError('no region');
    });
    expect((await task()()).resource).toEqual({ phase: 'RUNNING' });
    agent.before.get = failing(unavailable());
    expect((await task()()).resource.phase).toBe('RUNNING');
    expect(logger.lines[0]).toMatchObject({ level: 'warn', message: expect.stringContaining('no links') });
  });

  test('of an agent whose links are none answers without them', async () => {
    const { agent, task } = harness();
    vi.spyOn(agent, 'links').mockReturnValue(JSON.parse('null'));
    agent.before.get = failing(unavailable());
    expect((await task()()).resource.phase).toBe('RUNNING');
  });
});

describe('R5: a get', () => {
  test('whose service does not answer in time is RUNNING with a message and links', async () => {
    const { agent, task } = harness();
    agent.before.get = () => new Promise(() => {});
    const answer = task()(3000);
    await vi.advanceTimersByTimeAsync(2700);
    expect(await answer).toMatchObject({
      resource: { phase: 'RUNNING', message: 'the service has not answered yet, will ask again', links },
      fault: { code: 'DEADLINE_EXCEEDED' },
    });
    expect(agent.polled[0]?.context.signal.aborted).toBe(true);
  });

  test('whose service gives up because of the signal is the same', async () => {
    const { agent, task } = harness();
    agent.before.get = ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      });
    const answer = task()(3000);
    await vi.advanceTimersByTimeAsync(2700);
    expect((await answer).fault?.code).toBe('DEADLINE_EXCEEDED');
  });
});

describe('C8: a job that is not found', () => {
  test('is RUNNING while the reference is younger than two minutes, after one look', async () => {
    const { agent, task } = harness();
    const { resource, fault } = await task({ ageMs: 2 * minute - 1 })();
    expect(resource).toMatchObject({ phase: 'RUNNING', message: 'the service does not show the job yet', links });
    expect(fault).toBeUndefined();
    expect(agent.polled).toHaveLength(1);
  });

  test('is lost after two looks at least 500 ms apart when the reference is older', async () => {
    const { agent, task } = harness();
    const answer = task({ ageMs: 2 * minute })();
    await vi.advanceTimersByTimeAsync(499);
    expect(agent.polled).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect((await answer).resource).toMatchObject({
      phase: 'RETRYABLE_FAILED',
      message: 'Job Agent: job lost: the service does not know it any more',
      links,
    });
    expect(agent.polled).toHaveLength(2);
  });

  test('is not lost when the second look finds it', async () => {
    const { agent, task } = harness();
    const answer = task({ ageMs: hour })();
    await vi.advanceTimersByTimeAsync(100);
    agent.jobs.set('j1', { phase: 'RUNNING' });
    await vi.advanceTimersByTimeAsync(400);
    expect((await answer).resource.phase).toBe('RUNNING');
  });

  test('is not lost when the second look fails', async () => {
    const { agent, task } = harness();
    const answer = task({ ageMs: hour })();
    await vi.advanceTimersByTimeAsync(100);
    agent.before.get = failing(unavailable());
    await vi.advanceTimersByTimeAsync(400);
    expect((await answer).resource.phase).toBe('RUNNING');
  });

  test('is not lost when there was no time for the second look', async () => {
    const { agent, task } = harness();
    const answer = task({ ageMs: hour })(500);
    await vi.advanceTimersByTimeAsync(450);
    expect((await answer).resource.phase).toBe('RUNNING');
    expect(agent.polled).toHaveLength(1);
  });
});

describe('R2: a pending submit', () => {
  const pending: ReferenceContent = { kind: 'pending', where: { region: 'eu' } };

  function pendingHarness(ageMs: number) {
    const { agent, poller, registry, logger } = harness();
    const key = randomKey();
    const reference = encodeReference({ type: 'job', project: 'p', domain: 'd', key, at: Date.now() - ageMs, content: pending });
    return { agent, key, poller, registry, logger, poll: () => during((call) => poller.get(storedRequest(reference), call)) };
  }

  test('is INITIALIZING while the job is not to be seen', async () => {
    const { agent, key, poll } = pendingHarness(2 * minute - 1);
    expect((await poll()).resource).toEqual({ phase: 'INITIALIZING', message: 'the service has not confirmed the job yet' });
    expect(agent.sought).toMatchObject([{ key, where: { region: 'eu' }, context: { project: 'p', domain: 'd' } }]);
  });

  test('goes on as the job that has its key', async () => {
    const { agent, key, poll } = pendingHarness(hour);
    agent.jobs.set(key, { phase: 'RUNNING' });
    expect((await poll()).resource).toEqual({ phase: 'RUNNING', links: [{ name: 'Console', uri: `https://jobs.example/${key}` }] });
  });

  test('is lost after two minutes', async () => {
    const { poll } = pendingHarness(2 * minute);
    expect((await poll()).resource).toEqual({
      phase: 'RETRYABLE_FAILED',
      message: 'Job Agent: submit lost: the service never showed the job',
    });
  });

  test('is not lost while the service cannot be asked', async () => {
    const { agent, poll } = pendingHarness(hour);
    agent.before.find = failing(unavailable());
    expect((await poll()).resource.phase).toBe('RUNNING');
  });

  test('that is found and then refused for too long is cancelled', async () => {
    const { agent, key, poll } = pendingHarness(0);
    agent.jobs.set(key, { phase: 'RUNNING' });
    agent.before.get = failing(denied());
    for (let i = 0; i <= 60; i++) {
      await poll();
      await vi.advanceTimersByTimeAsync(minute);
    }
    expect(agent.deleted).toMatchObject([{ ref: { job: key } }]);
  });
});

describe('R4: a carried failure', () => {
  test.each([
    [true, 'RETRYABLE_FAILED'],
    [false, 'FAILED'],
  ])('that is retryable: %s gives %s with its message, and nobody is asked', async (retryable, phase) => {
    const { agent, task } = harness();
    const content: ReferenceContent = { kind: 'failure', failure: { code: 'PERMISSION_DENIED', message: 'grant jobs.run', retryable } };
    expect((await task({ content })()).resource).toEqual({ phase, message: 'grant jobs.run' });
    expect(agent.polled).toHaveLength(0);
  });
});

describe('R6: a carried result', () => {
  test('is SUCCEEDED with its outputs, on every replica', async () => {
    const { task } = harness();
    const content: ReferenceContent = { kind: 'result', result: { text: 'x', n: { $integer: '5' } } };
    expect((await task({ content, taskType: 'echo' })()).resource).toEqual({
      phase: 'SUCCEEDED',
      outputs: { text: { kind: 'string', value: 'x' }, n: { kind: 'integer', value: 5n } },
    });
  });

  test('R3: that somebody broke is FAILED', async () => {
    const { task } = harness();
    expect(await task({ content: { kind: 'result', result: { text: 5 } } })()).toMatchObject({
      resource: { phase: 'FAILED' },
      fault: { code: 'INVALID_ARGUMENT' },
    });
  });
});

describe('C6: a reference', () => {
  test.each([
    ['that is no JSON', new TextEncoder().encode('garbage'), /cannot be read: it is not JSON/],
    ['that is empty', new Uint8Array(), /cannot be read/],
    ['that Python pickled', Uint8Array.of(0x80, 4, 0x95), /a Python agent pickled it.*start the task again/],
    ['that a later server wrote', new TextEncoder().encode('{"v":2}'), /update the server/],
  ])('%s gives FAILED and says what to do', async (_name, reference, message) => {
    const { agent, poller } = harness();
    const { resource, fault } = await during((call) => poller.get(storedRequest(reference), call));
    expect(resource).toEqual({ phase: 'FAILED', message: expect.stringMatching(message) });
    expect(fault?.code).toBe('INVALID_ARGUMENT');
    expect(agent.polled).toHaveLength(0);
  });

  test('whose job the agent cannot read gives FAILED and names the field', async () => {
    const { agent, task } = harness();
    expect((await task({ content: { kind: 'ref', ref: { id: 5 } } })()).resource).toEqual({
      phase: 'FAILED',
      message: expect.stringMatching(/^the stored reference is not valid: job: /),
    });
    expect(agent.polled).toHaveLength(0);
  });
});

describe('R3: a task type that nobody serves', () => {
  test.each([
    ['nobody has', 'made-up'],
    ['a sync agent has', 'echo'],
  ])('(%s) is RUNNING with a message, and FAILED after unreachableAfter', async (_name, taskType) => {
    const { task } = harness();
    const poll = task({ taskType });
    for (let i = 0; i < 60; i++) {
      expect((await poll()).resource).toEqual({
        phase: 'RUNNING',
        message: expect.stringContaining(`no agent on this server polls task type ${taskType}: install it`),
      });
      await vi.advanceTimersByTimeAsync(minute);
    }
    expect(await poll()).toMatchObject({ resource: { phase: 'FAILED' }, fault: { code: 'NOT_FOUND' } });
  });

  test('C6: is RUNNING also with a reference that only its agent could read', async () => {
    const { poller } = harness();
    const foreign = storedRequest(new TextEncoder().encode('{"job_id":"1","project":"p"}'), 'made-up');
    const { resource } = await during((call) => poller.get(foreign, call));
    expect(resource).toEqual({ phase: 'RUNNING', message: expect.stringContaining('no agent on this server polls task type made-up') });
  });
});

function large(bytes: number): Resource {
  return { phase: 'SUCCEEDED', outputs: { text: { kind: 'string', value: 'x'.repeat(bytes) } } };
}

describe('P10: outputs that are large', () => {
  const mebi = 1024 * 1024;

  test.each([
    [mebi - 100, 'answered', undefined],
    [mebi + 100, 'written', undefined],
    [mebi + 100, 'answered', 'without a store'],
    [4 * mebi, 'refused', 'without a store'],
  ])('%i bytes are %s %s', async (bytes, outcome, without) => {
    const written: unknown[] = [];
    const writeOutputs = async (prefix: string): Promise<void> => void written.push(prefix);
    const { agent, task } = harness(without === undefined ? { writeOutputs } : {});
    agent.jobs.set('j1', large(bytes));
    const { resource } = await task()();
    expect(resource.phase).toBe(outcome === 'refused' ? 'FAILED' : 'SUCCEEDED');
    expect(resource.outputs !== undefined).toBe(outcome === 'answered');
    expect(written).toEqual(outcome === 'written' ? [storedRequest(new Uint8Array()).outputPrefix] : []);
    expect(resource.message?.includes('storeRoots') ?? false).toBe(outcome === 'refused');
  });

  test('R3: a store that does not take them is asked again at the next poll', async () => {
    const step = { fails: true };
    const writeOutputs = async (): Promise<void> => {
      if (step.fails) throw unavailable();
    };
    const { agent, task } = harness({ writeOutputs });
    agent.jobs.set('j1', large(2 * mebi));
    const poll = task();
    expect((await poll()).resource).toMatchObject({ phase: 'RUNNING', message: expect.stringContaining('503') });
    step.fails = false;
    expect((await poll()).resource.phase).toBe('SUCCEEDED');
  });
});

test.each([
  ['final', 'RETRYABLE_FAILED', 'FAILED'],
  ['retryable', 'FAILED', 'RETRYABLE_FAILED'],
  ['retryable', 'SUCCEEDED', 'SUCCEEDED'],
] as const)('C6: a task whose failures are to be %s is told %s as %s', async (failures, phase, expected) => {
  const { agent, task } = harness();
  agent.jobs.set('j1', { phase, message: 'm' });
  expect((await task({ failures })()).resource).toMatchObject({ phase: expected, message: 'm' });
});

/** What one task’s polls answer while its job is in these phases. */
async function polls(...phases: readonly Resource['phase'][]): Promise<readonly string[]> {
  const { agent, task } = harness();
  const poll = task();
  const answers: string[] = [];
  for (const phase of phases) {
    agent.jobs.set('j1', { phase });
    answers.push((await poll()).resource.phase);
  }
  return answers;
}

describe('R10: a phase', () => {
  test('never goes back to waiting', async () => {
    expect(
      await polls(
        'WAITING_FOR_RESOURCES',
        'INITIALIZING',
        'WAITING_FOR_RESOURCES',
        'RUNNING',
        'INITIALIZING',
        'WAITING_FOR_RESOURCES',
        'SUCCEEDED',
      ),
    ).toEqual(['WAITING_FOR_RESOURCES', 'INITIALIZING', 'INITIALIZING', 'RUNNING', 'RUNNING', 'RUNNING', 'SUCCEEDED']);
  });

  test('is the last one while the service does not answer', async () => {
    const { agent, task } = harness();
    const poll = task();
    agent.jobs.set('j1', { phase: 'WAITING_FOR_RESOURCES' });
    await poll();
    agent.before.get = failing(unavailable());
    expect((await poll()).resource.phase).toBe('WAITING_FOR_RESOURCES');
    agent.before.get = failing(denied());
    expect((await poll()).resource.phase).toBe('WAITING_FOR_RESOURCES');
    agent.before.get = () => new Promise(() => {});
    const late = poll(1000);
    await vi.advanceTimersByTimeAsync(900);
    expect((await late).resource.phase).toBe('WAITING_FOR_RESOURCES');
  });

  test('of one task is not that of another', async () => {
    const { agent, task } = harness();
    agent.jobs.set('j1', { phase: 'RUNNING' });
    await task()();
    agent.jobs.set('j1', { phase: 'WAITING_FOR_RESOURCES' });
    expect((await task()()).resource.phase).toBe('WAITING_FOR_RESOURCES');
  });

  test.each([
    ['SUCCEEDED', { phase: 'SUCCEEDED', outputs: { n: { kind: 'integer', value: 5n } } }],
    ['FAILED', { phase: 'FAILED', message: 'bad SQL' }],
  ] as const)('that was %s is answered again, with all that belongs to it, whatever the service says now', async (_name, end) => {
    const { agent, task } = harness();
    const poll = task({ ageMs: hour });
    agent.jobs.set('j1', end);
    const first = await poll();
    expect(first.resource).toEqual({ ...end, links });
    agent.jobs.delete('j1');
    expect(await poll()).toEqual(first);
    agent.before.get = failing(unavailable());
    expect(await poll()).toEqual(first);
  });

  test('that was SUCCEEDED with more outputs than are kept is never answered without them', async () => {
    const { agent, task } = harness();
    const poll = task();
    agent.jobs.set('j1', large(100_000));
    expect((await poll()).resource).toEqual({ ...large(100_000), links });
    agent.before.get = failing(unavailable());
    expect((await poll()).resource).toMatchObject({ phase: 'RUNNING', message: expect.stringContaining('503') });
    agent.before.get = undefined;
    expect((await poll()).resource).toEqual({ ...large(100_000), links });
  });
});

test('R3: a get of a caller that hung up is answered all the same', async () => {
  const { agent, poller } = harness();
  const { wait, open } = gate();
  agent.before.get = wait;
  const reference = encodeReference({
    type: 'job',
    project: 'p',
    domain: 'd',
    key: randomKey(),
    at: Date.now(),
    content: { kind: 'ref', ref: { job: 'j1' } },
  });
  const call = new Call();
  const answer = poller.get(storedRequest(reference), call);
  await vi.advanceTimersByTimeAsync(1);
  call.cancel();
  expect((await answer).resource.phase).toBe('RUNNING');
  open();
  call.end();
});

test('an AgentError of another copy of the package is understood', async () => {
  const { agent, task } = harness();
  const foreign = new AgentError({ code: 'NOT_FOUND', message: 'gone' });
  Object.setPrototypeOf(foreign, Error.prototype);
  agent.before.get = failing(foreign);
  expect((await task()()).resource.message).toBe('the service does not show the job yet');
});
