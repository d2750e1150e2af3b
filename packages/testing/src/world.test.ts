import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ServiceError } from './__fixtures__/service-error.ts';
import { TokenWorld, type QueryClient } from './__fixtures__/token-agent.ts';
import { callers, Life } from './caller.ts';
import { VirtualClock } from './clock.ts';
import type { FaultKind } from './faults.ts';
import { isLive } from './job.ts';

let clock: VirtualClock;
let world: TokenWorld;
let client: QueryClient;
const signal = new AbortController().signal;

beforeEach(() => {
  clock = VirtualClock.install();
  world = new TokenWorld();
  client = world.client();
});
afterEach(() => clock.uninstall());

function asProcess<Value>(life: Life, work: () => Value): Value {
  return callers.run({ method: 'create', attempt: 'a', since: Date.now(), life }, work);
}

test('one service is behind all clients, and counts their requests', async () => {
  const { id } = await client.submit('key', 'select 1');
  expect((await world.client().describe(id, signal)).state).toBe('PENDING');
  world.start(id);
  expect((await client.describe(id, signal)).state).toBe('ACTIVE');
  expect(world.calls).toEqual({ submit: 1, read: 2, search: 0, cancel: 0 });
});

test('what has ended stays ended', async () => {
  const { id } = await client.submit('key', 'select 1');
  world.succeed(id);
  for (const move of ['start', 'fail', 'requeue', 'confuse', 'interrupt'] as const) world[move](id);
  await client.cancel(id);
  expect(world.jobs).toMatchObject([{ id, state: 'succeeded', isDestroyed: false }]);
});

test('a job that vanished is known no longer, but was taken', async () => {
  const { id } = await client.submit('key', 'select 1');
  world.vanish(id);
  await expect(client.describe(id, signal)).rejects.toMatchObject({ status: 404 });
  expect([world.jobs.length, world.taken.length, world.taken.some(isLive)]).toEqual([0, 1, false]);
});

test('an emptied service knows nothing and goes on', async () => {
  await client.submit('key', 'select 1');
  world.empty();
  expect([world.jobs.length, world.taken.length]).toEqual([0, 0]);
  expect((await client.submit('key', 'select 1')).id).toBe('job-1');
});

describe('a fault', () => {
  test.each<[FaultKind, number | undefined, number]>([
    ['unavailable', 503, 0],
    ['throttled', 429, 0],
    ['refused', 403, 0],
    ['lost-before', undefined, 0],
    ['lost-after', undefined, 1],
    ['malformed', undefined, 1],
    ['truncated', undefined, 1],
  ])('%s: the SDK throws (status %s), and %d jobs were taken', async (kind, status, jobs) => {
    world.fault({ kind, operation: 'submit' });
    const error: unknown = await client.submit('key', 'select 1').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ServiceError);
    expect(error).toMatchObject({ status });
    expect(world.taken).toHaveLength(jobs);
  });

  test('stall: nothing is answered until the signal is aborted', async () => {
    world.fault({ kind: 'stall-before' });
    const controller = new AbortController();
    const reading = client.describe('job-1', controller.signal);
    await clock.advance(3_600_000);
    expect(world.waiting('read')).toBe(1);
    controller.abort(new Error('enough'));
    await expect(reading).rejects.toThrow('enough');
    expect(world.waiting('read')).toBe(0);
  });

  test('stall, with an SDK that ignores its signal: nothing is ever answered', async () => {
    world.fault({ kind: 'stall-before' });
    world.ignoresSignals = true;
    client.describe('job-1', AbortSignal.timeout(100)).catch(() => {});
    await clock.advance(3_600_000);
    expect(world.waiting('read')).toBe(1);
  });

  test('slow: the request is taken late', async () => {
    world.fault({ kind: 'slow', delayMs: 20_000 });
    const submitting = client.submit('key', 'select 1');
    await clock.advance(19_999);
    expect(world.taken).toHaveLength(0);
    await clock.advance(1);
    expect((await submitting).id).toBe('job-1');
  });

  test('slow-body: the request is taken at once and answered late', async () => {
    world.fault({ kind: 'slow-body', delayMs: 20_000 });
    let isAnswered = false;
    const submitting = client.submit('key', 'select 1').finally(() => (isAnswered = true));
    await clock.advance(19_999);
    expect([world.taken.length, isAnswered]).toEqual([1, false]);
    await clock.advance(1);
    expect((await submitting).id).toBe('job-1');
  });

  test('hidden: the service does not show a job, once', async () => {
    const { id } = await client.submit('key', 'select 1');
    world.fault({ kind: 'hidden', operation: 'read' });
    await expect(client.describe(id, signal)).rejects.toMatchObject({ status: 404 });
    expect((await client.describe(id, signal)).id).toBe(id);
  });

  test('meets its operation only, and ends when the world is healed', async () => {
    world.fault({ kind: 'unavailable', operation: 'cancel', times: Infinity });
    const { id } = await client.submit('key', 'select 1');
    await expect(client.cancel(id)).rejects.toMatchObject({ status: 503 });
    world.heal();
    await client.cancel(id);
    expect(world.jobs).toMatchObject([{ state: 'cancelled' }]);
  });
});

describe('a process that is killed', () => {
  test.each([
    [true, 1],
    [false, 0],
  ])('hears of nothing any more; what it had sent is taken: %s', async (isTaken, jobs) => {
    world.latencyMs = () => 100;
    const life = new Life();
    let isAnswered = false;
    asProcess(life, () => void client.submit('key', 'select 1').then(() => (isAnswered = true)));
    await clock.advance(50);
    life.end(new Error('killed'), isTaken);
    await clock.advance(1000);
    expect([world.taken.length, isAnswered]).toEqual([jobs, false]);
    await expect(life.death).rejects.toThrow('killed');
  });

  test('sends nothing any more', async () => {
    const life = new Life();
    life.end(new Error('killed'), true);
    asProcess(life, () => void client.submit('key', 'select 1'));
    await clock.advance(1000);
    expect(world.calls.submit).toBe(1);
    expect(world.taken).toHaveLength(0);
  });

  test('is known as the one that started its jobs', async () => {
    await asProcess(new Life(), () => client.submit('key', 'select 1'));
    await client.submit('other', 'select 1');
    expect(world.jobs.map(({ startedBy }) => startedBy?.attempt)).toEqual(['a', undefined]);
  });
});
