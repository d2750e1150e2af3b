import { FlyteDatetime, Inputs, type Literal, type SimpleType, type Task } from '@flyte-agents/core';
import { expect, test } from 'vitest';
import type { Statement } from '../client.ts';
import { exampleTask, key } from '../__fixtures__/tasks.ts';
import type { StatementConfig, StatementRef } from './config.ts';
import { toResource, toStatement, toWait } from './convert.ts';
import { statementPhase } from './states.ts';

test.each([
  ['PENDING', undefined, 'WAITING_FOR_RESOURCES'],
  ['RUNNING', undefined, 'RUNNING'],
  ['SUCCEEDED', undefined, 'SUCCEEDED'],
  ['CLOSED', undefined, 'SUCCEEDED'],
  ['CANCELED', undefined, 'FAILED'],
  ['FAILED', 'BAD_REQUEST', 'FAILED'],
  ['FAILED', 'TEMPORARILY_UNAVAILABLE', 'RETRYABLE_FAILED'],
  ['FAILED', 'RESOURCE_EXHAUSTED', 'RETRYABLE_FAILED'],
  ['HIBERNATING', undefined, 'RUNNING'],
])('DB13, R10: a statement that is %s (%s) is %s', (state, code, phase) => {
  expect(statementPhase({ status: { state, error: code === undefined ? null : { error_code: code } } })).toBe(phase);
});

function sqlTask(sql: string, inputs: Readonly<Record<string, Literal>> = {}): Task<StatementConfig> {
  const task = exampleTask({});
  const config = { instance: undefined, auth: {}, warehouseId: 'w1', catalog: 'main', schema: undefined };
  return { ...task, config, inputs: Inputs.of(new Map(Object.entries(inputs))), template: { ...task.template, sql } };
}

test('DB13: inputs are bound as parameters of their types, never spliced', () => {
  const task = sqlTask('SELECT :n', {
    n: { kind: 'integer', value: 9007199254740993n },
    f: { kind: 'float', value: 0.5 },
    b: { kind: 'boolean', value: true },
    s: { kind: 'string', value: "'; DROP TABLE x; --" },
    at: { kind: 'datetime', value: new FlyteDatetime(1_767_225_600n, 0) },
    none: { kind: 'union', value: { kind: 'none' }, type: { kind: 'simple', simple: 'NONE' } },
  });
  expect(toStatement(task, key)).toEqual({
    statement: `/* flyte-${key} */ SELECT :n`,
    warehouse_id: 'w1',
    catalog: 'main',
    parameters: [
      { name: 'n', value: '9007199254740993', type: 'BIGINT' },
      { name: 'f', value: '0.5', type: 'DOUBLE' },
      { name: 'b', value: 'true', type: 'BOOLEAN' },
      { name: 's', value: "'; DROP TABLE x; --", type: 'STRING' },
      { name: 'at', value: '2026-01-01T00:00:00Z', type: 'TIMESTAMP' },
      { name: 'none', type: 'STRING' },
    ],
    disposition: 'INLINE',
    format: 'JSON_ARRAY',
    row_limit: 2,
  });
});

test.each([
  [9500, '5s'],
  [7000, '5s'],
  [6999, '0s'],
  [2700, '0s'],
  [-1, '0s'],
])('DB13, R5: a submit with %s ms waits %s for the statement, and leaves it running', (remainingMs, wait) => {
  expect(toWait(remainingMs)).toEqual({ wait_timeout: wait, on_wait_timeout: 'CONTINUE' });
});

test('C11: a task without a statement is refused', () => {
  expect(() => toStatement(sqlTask(' '), key)).toThrow('template.sql');
});

function refOf(outputs: Readonly<Record<string, SimpleType>>): StatementRef {
  return { host: 'acme.cloud.databricks.com', auth: {}, warehouseId: 'w1', outputs, statementId: 's1' };
}

function resultOf(rows: readonly (string | null)[][], ...columns: readonly string[]): Statement {
  return {
    statement_id: 's1',
    status: { state: 'SUCCEEDED' },
    manifest: { schema: { columns: columns.map((name) => ({ name })) }, total_row_count: rows.length },
    result: { data_array: [...rows] },
  };
}

test.each([
  ['INTEGER', '9007199254740993', { kind: 'integer', value: 9007199254740993n }],
  ['FLOAT', '0.5', { kind: 'float', value: 0.5 }],
  ['BOOLEAN', 'true', { kind: 'boolean', value: true }],
  ['STRING', '3', { kind: 'string', value: '3' }],
  ['DATETIME', '2026-01-01T00:00:00.5Z', { kind: 'datetime', value: new FlyteDatetime(1_767_225_600n, 500_000_000) }],
  ['DATETIME', '2026-01-01', { kind: 'datetime', value: new FlyteDatetime(1_767_225_600n, 0) }],
] as const)('DB13: a column of the only row is an output: %s %s', (simple, text, literal) => {
  expect(toResource(refOf({ x: simple }), resultOf([[text]], 'x')).outputs).toEqual({ x: literal });
});

test.each([
  [resultOf([], 'x'), 'no row'],
  [resultOf([['1'], ['2']], 'x'), 'more than one row'],
  [resultOf([['1']], 'y'), 'output x'],
  [resultOf([['many']], 'x'), 'output x'],
])('DB13: a result that is none of the outputs fails the task: %#', (statement, reason) => {
  expect(() => toResource(refOf({ x: 'INTEGER' }), statement)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(reason) }),
  );
});

test('DB13: a statement without outputs may have any result', () => {
  expect(toResource(refOf({}), resultOf([], 'x'))).toMatchObject({
    phase: 'SUCCEEDED',
    outputs: {},
    customInfo: { statementId: 's1', rows: 0 },
  });
});

test('C9: a failure says what the warehouse said', () => {
  const status = { state: 'FAILED', error: { error_code: 'BAD_REQUEST', message: '[TABLE_OR_VIEW_NOT_FOUND] sales' } };
  expect(toResource(refOf({}), { statement_id: 's1', status })).toMatchObject({
    phase: 'FAILED',
    message: 'Databricks statement s1: FAILED: BAD_REQUEST: [TABLE_OR_VIEW_NOT_FOUND] sales',
  });
});
