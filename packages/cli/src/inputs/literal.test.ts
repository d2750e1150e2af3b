import { dictType, FlyteDatetime, FlyteDuration, toValue, type LiteralType, type SimpleType } from '@flyte-agents/core';
import { expect, test } from 'vitest';
import { UsageError } from '../errors.ts';
import { toLiteral } from './literal.ts';
import type { InputValue } from './value.ts';

const simple = (name: SimpleType): LiteralType => ({ kind: 'simple', simple: name });
const union = (...variants: LiteralType[]): LiteralType => ({ kind: 'union', variants });
const file: LiteralType = { kind: 'blob', format: '', multipart: false };
const dataset: LiteralType = { kind: 'dataset', format: '', columns: [] };

test.each([
  { type: simple('INTEGER'), value: 5, literal: { kind: 'integer', value: 5n } },
  { type: simple('INTEGER'), value: 2n ** 62n, literal: { kind: 'integer', value: 2n ** 62n } },
  { type: simple('FLOAT'), value: 5n, literal: { kind: 'float', value: 5 } },
  { type: simple('DATETIME'), value: new Date(1500), literal: { kind: 'datetime', value: new FlyteDatetime(1n, 500_000_000) } },
  { type: simple('DATETIME'), value: '1970-01-01', literal: { kind: 'datetime', value: new FlyteDatetime(0n) } },
  { type: simple('DURATION'), value: 1.5, literal: { kind: 'duration', value: new FlyteDuration(1n, 500_000_000) } },
  { type: simple('DURATION'), value: '15m', literal: { kind: 'duration', value: new FlyteDuration(900n) } },
  { type: simple('STRUCT'), value: { a: { b: [true, 'x', 5n] } }, literal: { kind: 'generic', value: { a: { b: [true, 'x', 5] } } } },
  { type: file, value: 's3://b/k', literal: { kind: 'blob', uri: 's3://b/k', format: '', multipart: false } },
  { type: file, value: { uri: 's3://b/k', format: 'csv' }, literal: { kind: 'blob', uri: 's3://b/k', format: 'csv', multipart: false } },
  {
    type: dataset,
    value: { uri: 's3://b/d', format: 'parquet' },
    literal: { kind: 'dataset', uri: 's3://b/d', format: 'parquet', columns: [] },
  },
  { type: dataset, value: { uri: 's3://b/d' }, literal: { kind: 'dataset', uri: 's3://b/d', format: '', columns: [] } },
  { type: { kind: 'schema', columns: [] } as const, value: { uri: 's3://b/d' }, literal: { kind: 'schema', uri: 's3://b/d', columns: [] } },
  {
    type: { kind: 'collection', items: simple('DURATION') } as const,
    value: ['1m', 1],
    literal: {
      kind: 'collection',
      items: [
        { kind: 'duration', value: new FlyteDuration(60n) },
        { kind: 'duration', value: new FlyteDuration(1n) },
      ],
    },
  },
  {
    type: { kind: 'map', values: simple('DATETIME') } as const,
    value: { start: '1970-01-01' },
    literal: { kind: 'map', entries: new Map([['start', { kind: 'datetime', value: new FlyteDatetime(0n) }]]) },
  },
])('a plain value becomes a literal: $value', ({ type, value, literal }) => {
  expect(toLiteral(value, type, 'x')).toEqual(literal);
});

test('a struct is MessagePack where its type says so', () => {
  const literal = toLiteral({ a: 1, b: [1.5] }, dictType, 'x');
  expect(literal).toMatchObject({ kind: 'binary', tag: 'msgpack' });
  expect(toValue(literal, 'x')).toEqual({ a: 1n, b: [1.5] });
});

test.each<[InputValue, LiteralType, LiteralType]>([
  ['1970-01-01', union(simple('STRING'), simple('DATETIME')), simple('DATETIME')],
  ['1m', union(simple('STRING'), simple('DURATION')), simple('DURATION')],
  ['a minute', union(simple('STRING'), simple('DURATION')), simple('STRING')],
  [5, union(simple('DURATION'), simple('INTEGER')), simple('INTEGER')],
  [{ uri: 's3://b/k' }, union(simple('NONE'), file), file],
  [null, union(simple('STRING'), simple('NONE')), simple('NONE')],
])('of a union, %o is the narrowest that takes it', (value, type, variant) => {
  expect(toLiteral(value, type, 'x')).toMatchObject({ kind: 'union', type: variant });
});

test.each<{ type: SimpleType; value: InputValue }>([
  { type: 'INTEGER', value: 1.5 },
  { type: 'INTEGER', value: '5' },
  { type: 'INTEGER', value: 2 ** 53 },
  { type: 'INTEGER', value: 2n ** 63n },
  { type: 'FLOAT', value: 2n ** 53n + 1n },
  { type: 'STRING', value: 5 },
  { type: 'BOOLEAN', value: 'true' },
  { type: 'DATETIME', value: 'yesterday' },
  { type: 'DURATION', value: 'long' },
  { type: 'STRUCT', value: [] },
  { type: 'NONE', value: 0 },
  { type: 'BINARY', value: 'AA==' },
])('nothing is bent into $type: $value', ({ type, value }) => {
  expect(() => toLiteral(value, simple(type), 'x')).toThrow(`input x: expected ${type}, got `);
});

test.each<[InputValue, LiteralType, string]>([
  ['blue', { kind: 'enum', values: ['red', 'green'] }, 'input x: expected one of red, green, got "blue"'],
  [[1, 'a'], { kind: 'collection', items: simple('INTEGER') }, 'input x[1]: expected INTEGER, got a text of length 1'],
  [{ a: 2n ** 53n + 1n }, simple('STRUCT'), 'input x.a: expected an integer of at most 2^53 - 1, got 9007199254740993'],
  [new Date(Number.NaN), simple('DATETIME'), 'input x: expected a point in time, got an invalid Date'],
])('what is wrong is told with its place: %o', (value, type, message) => {
  expect(() => toLiteral(value, type, 'x')).toThrow(new UsageError(message));
});
