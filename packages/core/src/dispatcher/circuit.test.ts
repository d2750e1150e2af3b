import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { AgentError } from '../errors.ts';
import { Circuits } from './circuit.ts';

let circuits: Circuits;
let calls: number;
beforeEach(() => {
  vi.useFakeTimers();
  circuits = new Circuits();
  calls = 0;
});
afterEach(() => vi.useRealTimers());

const down = new AgentError({ code: 'UNAVAILABLE', message: 'S3 answered 503' });

const { signal } = new AbortController();
const of = { host: 'host', signal };

async function call(error?: Error, changes: { readonly host?: string; readonly signal?: AbortSignal } = {}): Promise<string> {
  try {
    return await circuits.call({ ...of, ...changes }, async () => {
      calls++;
      if (error !== undefined) throw error;
      return 'answer';
    });
  } catch (caught) {
    return AgentError.from(caught).message;
  }
}

async function repeat(times: number, error?: Error, changes?: { readonly signal: AbortSignal }): Promise<void> {
  for (let time = 0; time < times; time++) await call(error, changes);
}

test('C15: after ten passing faults in a row nothing is sent for a while, and the reason is told', async () => {
  await repeat(30, down);
  expect(calls).toBe(10);
  expect(await call()).toBe('S3 answered 503');
});

test('C15: one success in between and nothing is held back', async () => {
  await repeat(9, down);
  await repeat(1);
  await repeat(9, down);
  expect(calls).toBe(19);
});

test('C15: after the rest one call tries, and its success lets the others through', async () => {
  await repeat(10, down);
  vi.advanceTimersByTime(1000);
  const gate = Promise.withResolvers<string>();
  const probe = circuits.call(of, () => gate.promise);
  expect(await call()).toBe('S3 answered 503');
  gate.resolve('back');
  expect(await probe).toBe('back');
  expect(await call()).toBe('answer');
});

test('C15: while it stays down, the rests get longer, but never longer than 30 s', async () => {
  await repeat(10, down);
  for (let minute = 0; minute < 60; minute++) {
    vi.advanceTimersByTime(60_000);
    await repeat(5, down);
  }
  expect(calls).toBe(10 + 60);
  vi.advanceTimersByTime(30_000);
  expect(await call()).toBe('answer');
});

test('C15: Retry-After is kept', async () => {
  await repeat(10, new AgentError({ code: 'RESOURCE_EXHAUSTED', message: 'slow down', retryAfterMs: 20_000 }));
  vi.advanceTimersByTime(19_000);
  expect(await call()).toBe('slow down');
  vi.advanceTimersByTime(1000);
  expect(await call()).toBe('answer');
});

test.each([
  ['a refusal', new AgentError({ code: 'PERMISSION_DENIED', message: 'no' })],
  ['a fault of the task', new AgentError({ code: 'INVALID_ARGUMENT', message: 'no' })],
  ['a fault of the agent', new TypeError('bug')],
])('C15: %s says nothing against the host', async (_what, error) => {
  await repeat(30, error);
  expect(calls).toBe(30);
});

test('C15: hosts are apart', async () => {
  await repeat(30, down);
  expect(await call(undefined, { host: 'another' })).toBe('answer');
});

test('C15: a call that is held back is known not to have been submitted, and when to come again', async () => {
  await repeat(10, down);
  const error = await circuits.call(of, async () => 'answer').catch((caught: unknown) => caught);
  expect(AgentError.is(error) && error).toMatchObject({ submitted: 'no', passes: true, retryAfterMs: expect.any(Number) });
});

test('C15: retries are for a service that mostly answers', async () => {
  expect(Array.from({ length: 12 }, () => circuits.mayRetry('host')).filter(Boolean)).toHaveLength(10);
  await repeat(10);
  expect(circuits.mayRetry('host')).toBe(true);
  expect(circuits.mayRetry('host')).toBe(false);
});

test('a try that never comes back is given up', async () => {
  await repeat(10, down);
  vi.advanceTimersByTime(1000);
  void circuits.call(of, () => new Promise(() => {}));
  expect(await call()).toBe('S3 answered 503');
  vi.advanceTimersByTime(60_000);
  expect(await call()).toBe('answer');
});

const hungUp = AbortSignal.abort(new DOMException('the caller cancelled the call', 'AbortError'));
const late = AbortSignal.abort(new DOMException('the deadline of the call is near', 'TimeoutError'));

test('C15: calls that their callers gave up say nothing against the host, whatever they ended with', async () => {
  await repeat(30, down, { signal: hungUp });
  await repeat(30, hungUp.reason, { signal: hungUp });
  expect(calls).toBe(60);
});

test('C15: calls that had no answer in time do', async () => {
  await repeat(30, late.reason, { signal: late });
  expect(calls).toBe(10);
});

test('C15: a try that its caller gave up says nothing, and lets the next call try', async () => {
  await repeat(10, down);
  vi.advanceTimersByTime(1000);
  await call(down, { signal: hungUp });
  expect(await call()).toBe('answer');
});
