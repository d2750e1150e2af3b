import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualClock } from './clock.ts';

let clock: VirtualClock;
beforeEach(() => void (clock = VirtualClock.install(1)));
afterEach(() => clock.uninstall());

test('timers, dates, performance and abort signals follow virtual time', async () => {
  const [date, began] = [Date.now(), performance.now()];
  const signal = AbortSignal.timeout(3_600_000);
  const { promise, resolve } = Promise.withResolvers<number>();
  setTimeout(() => resolve(Date.now() - date), 7_200_000);
  await clock.advance(3_599_999);
  expect(signal.aborted).toBe(false);
  await clock.advance(1);
  expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
  await clock.advance(3_600_000);
  expect(await promise).toBe(7_200_000);
  expect(performance.now() - began).toBe(7_200_000);
});

test('between two timers, promises come to their end', async () => {
  const order: string[] = [];
  const step = async (name: string, ms: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    order.push(`${name} 1`);
    await Promise.resolve();
    await Promise.resolve();
    order.push(`${name} 2`);
  };
  const work = Promise.all([step('late', 2), step('early', 1)]);
  await clock.advance(5);
  await work;
  expect(order).toEqual(['early 1', 'early 2', 'late 1', 'late 2']);
});

test('it runs until work is done, and no longer than it may', async () => {
  const began = clock.now;
  await clock.run(new Promise((resolve) => setTimeout(resolve, 1000)), 2000);
  expect(clock.now - began).toBe(1000);
  await expect(clock.run(new Promise(() => {}), 2000)).rejects.toThrow('not so within 2000 ms');
  await expect(clock.run(Promise.reject(new Error('no')), 2000)).rejects.toThrow('no');
});

test('a restart forgets every timer and repeats time and chance', async () => {
  const first = [Date.now(), Math.random(), Math.random()];
  let fired = false;
  setTimeout(() => (fired = true), 10);
  await clock.advance(5);
  clock.restart(1);
  expect([Date.now(), Math.random(), Math.random()]).toEqual(first);
  await clock.advance(100);
  expect(fired).toBe(false);
});

test('it gives back what it took', async () => {
  clock.uninstall();
  const began = Date.now();
  expect(Math.abs(began - clock.now)).toBeGreaterThan(0);
  await new Promise((resolve) => setTimeout(resolve, 1));
  const signal = AbortSignal.timeout(1);
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  clock = VirtualClock.install(1);
});
