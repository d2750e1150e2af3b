import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  badConfig,
  contentOf,
  denied,
  during,
  EchoAgent,
  failing,
  gate,
  JobAgent,
  recordingLogger,
  rejection,
  taskRequest,
  unavailable,
} from '../__fixtures__/agents.ts';
import { AgentError } from '../errors.ts';
import { attemptKey, earlierAttemptKeys } from '../idempotency.ts';
import { hide } from '../redact.ts';
import { decodeReference } from '../ref.ts';
import { Call } from './call.ts';
import { Creator, type Created } from './create.ts';
import type { TaskRequest } from './requests.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function harness({ instance }: { instance?: string } = {}) {
  const agent = new JobAgent();
  const logger = recordingLogger();
  const creator = new Creator({ logger, instance });
  const create = (request: TaskRequest = taskRequest(), callerMs?: number) =>
    during(async (call) => (await creator.create(agent, request, call)).reference, callerMs);
  return { agent, logger, creator, create };
}

function keyOf(request: TaskRequest): string | undefined {
  return attemptKey({ ...request, task: request.template.id });
}

const retry = taskRequest({ execution: { attempt: 1 } });
const previous = earlierAttemptKeys({ ...retry, task: retry.template.id })[0] ?? '';

describe('create', () => {
  test('C1: answers a reference with the tenant, the key and the job', async () => {
    const { agent, create } = harness();
    const request = taskRequest();
    const reference = decodeReference(await create(request));
    expect(reference).toEqual({
      type: 'job',
      project: 'flytesnacks',
      domain: 'development',
      key: keyOf(request),
      at: Date.now(),
      content: { kind: 'ref', ref: { job: keyOf(request) } },
    });
    expect(agent.created).toMatchObject([
      {
        task: { config: { region: 'eu' }, outputPrefix: request.outputPrefix },
        context: { idempotencyKey: reference.key, project: 'flytesnacks', domain: 'development' },
      },
    ]);
  });

  test('C1: has another key on another installation', async () => {
    const keys = await Promise.all(
      [harness(), harness({ instance: 'blue' })].map(async ({ create }) => decodeReference(await create()).key),
    );
    expect(new Set(keys).size).toBe(2);
  });

  test('C11: warns once of settings that the agent does not know, by name and not by value', async () => {
    const { create, logger } = harness();
    await create(taskRequest({ template: { custom: { ...taskRequest().template.custom, Regoin: 'secret' } } }));
    const warnings = logger.lines.filter(({ level }) => level === 'warn');
    expect(warnings).toMatchObject([{ fields: { keys: ['Regoin'] }, message: expect.stringContaining('have no effect') }]);
    expect(JSON.stringify(warnings)).not.toContain('secret');
  });

  test('R5: tells the agent when its answer must be ready', async () => {
    const { agent, create } = harness();
    await create(taskRequest(), 3000);
    expect(agent.created[0]?.context.deadline).toBe(Date.now() + 2700);
  });
});

