import { expect, test } from 'vitest';
import { Memory } from './memory.ts';

test('a memory forgets what was used the longest time ago', () => {
  const memory = new Memory<string, number>(2);
  memory.set('a', 1);
  memory.set('b', 2);
  expect(memory.get('a')).toBe(1);
  memory.set('c', 3);
  expect([memory.get('a'), memory.get('b'), memory.get('c')]).toEqual([1, undefined, 3]);
});

test('setting what is there already forgets nothing', () => {
  const memory = new Memory<string, number>(2);
  memory.set('a', 1);
  memory.set('b', 2);
  memory.set('b', 3);
  expect([memory.get('a'), memory.get('b')]).toEqual([1, 3]);
});

test('what is deleted is gone and makes room', () => {
  const memory = new Memory<string, number>(2);
  memory.set('a', 1);
  memory.set('b', 2);
  memory.delete('a');
  memory.set('c', 3);
  expect([memory.get('a'), memory.get('b'), memory.get('c')]).toEqual([undefined, 2, 3]);
});
