import { expect, test } from 'vitest';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';

const original = Buffer.from('{"v":1,"type":"token_query","ref":{"id":"job-1"}}');

test('the same seed damages the same way, and the original stays', () => {
  const before = original.toString();
  expect(mutate(original, new Random(3))).toEqual(mutate(original, new Random(3)));
  expect(original.toString()).toBe(before);
});

test('nearly every copy differs from the others', () => {
  const random = new Random(1);
  const copies = new Set(Array.from({ length: 1000 }, () => Buffer.from(mutate(original, random)).toString('hex')));
  expect(copies.size).toBeGreaterThan(900);
});

test('nothing can be damaged too', () => {
  const random = new Random(1);
  for (let index = 0; index < 200; index++) expect(mutate(new Uint8Array(), random).length).toBeLessThan(200);
});
