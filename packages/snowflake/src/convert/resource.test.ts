import { FlyteDatetime } from '@flyte-agents/core';
import { expect, test } from 'vitest';
import type { Statement } from '../client.ts';
import type { JobRef, OutputType } from '../config.ts';
import { neededPartitions } from './columns.ts';
import { toLink, toResource } from './resource.ts';

const queryId = '01b2c3d4-0000-1111-0000-000000000001';
const ref: JobRef = {
  account: 'ORG-ACC',
  user: 'FLYTE',
  database: 'DB',
  schema: 'PUBLIC',
  warehouse: 'WH',
  role: null,
  authenticator: null,
  origin: null,
  sdk: 'flyte-sdk',
  outputs: {},
  queryId,
  by: 'api',
};
const running: Statement = { handle: queryId, state: 'RUNNING', handles: [], columns: [], rows: [], partitions: [], stats: {} };
const success: Statement = { ...running, state: 'SUCCESS' };
const failed: Statement = {
  ...running,
  state: 'FAILED',
  code: '000904',
  sqlState: '42000',
  message: 'SQL compilation error: error line 1 at position 7',
};

test.each([
  ['flytekit', `snowflake://FLYTE:ORG-ACC/WH/DB/PUBLIC/${queryId}`],
  ['flyte-sdk', `snowflake://FLYTE/ORG-ACC/WH/DB/PUBLIC/${queryId}`],
] as const)('SF9: the result of a task of %s is at %s', (sdk, uri) => {
  const { outputs } = toResource({ ref: { ...ref, sdk, outputs: { results: 'TABLE' } }, statement: success, children: [] });
  expect(outputs).toEqual({ results: { kind: 'dataset', uri, format: '', columns: [] } });
  expect(toResource({ ref, statement: success, children: [] })).not.toHaveProperty('outputs');
});

test.each([
  ['QUEUED', 'WAITING_FOR_RESOURCES'],
  ['RESUMING_WAREHOUSE', 'INITIALIZING'],
  ['BLOCKED', 'WAITING_FOR_RESOURCES'],
  // The SQL API, which has the result, does not show its end yet.
  ['SUCCESS', 'RUNNING'],
  ['FAILED_WITH_INCIDENT', 'RETRYABLE_FAILED'],
])('SF16: a query that the session calls %s is %s', (state, phase) => {
  expect(toResource({ ref, statement: running, progress: { state }, children: [] })).toMatchObject({ phase });
});

test('SF2: without a session, a query that has not ended is running', () => {
  expect(toResource({ ref, statement: running, children: [] })).toMatchObject({
    phase: 'RUNNING',
    message: `Snowflake query ${queryId}: RUNNING`,
  });
});

test('SF7, C9: a failure says the query, the code, the SQLSTATE, the message and where to look', () => {
  expect(toResource({ ref, statement: failed, children: [] })).toMatchObject({
    phase: 'FAILED',
    message: `Snowflake query ${queryId}: 000904 (42000): SQL compilation error: error line 1 at position 7; see ${toLink(ref).uri}`,
  });
});

test('SF2, P6: a query that somebody cancelled, or that timed out, has failed and says so', () => {
  const cancelled: Statement = { ...failed, code: '000604', sqlState: '57014', message: 'SQL execution canceled' };
  expect(toResource({ ref, statement: cancelled, children: [] })).toMatchObject({
    phase: 'FAILED',
    message: expect.stringContaining('the query was cancelled or timed out: SQL execution canceled'),
  });
});

test('SF2: of a query of a Python agent, only the session tells', () => {
  const legacy: JobRef = { ...ref, by: 'session', outputs: { results: 'TABLE' } };
  expect(toResource({ ref: legacy, progress: { state: 'SUCCESS' }, children: [] })).toMatchObject({
    phase: 'SUCCEEDED',
    outputs: { results: { kind: 'dataset' } },
  });
  expect(toResource({ ref: legacy, progress: { state: 'FAILED_WITH_ERROR', code: '904', message: 'bad' }, children: [] })).toMatchObject({
    phase: 'FAILED',
    message: expect.stringContaining('904: bad; see'),
  });
});

test('SF11: of several statements each is told, the last one’s result counts, and a failure names its statement', () => {
  const children = ['c1', 'c2'].map((handle): Statement => ({ ...success, handle }));
  const parent: Statement = { ...success, handles: ['c1', 'c2'] };
  expect(toResource({ ref: { ...ref, outputs: { results: 'TABLE' } }, statement: parent, children })).toMatchObject({
    outputs: { results: { uri: 'snowflake://FLYTE/ORG-ACC/WH/DB/PUBLIC/c2' } },
    customInfo: {
      statements: [
        { queryId: 'c1', state: 'SUCCESS' },
        { queryId: 'c2', state: 'SUCCESS' },
      ],
    },
  });
  const broken = [children[0] ?? success, { ...failed, handle: 'c2' }];
  expect(toResource({ ref, statement: { ...failed, handles: ['c1', 'c2'] }, children: broken })).toMatchObject({
    phase: 'FAILED',
    message: expect.stringContaining(`${queryId} in statement 2 (c2): 000904`),
  });
});

