import { describe, expect, test } from 'vitest';
import type { Literal } from '../literals/model.ts';
import { hasOffloaded } from './literals-offloaded.ts';
import { encodeLiterals } from './literals.ts';

const offloaded: Literal = { kind: 'offloaded', uri: 's3://b/o', sizeBytes: 1n };
const type = { kind: 'simple', simple: 'STRING' } as const;

describe('whether an input is offloaded is seen in its bytes', () => {
  test.each<[string, Literal, boolean]>([
    ['an offloaded one', offloaded, true],
    ['one in a list', { kind: 'collection', items: [{ kind: 'none' }, offloaded] }, true],
    ['one in a map', { kind: 'map', entries: new Map([['s3://k', offloaded]]) }, true],
    ['one in a union', { kind: 'union', value: offloaded, type }, true],
    ['a file', { kind: 'blob', uri: 's3://b/o', format: '', multipart: false }, false],
    ['a text that says so', { kind: 'string', value: 'offloaded to s3://b/o' }, false],
    ['bytes that look like one', { kind: 'binary', tag: 'msgpack', value: encodeLiterals({ x: offloaded }) }, false],
  ])('%s: %o, %s', (_name, literal, found) => {
    expect(hasOffloaded(encodeLiterals({ before: { kind: 'float', value: 1 }, x: literal }))).toBe(found);
  });

  test('bytes that are broken have none: whoever reads them is told', () => {
    const bytes = encodeLiterals({ a: { kind: 'string', value: 's3://b' }, x: offloaded });
    expect(hasOffloaded(bytes.subarray(0, -1))).toBe(false);
  });

  test('a list of 60,000 numbers is not looked through', () => {
    const items = Array.from({ length: 60_000 }, (_, i): Literal => ({ kind: 'float', value: i }));
    const bytes = encodeLiterals({ numbers: { kind: 'collection', items } });
    const before = process.cpuUsage();
    for (let i = 0; i < 100; i++) expect(hasOffloaded(bytes)).toBe(false);
    // Each look takes a tenth of a millisecond; through all of them, several.
    expect(process.cpuUsage(before).user / 100).toBeLessThan(2000);
  });
});
