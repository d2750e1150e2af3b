import { FlyteDatetime, type Literal, type SimpleType } from '@flyte-agents/core';
import { expect, test } from 'vitest';
import type { Rows } from '../client.ts';
import { toColumns } from './rows.ts';

const time: Literal = { kind: 'datetime', value: new FlyteDatetime(1_767_323_045n, 678_901_000) };

function column(type: string, v: string | null, simple: SimpleType, mode = 'NULLABLE'): Literal | undefined {
  return toColumns({ schema: { fields: [{ name: 'x', type, mode }] }, rows: [{ f: [{ v }] }] }, new Map([['x', simple]]))['x'];
}

test.each<[string, string, SimpleType, Literal]>([
  ['INTEGER', '-9223372036854775808', 'INTEGER', { kind: 'integer', value: -9_223_372_036_854_775_808n }],
  ['INT64', '2', 'FLOAT', { kind: 'float', value: 2 }],
  ['FLOAT', 'NaN', 'FLOAT', { kind: 'float', value: Number.NaN }],
  ['FLOAT64', '0.1', 'FLOAT', { kind: 'float', value: 0.1 }],
  ['BOOLEAN', 'false', 'BOOLEAN', { kind: 'boolean', value: false }],
  ['STRING', '', 'STRING', { kind: 'string', value: '' }],
  ['NUMERIC', '12345678901234567890.123456789', 'STRING', { kind: 'string', value: '12345678901234567890.123456789' }],
  ['NUMERIC', '12345678901234567890.123456789', 'FLOAT', { kind: 'float', value: 12_345_678_901_234_567_000 }],
  ['TIMESTAMP', '1767323045678901', 'DATETIME', time],
  ['TIMESTAMP', '-1', 'DATETIME', { kind: 'datetime', value: new FlyteDatetime(-1n, 999_999_000) }],
  ['DATETIME', '2026-01-02T03:04:05.678901', 'DATETIME', time],
  ['DATE', '2026-01-02', 'DATETIME', { kind: 'datetime', value: new FlyteDatetime(1_767_312_000n) }],
  ['TIME', '03:04:05', 'STRING', { kind: 'string', value: '03:04:05' }],
])('BQ14: a column of type %s with %j is an output of type %s', (type, v, simple, literal) => {
  expect(column(type, v, simple)).toEqual(literal);
});

test('BQ14: JSON is a struct', () => {
  expect(column('JSON', '{"a":[1,null]}', 'STRUCT')).toMatchObject({ kind: expect.stringMatching(/^(binary|generic)$/) });
});

test.each<[string, string | null, SimpleType, string]>([
  ['STRING', 'five', 'INTEGER', 'output x'],
  ['INTEGER', null, 'INTEGER', 'output x'],
])('BQ14: a column of type %s with %j is no output of type %s', (type, v, simple, message) => {
  expect(() => column(type, v, simple)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
  );
});

test.each<[string, Rows, string]>([
  ['no row', { rows: [] }, 'gave no row, but its outputs (x) are the columns of exactly one'],
  ['two rows', { rows: [{ f: [] }, { f: [] }] }, 'gave more than one row'],
  [
    'no such column',
    { schema: { fields: [{ name: 'y', type: 'STRING' }] }, rows: [{ f: [{ v: '' }] }] },
    'output x: the query gave no column of this name',
  ],
  [
    'a list',
    { schema: { fields: [{ name: 'x', type: 'INTEGER', mode: 'REPEATED' }] }, rows: [{ f: [{ v: [{ v: '1' }] }] }] },
    "BigQuery's ARRAY is no simple type",
  ],
  [
    'a record',
    { schema: { fields: [{ name: 'x', type: 'RECORD' }] }, rows: [{ f: [{ v: { f: [] } }] }] },
    "BigQuery's RECORD is no simple type",
  ],
])('BQ14: %s is told', (_name, rows, message) => {
  expect(() => toColumns(rows, new Map([['x', 'INTEGER']]))).toThrow(message);
});
