import { expect, test } from 'vitest';
import { Random } from './random.ts';

test('one seed gives one sequence', () => {
  const [one, again, other] = [new Random(7), new Random(7), new Random(8)];
  const numbers = Array.from({ length: 5 }, () => one.next());
  expect(Array.from({ length: 5 }, () => again.next())).toEqual(numbers);
  expect(Array.from({ length: 5 }, () => other.next())).not.toEqual(numbers);
});

test('numbers are spread evenly over what was asked for', () => {
  const random = new Random(1);
  const counts = new Map<number, number>();
  for (let index = 0; index < 10_000; index++) {
    const number = random.integer(-2, 2);
    counts.set(number, (counts.get(number) ?? 0) + 1);
  }
  expect([...counts.keys()].toSorted((one, other) => one - other)).toEqual([-2, -1, 0, 1, 2]);
  for (const count of counts.values()) expect(Math.abs(count - 2000)).toBeLessThan(200);
});

test('weights say how likely each is', () => {
  const random = new Random(1);
  const counts = { often: 0, seldom: 0, never: 0 };
  for (let index = 0; index < 10_000; index++) counts[random.weighted({ often: 9, seldom: 1, never: 0 })]++;
  expect(counts.never).toBe(0);
  expect(counts.often / counts.seldom).toBeGreaterThan(7);
  expect(counts.often / counts.seldom).toBeLessThan(11);
});
