import { FlyteDatetime, FlyteDuration, type LiteralType, type SimpleType } from '@flyte-agents/core';
import { describe, expect, test } from 'vitest';
import { toLiteral } from './literal.ts';
import { fromText } from './text.ts';

const simple = (name: SimpleType): LiteralType => ({ kind: 'simple', simple: name });
const optional = (...variants: LiteralType[]): LiteralType => ({ kind: 'union', variants });
const integers: LiteralType = { kind: 'collection', items: simple('INTEGER') };
const floats: LiteralType = { kind: 'map', values: simple('FLOAT') };

describe('a text on the command line becomes a literal of the declared type', () => {
  test.each([
    { type: simple('STRING'), text: '5', literal: { kind: 'string', value: '5' } },
    { type: simple('STRING'), text: '', literal: { kind: 'string', value: '' } },
    { type: simple('INTEGER'), text: '9223372036854775807', literal: { kind: 'integer', value: 9223372036854775807n } },
    { type: simple('INTEGER'), text: '-9223372036854775808', literal: { kind: 'integer', value: -9223372036854775808n } },
    { type: simple('INTEGER'), text: '+7', literal: { kind: 'integer', value: 7n } },
    { type: simple('FLOAT'), text: '2', literal: { kind: 'float', value: 2 } },
    { type: simple('FLOAT'), text: '-1.5e-3', literal: { kind: 'float', value: -0.0015 } },
    { type: simple('FLOAT'), text: 'nan', literal: { kind: 'float', value: Number.NaN } },
    { type: simple('FLOAT'), text: '-inf', literal: { kind: 'float', value: -Infinity } },
    { type: simple('BOOLEAN'), text: 'true', literal: { kind: 'boolean', value: true } },
    { type: simple('DATETIME'), text: '2026-11-21T00:00:00Z', literal: { kind: 'datetime', value: new FlyteDatetime(1_795_219_200n) } },
    { type: simple('DURATION'), text: '90s', literal: { kind: 'duration', value: new FlyteDuration(90n) } },
    { type: simple('NONE'), text: 'none', literal: { kind: 'none' } },
    { type: simple('STRUCT'), text: '{"a": [1, null]}', literal: { kind: 'generic', value: { a: [1, null] } } },
    { type: { kind: 'enum', values: ['red', 'green'] } as const, text: 'red', literal: { kind: 'string', value: 'red' } },
    {
      type: { kind: 'blob', format: 'csv', multipart: false } as const,
      text: 's3://b/k',
      literal: { kind: 'blob', uri: 's3://b/k', format: 'csv', multipart: false },
    },
    {
      type: { kind: 'dataset', format: 'parquet', columns: [] } as const,
      text: 's3://b/k',
      literal: { kind: 'dataset', uri: 's3://b/k', format: 'parquet', columns: [] },
    },
    { type: { kind: 'schema', columns: [] } as const, text: 's3://b/k', literal: { kind: 'schema', uri: 's3://b/k', columns: [] } },
    {
      type: integers,
      text: '[1, 9007199254740993]',
      literal: {
        kind: 'collection',
        items: [
          { kind: 'integer', value: 1n },
          { kind: 'integer', value: 9007199254740993n },
        ],
      },
    },
    { type: floats, text: 'x: 1.5', literal: { kind: 'map', entries: new Map([['x', { kind: 'float', value: 1.5 }]]) } },
  ])('$text as $type', ({ type, text, literal }) => {
    expect(toLiteral(fromText(text, type, 'x'), type, 'x')).toEqual(literal);
  });

  test.each([
    { text: '5', value: { kind: 'integer', value: 5n } },
    { text: '5.5', value: { kind: 'float', value: 5.5 } },
    { text: 'five: [', value: { kind: 'string', value: 'five: [' } },
    { text: 'none', value: { kind: 'none' } },
    { text: '[5]', value: { kind: 'collection', items: [{ kind: 'integer', value: 5n }] } },
  ])('of a union, the narrowest variant that fits: $text', ({ text, value }) => {
    const type = optional(simple('STRING'), integers, simple('FLOAT'), simple('INTEGER'), simple('NONE'));
    expect(toLiteral(fromText(text, type, 'x'), type, 'x')).toMatchObject({ kind: 'union', value });
  });
});

test.each([
  { type: simple('INTEGER'), text: '5.0', message: 'input x: expected INTEGER, got "5.0"' },
  { type: simple('INTEGER'), text: '', message: 'input x: expected INTEGER, got ""' },
  { type: simple('FLOAT'), text: '0x10', message: 'input x: expected FLOAT' },
  { type: simple('BOOLEAN'), text: 'yes', message: 'input x: expected BOOLEAN' },
  { type: simple('DATETIME'), text: 'yesterday', message: 'input x: expected DATETIME' },
  { type: simple('DURATION'), text: 'long', message: 'input x: expected DURATION' },
  { type: simple('BINARY'), text: 'AA==', message: 'input x: expected BINARY' },
  { type: simple('STRUCT'), text: '[1]', message: 'input x: expected STRUCT' },
  { type: integers, text: '{"a": 1}', message: 'input x: expected list of INTEGER, got "{\\"a\\": 1}"' },
  { type: optional(simple('INTEGER'), simple('NONE')), text: 'x', message: 'input x: expected INTEGER or NONE, got "x"' },
])('$text is no $type.kind', ({ type, text, message }) => {
  expect(() => fromText(text, type, 'x')).toThrow(message);
});
