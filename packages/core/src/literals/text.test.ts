import { describe, expect, test } from 'vitest';
import { FlyteDatetime, FlyteDuration, type Literal } from './model.ts';
import { encodeMsgpack } from './msgpack/encode.ts';
import { toPlain, toText } from './text.ts';

const one: Literal = { kind: 'integer', value: 1n };
const none: Literal = { kind: 'none' };
const union = (value: Literal): Literal => ({ kind: 'union', value, type: { kind: 'simple', simple: 'INTEGER' } });
const msgpack = (...value: Parameters<typeof encodeMsgpack>): Literal => ({
  kind: 'binary',
  tag: 'msgpack',
  value: encodeMsgpack(...value),
});

// What flytekit's webhook makes of its inputs, whole and within a text; the golden literals show all kinds of them.
test.each<[string, Literal, unknown, string]>([
  ['s', { kind: 'string', value: 'a b&c' }, 'a b&c', 'a b&c'],
  ['item_id', { kind: 'integer', value: 2n ** 53n + 1n }, 9_007_199_254_740_993n, '9007199254740993'],
  ['f', { kind: 'float', value: 2 }, 2, '2.0'],
  ['ok', { kind: 'boolean', value: true }, true, 'True'],
  ['when', { kind: 'datetime', value: new FlyteDatetime(1_704_164_645n) }, '2024-01-02T03:04:05+00:00', '2024-01-02T03:04:05+00:00'],
  ['took', { kind: 'duration', value: new FlyteDuration(90n, 5e8) }, 90.5, '90.5'],
  ['l', { kind: 'collection', items: [one, { kind: 'integer', value: 2n }] }, [1n, 2n], '[1, 2]'],
  ['m', { kind: 'map', entries: new Map([['k', none]]) }, { k: null }, "{'k': None}"],
  ['opt', union(none), null, 'None'],
  ['file', { kind: 'blob', uri: 's3://b/k', format: 'csv', multipart: false }, 's3://b/k', 's3://b/k'],
  ['table', { kind: 'dataset', uri: 'bq://t', format: '', columns: [] }, 'bq://t', 'bq://t'],
  ['schema', { kind: 'schema', uri: 's3://s', columns: [] }, 's3://s', 's3://s'],
  ['struct', { kind: 'generic', value: { a: [1] } }, { a: [1] }, "{'a': [1.0]}"],
  ['dict', msgpack({ b: 1, '2': 2.5 }, 'x'), '{"2": 2.5, "b": 1}', '{"2": 2.5, "b": 1}'],
  ['dicts', { kind: 'collection', items: [msgpack({ a: "'" }, 'x')] }, ['{"a": "\'"}'], `['{"a": "\\'"}']`],
])('%s is given to templates as flytekit gives it', (_name, literal, plain, text) => {
  expect(toPlain(literal)).toEqual(plain);
  expect(toText(literal)).toBe(text);
});

describe('a dict as text', () => {
  test('keeps the order of its sender, also of keys that are numbers', () => {
    const value = new Map<string, number>([
      ['b', 1],
      ['2', 2],
      ['1', 3],
    ]);
    expect(toText(msgpack(value, 'x'))).toBe('{"b": 1, "2": 2, "1": 3}');
  });

  test('has keys that are no texts as JSON has them', () => {
    const value = new Map<number | boolean | null, number>([
      [1, 1],
      [true, 2],
      [null, 3],
      [1.5, 4],
    ]);
    expect(toText(msgpack(value, 'x'))).toBe('{"1": 1, "true": 2, "null": 3, "1.5": 4}');
  });

  test('has no bytes', () => {
    expect(() => toText(msgpack({ a: { b: new Uint8Array(1) } }, 'x'), 'input x')).toThrow(
      'input x.a.b: expected text, numbers, lists and mappings, got bytes, which JSON cannot hold',
    );
  });
});

test('C14: a map with the key __proto__ is plain data', () => {
  const plain = toPlain({ kind: 'map', entries: new Map([['__proto__', one]]) });
  expect(Object.entries(plain ?? {})).toEqual([['__proto__', 1n]]);
  expect(Object.getPrototypeOf(plain)).toBeNull();
});
