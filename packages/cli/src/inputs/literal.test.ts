import { FlyteDatetime, FlyteDuration, type LiteralType, type SimpleType } from '@flyte-agents/core';
import { expect, test } from 'vitest';
import { toLiteral } from './literal.ts';
import type { InputValue } from './value.ts';

const simple = (name: SimpleType): LiteralType => ({ kind: 'simple', simple: name });

test.each([
  { type: 'INTEGER', value: 5, literal: { kind: 'integer', value: 5n } },
  { type: 'INTEGER', value: 2n ** 62n, literal: { kind: 'integer', value: 2n ** 62n } },
  { type: 'FLOAT', value: 5n, literal: { kind: 'float', value: 5 } },
  { type: 'DATETIME', value: new Date(1500), literal: { kind: 'datetime', value: new FlyteDatetime(1n, 500_000_000) } },
  { type: 'DATETIME', value: new FlyteDatetime(1n, 1), literal: { kind: 'datetime', value: new FlyteDatetime(1n, 1) } },
  { type: 'DATETIME', value: '1970-01-01', literal: { kind: 'datetime', value: new FlyteDatetime(0n) } },
  { type: 'DURATION', value: 1.5, literal: { kind: 'duration', value: new FlyteDuration(1n, 500_000_000) } },
  { type: 'DURATION', value: '15m', literal: { kind: 'duration', value: new FlyteDuration(900n) } },
  { type: 'STRUCT', value: { a: { b: [true, 'x', 5n] } }, literal: { kind: 'generic', value: { a: { b: [true, 'x', 5] } } } },
] as const)('a plain value becomes a literal of type $type: $value', ({ type, value, literal }) => {
  expect(toLiteral(value, simple(type), 'x')).toEqual(literal);
});

test.each<{ type: SimpleType; value: InputValue }>([
  { type: 'INTEGER', value: 1.5 },
  { type: 'INTEGER', value: '5' },
  { type: 'INTEGER', value: 2 ** 53 },
  { type: 'INTEGER', value: 2n ** 63n },
  { type: 'FLOAT', value: 2n ** 53n + 1n },
  { type: 'STRING', value: 5 },
  { type: 'BOOLEAN', value: 'true' },
  { type: 'DATETIME', value: new Date(Number.NaN) },
  { type: 'STRUCT', value: [] },
  { type: 'STRUCT', value: { a: 2n ** 53n + 1n } },
  { type: 'NONE', value: 0 },
])('nothing is bent into $type: $value', ({ type, value }) => {
  expect(() => toLiteral(value, simple(type), 'x')).toThrow(`input x: expected ${type}`);
});

test('an unknown word is no value of an enum', () => {
  expect(() => toLiteral('blue', { kind: 'enum', values: ['red', 'green'] }, 'colour')).toThrow(
    'input colour: expected one of red, green, got "blue"',
  );
});

test('one wrong item spoils a list', () => {
  expect(() => toLiteral([1, 'a'], { kind: 'collection', items: simple('INTEGER') }, 'x')).toThrow('expected list of INTEGER, got [1,"a"]');
});
