import type { Literal } from '@flyte-agents/core';
import { expect, test } from 'vitest';
import { custom, key, toTask, type TaskInit } from './__fixtures__/task.ts';
import { toNewStatement, toPlace, toRequestId, toTagStart } from './convert.ts';

function newStatement(init: TaskInit = {}) {
  const task = toTask(init);
  return toNewStatement(task, toPlace(task, {}), key);
}

function tagOf(init: TaskInit = {}): string {
  return String(Object.entries(newStatement(init).body['parameters'] ?? {}).find(([name]) => name === 'QUERY_TAG')?.[1]);
}

function collection(...values: readonly bigint[]): Literal {
  return { kind: 'collection', items: values.map((value) => ({ kind: 'integer', value })) };
}

test('SF1: the request id of an attempt is always the same UUID, and of another attempt another one', () => {
  expect(toRequestId(key)).toBe(toRequestId(key));
  expect(toRequestId(key)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it has the form of one
  expect(toRequestId('f'.repeat(32) as typeof key)).not.toBe(toRequestId(key));
  expect(newStatement().requestId).toBe(toRequestId(key));
});

test('SF13, C21: the tag says whose query it is, and holds the task’s own tag', () => {
  expect(JSON.parse(tagOf())).toEqual({
    flyte_key: key,
    project: 'flytesnacks',
    domain: 'development',
    execution: 'f3a9c1',
    node: 'n0',
    task: 'report',
    attempt: 1,
  });
  const connection_kwargs = { session_parameters: { query_tag: 'mine' } };
  const tag = tagOf({ custom: { ...custom, connection_kwargs } });
  expect(JSON.parse(tag)).toMatchObject({ tag: 'mine' });
  expect(tag.startsWith(toTagStart(key))).toBe(true);
  expect(newStatement({ custom: { ...custom, connection_kwargs } }).body['parameters']).not.toHaveProperty('query_tag');
  const long = { session_parameters: { QUERY_TAG: 'x'.repeat(2000) } };
  expect(() => newStatement({ custom: { ...custom, connection_kwargs: long } })).toThrow('QUERY_TAG');
});

test('SF6: without inputs a statement is sent as it is; with them, in Python’s form or bound', () => {
  const inputs = { n: { kind: 'integer', value: 5n } } as const;
  expect(newStatement({ sql: "SELECT '10%%'" }).body).toMatchObject({ statement: "SELECT '10%%'" });
  expect(newStatement({ sql: "SELECT '10%%', %(n)s", inputs }).body).toMatchObject({ statement: "SELECT '10%', 5" });
  expect(newStatement({ sql: 'SELECT :n', inputs }).body).toMatchObject({
    statement: 'SELECT ?',
    bindings: { 1: { type: 'FIXED', value: '5' } },
  });
  expect(newStatement({ sql: 'SELECT :n, %(n)s', inputs }).body).toMatchObject({ statement: 'SELECT :n, 5' });
  expect(newStatement({ sql: 'SELECT %(n)s', inputs: { n: { kind: 'none' } } }).body).toMatchObject({ statement: 'SELECT NULL' });
});

test('SF15: the lists of a batch are the rows of one INSERT', () => {
  const init = {
    custom: { ...custom, batch: true },
    sql: 'INSERT INTO T (A, B) VALUES (%(a)s, %(b)s)',
    inputs: { a: collection(1n, 2n), b: collection(3n, 4n) },
  };
  expect(newStatement(init).body).toMatchObject({ statement: 'INSERT INTO T (A, B) VALUES (1, 3), (2, 4)' });
});

test('SF11: how many statements there are is a parameter of the session', () => {
  const connection_kwargs = { session_parameters: { MULTI_STATEMENT_COUNT: 0 } };
  expect(newStatement({ custom: { ...custom, connection_kwargs }, sql: 'SELECT 1; SELECT 2' }).body).toMatchObject({
    statement: 'SELECT 1; SELECT 2',
    parameters: { MULTI_STATEMENT_COUNT: '0' },
  });
});

test('SF14: a result is unloaded to a stage by the statement itself', () => {
  const sql = 'COPY INTO @stage/%(path)s FROM (SELECT 1) FILE_FORMAT = (TYPE = PARQUET)';
  expect(() => newStatement({ sql: '' })).toThrow('template.sql.statement');
  expect(newStatement({ sql: sql.replace('%(path)s', 'out') }).body).toMatchObject({ statement: sql.replace('%(path)s', 'out') });
});

test('a statement that is too long is refused before Snowflake refuses it', () => {
  const inputs = { a: { kind: 'string', value: 'x'.repeat(1024 * 1024) } } as const;
  expect(() => newStatement({ sql: 'SELECT %(a)s', inputs })).toThrow('1048576 bytes');
});

test('C11: an output that no result gives is refused', () => {
  const outputs = { o: { kind: 'simple', simple: 'STRUCT' } } as const;
  expect(() => newStatement({ outputs })).toThrow('output o');
  expect(() => newStatement({ outputs: { o: { kind: 'collection', items: outputs.o } } })).toThrow('output o');
});