describe('R1: the same request', () => {
  test('again gives the same bytes and starts nothing', async () => {
    const { agent, create } = harness();
    const first = await create();
    await vi.advanceTimersByTimeAsync(5000);
    expect(await create()).toBe(first);
    expect(agent.created).toHaveLength(1);
  });

  test('in parallel gives the same bytes and starts one job', async () => {
    const { agent, create } = harness();
    const { wait, open } = gate();
    agent.before.create = wait;
    const answers = Promise.all([create(), create(), create()]);
    await vi.advanceTimersByTimeAsync(100);
    open();
    const [one, ...others] = await answers;
    expect(others).toEqual([one, one]);
    expect(agent.created).toHaveLength(1);
  });

  test('on another replica gives the same job and the same key', async () => {
    const { agent, create } = harness();
    const other = new Creator({ logger: recordingLogger() });
    const [one, two] = await Promise.all([create(), during((call) => other.create(agent, taskRequest(), call))]);
    expect(decodeReference(two.reference)).toMatchObject({ key: decodeReference(one).key, content: contentOf(one) });
    expect(agent.jobs.size).toBe(1);
  });

  test('without an execution is new work every time', async () => {
    const { agent, create } = harness();
    const local = taskRequest({ execution: { name: '' } });
    const [one, two] = await Promise.all([create(local), create(local)]);
    expect(decodeReference(one).key).not.toBe(decodeReference(two).key);
    expect(agent.jobs.size).toBe(2);
  });

  test('after UNAVAILABLE is tried again', async () => {
    const { agent, create } = harness();
    agent.before.create = failing(unavailable('no'));
    const refused = rejection(create(taskRequest(), 3000));
    await vi.advanceTimersByTimeAsync(3000);
    expect(await refused).toMatchObject({ code: 'UNAVAILABLE' });
    agent.before.create = undefined;
    expect(contentOf(await create()).kind).toBe('ref');
  });

  test('is told the same failure again', async () => {
    const { agent, create } = harness();
    agent.before.create = failing(badConfig(), 1);
    const first = await create();
    expect(await create()).toBe(first);
    expect(agent.created).toHaveLength(1);
  });
});

describe('R5: a caller that joins a create under way', () => {
  test('waits no longer than its own deadline', async () => {
    const { agent, create } = harness();
    agent.before.create = () => new Promise(() => {});
    const long = create(taskRequest(), 10_000);
    const short = create(taskRequest(), 1000);
    const settled = vi.fn<() => void>();
    void short.then(settled);
    await vi.advanceTimersByTimeAsync(900);
    expect(settled).toHaveBeenCalled();
    expect(contentOf(await short)).toEqual({ kind: 'pending', where: { region: 'eu' } });
    await vi.advanceTimersByTimeAsync(9000);
    expect(await long).toEqual(await short);
  });

  test('gets the job when the first caller hangs up', async () => {
    const { agent, creator, create } = harness();
    const { wait, open } = gate();
    agent.before.create = wait;
    const first = new Call();
    const left = rejection(creator.create(agent, taskRequest(), first));
    const second = create();
    await vi.advanceTimersByTimeAsync(10);
    first.cancel();
    expect(await left).toMatchObject({ code: 'CANCELLED' });
    expect(agent.created[0]?.context.signal.aborted).toBe(false);
    open();
    expect(contentOf(await second).kind).toBe('ref');
    await vi.advanceTimersByTimeAsync(10);
    expect(agent.deleted).toHaveLength(0);
    first.end();
  });
});

