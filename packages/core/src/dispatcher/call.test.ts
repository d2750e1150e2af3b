import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Call, expired, pause } from './call.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('a call', () => {
  test.each([
    ['ten seconds when the caller gave none', undefined, 9500],
    ['the deadline less 500 ms', 20_000, 19_500],
    ['the deadline less 500 ms when that is exactly a tenth', 5000, 4500],
    ['the deadline less a tenth when that is smaller', 3000, 2700],
    ['the deadline less a tenth, however short', 100, 90],
    ['nothing when the deadline is over', -5000, 0],
    ['as long as a timer holds', 1e15, 2 ** 31 - 1 - 500],
  ])('R5: takes %s', async (_name, callerMs, usable) => {
    const call = new Call(callerMs === undefined ? undefined : Date.now() + callerMs);
    expect(call.remainingMs).toBe(usable);
    expect(call.deadline).toBe(Date.now() + usable);
    if (usable > 0) await vi.advanceTimersByTimeAsync(usable - 1);
    expect(call.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(call.signal.reason).toMatchObject({ name: 'TimeoutError' });
    expect(call.remainingMs).toBe(0);
    expect(call.cancelled).toBe(false);
  });

  test('R5: does not wait for work that ignores the signal', async () => {
    const call = new Call(Date.now() + 3000);
    const answer = call.within(new Promise(() => {}));
    await vi.advanceTimersByTimeAsync(2700);
    expect(await answer).toBe(expired);
    expect(await call.within(new Promise(() => {}))).toBe(expired);
  });

  test('gives what its work gives, and throws what it throws', async () => {
    const call = new Call();
    expect(await call.within(Promise.resolve(1))).toBe(1);
    await expect(call.within(Promise.reject(new Error('no')))).rejects.toThrow('no');
    call.end();
  });

  test('R5: has expired when its work gave up because of the signal', async () => {
    const call = new Call(Date.now() + 1000);
    const { promise, reject } = Promise.withResolvers<never>();
    call.signal.addEventListener('abort', () => reject(new Error('aborted')));
    const answer = call.within(promise);
    await vi.advanceTimersByTimeAsync(900);
    expect(await answer).toBe(expired);
  });

  test('leaves no rejection behind when its work fails afterwards', async () => {
    const unhandled = vi.fn<() => void>();
    process.on('unhandledRejection', unhandled);
    const call = new Call(Date.now() + 1000);
    const { promise, reject } = Promise.withResolvers<never>();
    const answer = call.within(promise);
    await vi.advanceTimersByTimeAsync(900);
    expect(await answer).toBe(expired);
    reject(new Error('late'));
    vi.useRealTimers();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  test('is cancelled when the caller hangs up', async () => {
    const call = new Call();
    const answer = call.within(new Promise(() => {}));
    call.cancel();
    expect(await answer).toBe(expired);
    expect(call.cancelled).toBe(true);
    expect(call.signal.reason).toMatchObject({ name: 'AbortError' });
    call.end();
  });

  test('R2: is not cancelled by the end that gRPC reports of every call', () => {
    const call = new Call();
    call.end();
    call.cancel();
    expect(call.cancelled).toBe(false);
    expect(call.signal.aborted).toBe(false);
  });

  test('keeps no timer and no listener when it has ended', async () => {
    const call = new Call();
    const removed = vi.spyOn(call.signal, 'removeEventListener');
    await call.within(Promise.resolve(1));
    expect(removed).toHaveBeenCalledTimes(1);
    call.end();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a pause', () => {
  test('takes its time', async () => {
    const started = Date.now();
    const paused = pause(500).then(() => Date.now() - started);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await paused).toBe(500);
  });

  test('ends with the signal', async () => {
    const controller = new AbortController();
    const first = pause(500, controller.signal);
    controller.abort();
    await first;
    await pause(500, controller.signal);
    expect(vi.getTimerCount()).toBe(0);
  });
});
