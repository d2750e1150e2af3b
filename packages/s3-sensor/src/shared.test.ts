import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { SharedReads } from './shared.ts';

beforeEach(() => vi.useFakeTimers({ now: 1_795_000_000_000 }));
afterEach(() => vi.useRealTimers());

/** Reads that the test answers, oldest first. */
function reads() {
  const under: { readonly signal: AbortSignal; readonly answer: PromiseWithResolvers<string> }[] = [];
  const read = (signal: AbortSignal): Promise<string> => {
    const answer = Promise.withResolvers<string>();
    under.push({ signal, answer });
    return answer.promise;
  };
  return { under, read };
}

test('SE16: reads of the same are one, until a moment after its end', async () => {
  const shared = new SharedReads<string>(2000);
  const { under, read } = reads();
  const signal = new AbortController().signal;
  const both = [shared.read('a', signal, read), shared.read('a', signal, read)];
  await vi.advanceTimersByTimeAsync(10_000);
  under[0]?.answer.resolve('first');
  expect(await Promise.all(both)).toEqual(['first', 'first']);
  await vi.advanceTimersByTimeAsync(1999);
  expect(await shared.read('a', signal, read)).toBe('first');
  expect(under).toHaveLength(1);
  await vi.advanceTimersByTimeAsync(1);
  const again = shared.read('a', signal, read);
  under[1]?.answer.resolve('second');
  expect(await again).toBe('second');
});

test('reads of different things are not one', () => {
  const shared = new SharedReads<string>(2000);
  const { under, read } = reads();
  void shared.read('a', new AbortController().signal, read);
  void shared.read('b', new AbortController().signal, read);
  expect(under).toHaveLength(2);
});

test('SE4: a fault is told to those who wait, and to nobody else', async () => {
  const shared = new SharedReads<string>(2000);
  const { under, read } = reads();
  const signal = new AbortController().signal;
  const both = Promise.allSettled([shared.read('a', signal, read), shared.read('a', signal, read)]);
  under[0]?.answer.reject(new Error('busy'));
  expect((await both).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  void shared.read('a', signal, read);
  expect(under).toHaveLength(2);
});

test('R5: a read ends when nobody waits for it any more, and not before', async () => {
  const shared = new SharedReads<string>(2000);
  const { under, read } = reads();
  const [first, second] = [new AbortController(), new AbortController()];
  const both = Promise.allSettled([shared.read('a', first.signal, read), shared.read('a', second.signal, read)]);
  first.abort();
  expect(under[0]?.signal.aborted).toBe(false);
  second.abort();
  expect(under[0]?.signal.aborted).toBe(true);
  // Who comes now does not wait for what was given up.
  const third = shared.read('a', new AbortController().signal, read);
  under[0]?.answer.reject(new Error('aborted'));
  await both;
  under[1]?.answer.resolve('third');
  expect(await third).toBe('third');
});

test('what was read is not kept for longer than it is good', async () => {
  const shared = new SharedReads<object>(2000);
  const value = shared.read('a', new AbortController().signal, async () => ({}));
  await value;
  expect(vi.getTimerCount()).toBe(1);
  await vi.advanceTimersByTimeAsync(2000);
  expect(vi.getTimerCount()).toBe(0);
  const read = vi.fn<() => Promise<object>>(async () => ({}));
  await shared.read('a', new AbortController().signal, read);
  expect(read).toHaveBeenCalledOnce();
});