describe('R2: a submit', () => {
  test('that is late is answered as pending, goes on, and is not cancelled', async () => {
    const { agent, create } = harness();
    const { wait, open } = gate();
    agent.before.create = wait;
    const answer = create(taskRequest(), 3000);
    await vi.advanceTimersByTimeAsync(2700);
    const reference = await answer;
    expect(contentOf(reference)).toEqual({ kind: 'pending', where: { region: 'eu' } });
    expect(agent.created[0]?.context.signal.aborted).toBe(false);
    open();
    await vi.advanceTimersByTimeAsync(10);
    expect([agent.jobs.size, agent.deleted.length]).toEqual([1, 0]);
    expect(await create()).toBe(reference);
  });

  test('that is late and fails leaves a warning and no unhandled rejection', async () => {
    const unhandled = vi.fn<() => void>();
    process.on('unhandledRejection', unhandled);
    const { agent, create, logger } = harness();
    const { wait, open } = gate();
    agent.before.create = async () => {
      await wait();
      throw unavailable();
    };
    const answer = create(taskRequest(), 1000);
    await vi.advanceTimersByTimeAsync(900);
    await answer;
    open();
    await vi.advanceTimersByTimeAsync(10);
    vi.useRealTimers();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
    expect(logger.lines).toMatchObject([{ level: 'warn', message: expect.stringContaining('503') }]);
  });

  test('C5: whose caller hung up goes on, is not cancelled, and is found by the engine that comes again', async () => {
    const { agent, creator, create } = harness();
    const { wait, open } = gate();
    agent.before.create = wait;
    const call = new Call();
    const answer = rejection(creator.create(agent, taskRequest(), call));
    await vi.advanceTimersByTimeAsync(10);
    call.cancel();
    expect(await answer).toMatchObject({ code: 'CANCELLED' });
    expect(agent.created[0]?.context.signal.aborted).toBe(false);
    open();
    await vi.advanceTimersByTimeAsync(10);
    expect(contentOf(await create())).toMatchObject({ kind: 'ref', ref: { job: keyOf(taskRequest()) } });
    expect([agent.created.length, agent.deleted.length]).toEqual([1, 0]);
    call.end();
  });

  test('whose caller hung up is wanted when the engine asks again before it is over', async () => {
    const { agent, creator, create } = harness();
    const { wait, open } = gate();
    agent.before.create = wait;
    const call = new Call();
    const left = rejection(creator.create(agent, taskRequest(), call));
    await vi.advanceTimersByTimeAsync(10);
    call.cancel();
    expect(await left).toMatchObject({ code: 'CANCELLED' });
    const again = create();
    await vi.advanceTimersByTimeAsync(10);
    open();
    expect(contentOf(await again)).toMatchObject({ kind: 'ref' });
    await vi.advanceTimersByTimeAsync(100);
    expect([agent.jobs.size, agent.deleted.length]).toEqual([1, 0]);
    call.end();
  });

  test('is begun anew when its caller hung up before it, and the engine asks again', async () => {
    const { agent, creator, create } = harness();
    const { wait, open } = gate();
    agent.before.find = () => (agent.sought.length === 1 ? wait() : undefined);
    const call = new Call();
    const left = rejection(creator.create(agent, retry, call));
    await vi.advanceTimersByTimeAsync(10);
    call.cancel();
    expect(await left).toMatchObject({ code: 'CANCELLED' });
    const again = create(retry);
    await vi.advanceTimersByTimeAsync(10);
    expect(agent.created).toHaveLength(1);
    expect(contentOf(await again)).toMatchObject({ kind: 'ref' });
    open();
    await vi.advanceTimersByTimeAsync(10);
    expect([agent.created.length, agent.deleted.length]).toEqual([1, 0]);
    call.end();
  });

  test('whose answer was lost is pending, and not sent again', async () => {
    const { agent, create } = harness();
    agent.after.create = failing(unavailable());
    expect(contentOf(await create())).toEqual({ kind: 'pending', where: { region: 'eu' } });
    expect(agent.created).toHaveLength(1);
  });

  test.each([
    ['fails in the agent’s own code', new TypeError('undefined is not a function')],
    ['fails for good with an unknown outcome', new AgentError({ code: 'PERMISSION_DENIED', message: 'm', submitted: 'unknown' })],
  ])('that %s is pending: the job may be there', async (_name, error) => {
    const { agent, create } = harness();
    agent.after.create = failing(error);
    expect(contentOf(await create()).kind).toBe('pending');
  });

  test('of an SDK that never comes back is forgotten after 60 s', async () => {
    const { agent, creator, create } = harness();
    agent.before.create = () => new Promise(() => {});
    const answer = create(taskRequest(), 1000);
    await vi.advanceTimersByTimeAsync(900);
    await answer;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(vi.getTimerCount()).toBe(0);
    expect(creator).toBeDefined();
  });

  test('R8: whose reference would hold a secret fails, and its job is cancelled', async () => {
    const { agent, logger, create } = harness();
    hide('secret-of-a-reference');
    vi.spyOn(agent, 'create').mockImplementation(async () => ({ job: 'job of secret-of-a-reference' }));
    const content = contentOf(await create());
    expect(content).toMatchObject({
      kind: 'failure',
      failure: { code: 'INTERNAL', retryable: true, message: expect.stringContaining('would hold a secret') },
    });
    expect(agent.deleted).toMatchObject([{ ref: { job: 'job of secret-of-a-reference' } }]);
    expect(JSON.stringify([content, logger.lines])).not.toContain('secret-of-a-reference');
  });

  test('whose project’s name alone is too large for a reference is refused, and nothing breaks', async () => {
    const { agent, create } = harness();
    const request = taskRequest({ execution: { project: 'p'.repeat(9000) } });
    expect(await rejection(create(request))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('8192 are allowed'),
    });
    expect(agent.deleted).toHaveLength(1);
  });

  test('whose reference would be too large fails, and its job is cancelled', async () => {
    const { agent, create } = harness();
    vi.spyOn(agent, 'create').mockImplementation(async () => ({ job: 'x'.repeat(9000) }));
    expect(contentOf(await create())).toMatchObject({
      kind: 'failure',
      failure: { code: 'INVALID_ARGUMENT', retryable: false, message: expect.stringContaining('8192 are allowed') },
    });
    expect(agent.deleted).toHaveLength(1);
  });
});

