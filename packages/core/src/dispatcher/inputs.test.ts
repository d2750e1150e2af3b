import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  contentOf,
  denied,
  during,
  EchoAgent,
  failing,
  JobAgent,
  recordingLogger,
  rejection,
  taskRequest,
  unavailable,
} from '../__fixtures__/agents.ts';
import type { Literal } from '../literals/model.ts';
import { decodeLiteral, encodeLiterals, lazyInputs } from '../protocol/literals.ts';
import type { ReadableStore } from '../store/service.ts';
import { noStore } from '../store/store.ts';
import { Creator } from './create.ts';
import { execute } from './execute.ts';
import type { TaskRequest } from './requests.ts';
import { Tenants } from './tenant.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const uri = 's3://bucket/offloaded';
const offloaded: Literal = { kind: 'offloaded', uri, sizeBytes: 100n };

function request(type: 'job' | 'echo', inputs: Readonly<Record<string, Literal>> = { query: offloaded }): TaskRequest {
  return { ...taskRequest({ template: { type } }), inputs: lazyInputs(encodeLiterals(inputs)) };
}

/** A store with one object, a text; `before` a read, a test makes it wait or fail. */
class TextStore implements ReadableStore {
  reads = 0;
  before: (signal: AbortSignal) => Promise<void> | void = () => {};
  readonly stat = noStore.stat.bind(noStore);
  readonly list = noStore.list.bind(noStore);

  async read(_at: unknown, { signal }: { readonly signal: AbortSignal }): Promise<Uint8Array> {
    this.reads++;
    await this.before(signal);
    // A literal with a text: messages 1 (scalar) and 1 (primitive), field 3.
    return Uint8Array.of(0x0a, 0x0a, 0x0a, 0x08, 0x1a, 6, ...Buffer.from('SELECT'));
  }
}

function harness(store?: ReadableStore) {
  const jobs = new JobAgent();
  const echo = new EchoAgent();
  const logger = recordingLogger();
  const tenants = new Tenants({ store });
  const creator = new Creator({ logger, tenants });
  return {
    jobs,
    echo,
    logger,
    create: (agent: JobAgent | EchoAgent, task: TaskRequest, callerMs?: number) =>
      during(async (call) => contentOf((await creator.create(agent, task, call)).reference), callerMs),
    execute: (task: TaskRequest, callerMs?: number) => during((call) => execute(echo, task, call, { logger, tenants }), callerMs),
  };
}

describe('an input that the engine offloaded', () => {
  test('is there when an agent starts a job', async () => {
    const { jobs, create } = harness(new TextStore());
    expect(await create(jobs, request('job'))).toMatchObject({ kind: 'ref' });
    expect(jobs.created[0]?.task.inputs.string('query')).toBe('SELECT');
  });

  test('is there when an agent answers at once, on either path (R6)', async () => {
    const { echo, create, execute: run } = harness(new TextStore());
    echo.work = ({ inputs }) => ({ phase: 'SUCCEEDED', outputs: { text: { kind: 'string', value: inputs.string('query') } } });
    const text = { kind: 'string', value: 'SELECT' };
    expect(await run(request('echo'))).toEqual({ resource: { phase: 'SUCCEEDED', outputs: { text } } });
    expect(await create(echo, request('echo'))).toEqual({ kind: 'result', result: { text: 'SELECT' } });
  });

  test('costs those nothing who have none: nothing is read', async () => {
    const store = new TextStore();
    const { jobs, create } = harness(store);
    await create(jobs, request('job', { url: { kind: 'string', value: uri } }));
    expect([store.reads, jobs.created.length]).toEqual([0, 1]);
  });

  test('R4: that may not be read fails the task once it is read, by name and place', async () => {
    const store = new TextStore();
    store.before = failing(denied());
    const { jobs, create } = harness(store);
    jobs.before.create = () => void jobs.created[0]?.task.inputs.string('query');
    expect(await create(jobs, request('job'))).toEqual({
      kind: 'failure',
      failure: {
        code: 'PERMISSION_DENIED',
        message: `input query: is offloaded to ${uri}, which cannot be read: access denied: grant jobs.run`,
        retryable: true,
      },
    });
  });

  test('where there is no store fails only those who read it, and names the setting', async () => {
    const { jobs, create } = harness();
    expect(await create(jobs, request('job'))).toMatchObject({ kind: 'ref' });
    expect(() => jobs.created[0]?.task.inputs.string('query')).toThrow(
      /^input query: is offloaded to s3:\/\/bucket\/offloaded, .*storeRoots/,
    );
  });

  test('is asked for again while there is time', async () => {
    const store = new TextStore();
    store.before = failing(unavailable(), 2);
    const { jobs, create, logger } = harness(store);
    const answer = create(jobs, request('job'));
    await vi.advanceTimersByTimeAsync(1000);
    expect(await answer).toMatchObject({ kind: 'ref' });
    expect([store.reads, jobs.created.length]).toEqual([3, 1]);
    expect(logger.lines.filter(({ level }) => level === 'warn')).toHaveLength(2);
  });

  test('whose store does not answer in time is UNAVAILABLE, and nothing was submitted', async () => {
    const store = new TextStore();
    store.before = failing(unavailable());
    const { jobs, create, execute: run } = harness(store);
    const fault = rejection(create(jobs, request('job'), 3000));
    const answer = run(request('echo'), 3000);
    await vi.advanceTimersByTimeAsync(3000);
    expect(await fault).toMatchObject({ code: 'UNAVAILABLE', submitted: 'no', message: expect.stringMatching(/^offloaded inputs: /) });
    expect(await answer).toMatchObject({ resource: { phase: 'RETRYABLE_FAILED', message: expect.stringMatching(/^offloaded inputs: /) } });
    expect(jobs.created).toEqual([]);
  });

  test('R5: that never comes holds no call up', async () => {
    const store = new TextStore();
    const signals: AbortSignal[] = [];
    store.before = (signal) => {
      signals.push(signal);
      return new Promise(() => {});
    };
    const { jobs, create, execute: run } = harness(store);
    const fault = rejection(create(jobs, request('job'), 3000));
    const answer = run(request('echo'), 3000);
    await vi.advanceTimersByTimeAsync(2700);
    expect(await fault).toMatchObject({ code: 'UNAVAILABLE', message: 'nothing could be submitted in time' });
    expect(await answer).toMatchObject({ resource: { phase: 'RETRYABLE_FAILED' } });
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
  });
});

test('the object of these tests is what the engine writes', async () => {
  const store = new TextStore();
  const bytes = await store.read(uri, { signal: new AbortController().signal });
  expect(decodeLiteral(bytes, 'x')).toEqual({ kind: 'string', value: 'SELECT' });
});