test.each<[OutputType, string, string | null, object]>([
  ['INTEGER', 'fixed', '9007199254740993', { kind: 'integer', value: 9_007_199_254_740_993n }],
  ['FLOAT', 'real', '0.25', { kind: 'float', value: 0.25 }],
  ['FLOAT', 'fixed', '1.50', { kind: 'float', value: 1.5 }],
  ['STRING', 'text', 'x', { kind: 'string', value: 'x' }],
  ['BOOLEAN', 'boolean', 'true', { kind: 'boolean', value: true }],
  ['DATETIME', 'date', '20455', { kind: 'datetime', value: new FlyteDatetime(1_767_312_000n) }],
  ['DATETIME', 'timestamp_ntz', '1767323045.678901000', { kind: 'datetime', value: new FlyteDatetime(1_767_323_045n, 678_901_000) }],
  ['DATETIME', 'timestamp_tz', '1767323045.000000000 1440', { kind: 'datetime', value: new FlyteDatetime(1_767_323_045n) }],
  ['STRING', 'text', null, { kind: 'none' }],
])('SF14: an output that is %s is the column of the only row, of type %s: %s', (type, column, text, literal) => {
  const statement: Statement = {
    ...success,
    columns: [
      { name: 'OTHER', type: 'text' },
      { name: 'TOTAL', type: column },
    ],
    rows: [['-', text]],
  };
  const { outputs } = toResource({ ref: { ...ref, outputs: { total: type } }, statement, children: [] });
  expect(outputs).toEqual({ total: literal });
});

test.each([
  [{ columns: [{ name: 'X', type: 'fixed' }], rows: [['1']] }, 'gave 1 rows of X'],
  [{ columns: [{ name: 'TOTAL', type: 'fixed' }], rows: [] }, 'gave 0 rows'],
  [{ columns: [{ name: 'TOTAL', type: 'fixed' }], rows: [['1'], ['2']], rowCount: 2 }, 'gave 2 rows'],
  [{ columns: [{ name: 'TOTAL', type: 'text' }], rows: [['many']] }, 'type text, the task declares INTEGER'],
])('SF14: a result without the output is refused: %j', (result, message) => {
  const findings = { ref: { ...ref, outputs: { total: 'INTEGER' } } as const, statement: { ...success, ...result }, children: [] };
  expect(() => toResource(findings)).toThrow(message);
});

const list: JobRef = { ...ref, outputs: { total: { list: 'INTEGER' } } };
const three: Statement = { ...success, columns: [{ name: 'TOTAL', type: 'fixed' }], rows: [['1'], [null]], rowCount: 3 };

test('SF14: a list is the column of all rows, from all partitions', () => {
  const { outputs } = toResource({ ref: list, statement: three, children: [], rest: [['3']] });
  const items = [{ kind: 'integer', value: 1n }, { kind: 'none' }, { kind: 'integer', value: 3n }];
  expect(outputs).toEqual({ total: { kind: 'collection', items } });
  const none = { ...three, rows: [], rowCount: 0 };
  expect(toResource({ ref: list, statement: none, children: [] }).outputs).toEqual({ total: { kind: 'collection', items: [] } });
});

test('SF14: a list is whole or refused, and one of another type too', () => {
  expect(() => toResource({ ref: list, statement: three, children: [] })).toThrow('gave 2 of 3 rows of TOTAL');
  expect(() => toResource({ ref: list, statement: three, children: [], rest: [['x']] })).toThrow('the task declares list of INTEGER');
});

test('SF14: the partitions after the first one are needed for lists alone, of results that are not too large', () => {
  const large = { ...three, partitions: [10, 20, 30] };
  expect(neededPartitions(list, large)).toEqual([1, 2]);
  expect(neededPartitions({ ...ref, outputs: { total: 'INTEGER', results: 'TABLE' } }, { ...large, rowCount: 1e9 })).toEqual([]);
  expect(neededPartitions(list, { ...large, rowCount: 10_000 })).toEqual([1, 2]);
  expect(() => neededPartitions(list, { ...large, rowCount: 10_001 })).toThrow(
    `${queryId}: output total: the result has 10001 rows in 60 bytes, and a list takes 10000 in 2097152: declare a structured dataset`,
  );
  expect(() => neededPartitions(list, { ...large, partitions: [10, 2 ** 21] })).toThrow('3 rows in 2097162 bytes');
});

test('C22: what a statement did is told', () => {
  const statement: Statement = { ...success, rowCount: 1, stats: { numRowsInserted: 3 } };
  expect(toResource({ ref, statement, children: [] }).customInfo).toEqual({ rows: 1, numRowsInserted: 3 });
});