describe('C31: attempt n', () => {
  test('cancels the job of attempt n−1 before it submits, and never adopts it', async () => {
    const { agent, create } = harness();
    await create();
    agent.before.create = () => expect(agent.deleted).toHaveLength(1);
    const second = await create(retry);
    expect(agent.deleted).toMatchObject([{ ref: { job: previous } }]);
    expect(contentOf(second)).toEqual({ kind: 'ref', ref: { job: keyOf(retry) } });
    expect(agent.sought).toMatchObject([{ key: previous, where: { region: 'eu' } }]);
  });

  test('cancels the jobs of all attempts before: one that ended without a submit may not have looked', async () => {
    const { agent, create } = harness();
    const third = taskRequest({ execution: { attempt: 2 } });
    const [second, first] = earlierAttemptKeys({ ...third, task: third.template.id });
    agent.jobs.set(first ?? '', { phase: 'RUNNING' });
    await create(third);
    expect(agent.deleted).toMatchObject([{ ref: { job: first } }]);
    expect(agent.sought.length).toBe(2);
    expect(second).toBeDefined();
  });

  test('submits when there is none', async () => {
    const { agent, create } = harness();
    expect(contentOf(await create(retry)).kind).toBe('ref');
    expect([agent.sought.length, agent.deleted.length]).toEqual([1, 0]);
  });

  test('looks for none when it is the first', async () => {
    const { agent, create } = harness();
    await create();
    expect(agent.sought).toHaveLength(0);
  });

  test('submits nothing while it cannot find out, and is UNAVAILABLE: nothing was submitted', async () => {
    const { agent, create } = harness();
    agent.before.find = failing(unavailable());
    const answer = rejection(create(retry, 3000));
    await vi.advanceTimersByTimeAsync(3000);
    expect(await answer).toMatchObject({ code: 'UNAVAILABLE' });
    expect(agent.created).toHaveLength(0);
    expect(agent.sought.length).toBeGreaterThan(1);
  });

  test('submits nothing when its time was up before it knew', async () => {
    const { agent, create } = harness();
    const { wait, open } = gate();
    agent.before.find = wait;
    const answer = rejection(create(retry, 3000));
    await vi.advanceTimersByTimeAsync(2700);
    expect(await answer).toMatchObject({
      code: 'UNAVAILABLE',
      message: 'nothing could be submitted in time',
    });
    expect(agent.sought[0]?.context.signal.aborted).toBe(true);
    open();
    await vi.advanceTimersByTimeAsync(100);
    expect(agent.created).toHaveLength(0);
  });

  test('fails when it may not look', async () => {
    const { agent, create } = harness();
    agent.before.find = failing(denied());
    expect(contentOf(await create(retry))).toMatchObject({ kind: 'failure', failure: { code: 'PERMISSION_DENIED', retryable: true } });
    expect(agent.created).toHaveLength(0);
  });
});

describe('R4: a fault found in create', () => {
  test.each([
    ['the author’s', badConfig(), { code: 'INVALID_ARGUMENT', message: 'no such machine type: xxl', retryable: false }],
    ['a lasting one of the system', denied(), { code: 'PERMISSION_DENIED', message: 'access denied: grant jobs.run', retryable: true }],
  ])('that is %s is carried in the reference', async (_name, fault, failure) => {
    const { agent, creator } = harness();
    agent.before.create = failing(fault);
    const created = await during((call) => creator.create(agent, taskRequest(), call));
    expect(contentOf(created.reference)).toEqual({ kind: 'failure', failure });
    expect(created.fault).toMatchObject({ code: failure.code });
  });

  test('C11: a wrong config is carried before anything is asked of the service', async () => {
    const { agent, create } = harness();
    const content = contentOf(await create(taskRequest({ template: { custom: { region: 5 } }, execution: { attempt: 1 } })));
    expect(content).toMatchObject({
      kind: 'failure',
      failure: { code: 'INVALID_ARGUMENT', retryable: false, message: expect.stringMatching(/^template\.custom is not valid: region: /) },
    });
    expect(agent.created.length + agent.sought.length).toBe(0);
  });

  test.each(['x', '€', '"', '\n', '\u0001'])('C9: with a long message of %j fits into the reference', async (character) => {
    const { agent, create } = harness();
    agent.before.create = failing(new AgentError({ code: 'INVALID_ARGUMENT', message: character.repeat(50_000) }));
    const content = contentOf(await create());
    expect(content.kind === 'failure' && Buffer.byteLength(content.failure.message)).toBeGreaterThan(500);
  });

  test('that passes and was not submitted is retried while there is time', async () => {
    const { agent, create } = harness();
    agent.before.create = failing(unavailable('no'), 3);
    const answer = create();
    await vi.advanceTimersByTimeAsync(2000);
    expect(contentOf(await answer).kind).toBe('ref');
    expect(agent.created).toHaveLength(4);
  });

  test('that passes and was not submitted is UNAVAILABLE at the end of the time', async () => {
    const { agent, create } = harness();
    agent.before.create = failing(new AgentError({ code: 'RESOURCE_EXHAUSTED', message: 'quota', submitted: 'no' }));
    const started = Date.now();
    const answer = rejection(create(taskRequest(), 5000));
    await vi.advanceTimersByTimeAsync(5000);
    expect(await answer).toMatchObject({ code: 'UNAVAILABLE', message: 'quota' });
    expect(agent.created.length).toBeGreaterThan(2);
    expect(agent.created.length).toBeLessThan(60);
    expect(Date.now() - started).toBeLessThanOrEqual(5000);
  });

  test('C15: is not retried before the service wants to be asked again', async () => {
    const { agent, create } = harness();
    agent.before.create = failing(new AgentError({ code: 'UNAVAILABLE', message: 'm', submitted: 'no', retryAfterMs: 4000 }), 1);
    const answer = create();
    await vi.advanceTimersByTimeAsync(3999);
    expect(agent.created).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    await answer;
    expect(agent.created).toHaveLength(2);
  });

  test('C15: is UNAVAILABLE at once when the service wants to be asked again too late', async () => {
    const { agent, create } = harness();
    agent.before.create = failing(new AgentError({ code: 'UNAVAILABLE', message: 'm', submitted: 'no', retryAfterMs: 60_000 }));
    await expect(create()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(agent.created).toHaveLength(1);
  });

  test('is not retried for a caller that hung up', async () => {
    const { agent, creator } = harness();
    agent.before.create = failing(new AgentError({ code: 'UNAVAILABLE', message: 'm', submitted: 'no', retryAfterMs: 1000 }));
    const call = new Call();
    const answer = rejection(creator.create(agent, taskRequest(), call));
    await vi.advanceTimersByTimeAsync(10);
    call.cancel();
    expect(await answer).toBeDefined();
    await vi.advanceTimersByTimeAsync(5000);
    expect(agent.created).toHaveLength(1);
    call.end();
  });
});

async function echo(agent: EchoAgent, callerMs?: number): Promise<Created> {
  const creator = new Creator({ logger: recordingLogger() });
  return during(
    (call) => creator.create(agent, taskRequest({ template: { type: 'echo' }, inputs: { x: { kind: 'none' } } }), call),
    callerMs,
  );
}

describe('R6: a sync agent on an async path', () => {
  test('does the work and puts a small result into the reference', async () => {
    const agent = new EchoAgent();
    const { reference, fault } = await echo(agent);
    expect(contentOf(reference)).toEqual({ kind: 'result', result: { text: 'x' } });
    expect(fault).toBeUndefined();
    expect(agent.done).toMatchObject([{ context: { project: 'flytesnacks' } }]);
  });

  test('R8: keeps a result that may be sensitive out of the reference, and names the setting', async () => {
    const agent = new EchoAgent({ resultsMayBeStored: false });
    const content = contentOf((await echo(agent)).reference);
    expect(content).toMatchObject({
      kind: 'failure',
      failure: { code: 'FAILED_PRECONDITION', retryable: false, message: expect.stringContaining('storeRoots') },
    });
  });

  test('R6: writes a result that does not belong into the reference to the output prefix', async () => {
    const written: unknown[] = [];
    const writeOutputs = async (...put: unknown[]): Promise<void> => void written.push(put);
    const agent = new EchoAgent({ resultsMayBeStored: false });
    const storing = new Creator({ logger: recordingLogger(), writeOutputs });
    const { reference } = await during((call) => storing.create(agent, taskRequest({ inputs: { x: { kind: 'none' } } }), call));
    expect(contentOf(reference)).toEqual({ kind: 'done' });
    expect(written).toEqual([[taskRequest().outputPrefix, { text: { kind: 'string', value: 'x' } }]]);
  });

  test('R8: writes a result with a secret in it to the output prefix, for what the user is given is his', async () => {
    hide('secret-of-a-result');
    const agent = new EchoAgent();
    agent.work = () => ({ phase: 'SUCCEEDED', outputs: { text: { kind: 'string', value: 'secret-of-a-result' } } });
    const written: unknown[] = [];
    const storing = new Creator({ logger: recordingLogger(), writeOutputs: async (_prefix, outputs) => void written.push(outputs) });
    const { reference } = await during((call) => storing.create(agent, taskRequest(), call));
    expect(contentOf(reference)).toEqual({ kind: 'done' });
    expect(written).toEqual([{ text: { kind: 'string', value: 'secret-of-a-result' } }]);
  });

  test('R6: carries it when a result cannot be written', async () => {
    const agent = new EchoAgent({ resultsMayBeStored: false });
    const storing = new Creator({ logger: recordingLogger(), writeOutputs: diskFull });
    const { reference } = await during((call) => storing.create(agent, taskRequest(), call));
    expect(contentOf(reference)).toMatchObject({ kind: 'failure', failure: { retryable: true, message: 'the disk is full' } });
  });

  test.each([undefined, {}])('stores no result (%o) also when results may be sensitive', async (outputs) => {
    const agent = new EchoAgent({ resultsMayBeStored: false });
    agent.work = () => ({ phase: 'SUCCEEDED', outputs });
    expect(contentOf((await echo(agent)).reference)).toEqual({ kind: 'result', result: {} });
  });

  test.each([
    [1011, 'result'],
    [1012, 'failure'],
  ])('P7: with a result of %i characters stores a %s: 1 KiB is the most', async (length, kind) => {
    const agent = new EchoAgent();
    agent.work = () => ({ phase: 'SUCCEEDED', outputs: { text: { kind: 'string', value: 'x'.repeat(length + 2) } } });
    expect(contentOf((await echo(agent)).reference).kind).toBe(kind);
  });

  test.each([
    ['FAILED', false],
    ['RETRYABLE_FAILED', true],
    ['RUNNING', false],
  ] as const)('that answers %s is carried as a failure', async (phase, retryable) => {
    const agent = new EchoAgent();
    agent.work = () => ({ phase, message: 'the page is gone' });
    expect(contentOf((await echo(agent)).reference)).toMatchObject({
      kind: 'failure',
      failure: { message: 'the page is gone', retryable },
    });
  });

  test.each([
    ['passes', unavailable(), true],
    ['is the author’s', badConfig(), false],
    ['is in its own code', new TypeError('oops'), true],
  ])('whose fault %s is carried as a failure, not sent as an error', async (_name, error, retryable) => {
    const agent = new EchoAgent();
    agent.before = failing(error);
    const { reference, fault } = await echo(agent);
    expect(contentOf(reference)).toMatchObject({ kind: 'failure', failure: { retryable } });
    expect(fault).toBeDefined();
    expect(agent.done).toHaveLength(1);
  });

  test('C5: that was given up with its caller is done anew for the engine that comes again', async () => {
    const agent = new EchoAgent();
    agent.before = ({ signal }) =>
      new Promise((resolve, reject) => {
        if (agent.done.length > 1) resolve();
        else signal.addEventListener('abort', () => reject(signal.reason));
      });
    const creator = new Creator({ logger: recordingLogger() });
    const call = new Call();
    const left = rejection(creator.create(agent, taskRequest(), call));
    await vi.advanceTimersByTimeAsync(10);
    call.cancel();
    expect(await left).toMatchObject({ code: 'CANCELLED' });
    await vi.advanceTimersByTimeAsync(10);
    const { reference } = await during((again) => creator.create(agent, taskRequest(), again));
    expect(contentOf(reference).kind).toBe('result');
    call.end();
  });

  test('R5: that is not done in time is carried as a failure, and told to stop', async () => {
    const agent = new EchoAgent();
    agent.work = () => new Promise(() => {});
    const answer = echo(agent, 3000);
    await vi.advanceTimersByTimeAsync(2700);
    const { reference, fault } = await answer;
    expect(contentOf(reference)).toMatchObject({ kind: 'failure', failure: { code: 'DEADLINE_EXCEEDED', retryable: true } });
    expect(fault?.code).toBe('DEADLINE_EXCEEDED');
    expect(agent.done[0]?.context.signal.aborted).toBe(true);
  });
});

async function diskFull(): Promise<void> {
  throw new AgentError({ code: 'UNAVAILABLE', message: 'the disk is full' });
}

describe('C6: how failures are told', () => {
  const failures = 'flyte-agents/failures';

  test.each([
    ['final', denied(), { template: { config: { [failures]: 'final' } } }],
    ['retryable', badConfig(), { execution: { annotations: { [failures]: 'retryable' } } }],
  ])('is stored for the polls: %s', async (word, error, changes) => {
    const { agent, create } = harness();
    agent.before.create = failing(error, 1);
    expect(decodeReference(await create(taskRequest(changes))).failures).toBe(word);
  });

  test('is refused in any other word', async () => {
    const { agent, create } = harness();
    expect(contentOf(await create(taskRequest({ template: { config: { [failures]: 'never' } } })))).toMatchObject({
      kind: 'failure',
      failure: { code: 'INVALID_ARGUMENT', retryable: false, message: 'flyte-agents/failures: takes retryable or final, not "never"' },
    });
    expect(agent.created).toHaveLength(0);
  });
});

test('R2: a locator that no reference could hold is refused before anything is submitted', async () => {
  const { agent, create } = harness();
  const content = contentOf(await create(taskRequest({ template: { custom: { region: 'x'.repeat(7000) } } })));
  expect(content).toMatchObject({
    kind: 'failure',
    failure: { code: 'INVALID_ARGUMENT', message: expect.stringContaining('make its config smaller') },
  });
  expect(agent.created).toHaveLength(0);
});
