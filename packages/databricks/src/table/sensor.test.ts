import {
  createFetch,
  createLogger,
  FlyteDatetime,
  Inputs,
  ObjectStore,
  SecretSource,
  type Literal,
  type PokeContext,
} from '@flyte-agents/core';
import { testAgent } from '@flyte-agents/testing';
import { expect, test, vi } from 'vitest';
import { TableWorld } from '../__fixtures__/table-world.ts';
import { DatabricksWorld } from '../__fixtures__/world.ts';
import type { DatabricksClient, Statement } from '../client.ts';
import { tableConfig, type TableConfig } from './config.ts';
import { DatabricksError } from '../errors.ts';
import { TableSensor } from './sensor.ts';

const hasTable = vi.fn<DatabricksClient['hasTable']>();
const executeStatement = vi.fn<DatabricksClient['executeStatement']>();
const day = { table: 'main.sales.orders', partition: { day: '2026-01-01' }, databricksWarehouseId: 'w1' };

function toContext(): PokeContext {
  const [project, domain] = ['p', 'd'];
  return {
    signal: new AbortController().signal,
    deadline: Date.now() + 10_000,
    project,
    domain,
    secrets: new SecretSource({ FLYTE_DATABRICKS_ACCESS_TOKEN: 'made-up' }, { files: false }).of({ project, domain }),
    fetch: createFetch(),
    store: new ObjectStore(),
    logger: createLogger({ level: 'silent' }),
    createdAt: Date.UTC(2026, 0, 2),
  };
}

function toConfig(config: object): TableConfig {
  const result = tableConfig['~standard'].validate(config);
  if (result instanceof Promise || result.issues !== undefined) throw new Error(JSON.stringify(result));
  return result.value;
}

function look(config: object, inputs: Readonly<Record<string, Literal>> = {}) {
  const client = { ...new DatabricksWorld().client(), hasTable, executeStatement };
  const sensor = new TableSensor({ instance: 'acme.cloud.databricks.com', connect: () => client });
  const task = { config: toConfig(config), inputs: Inputs.of(new Map(Object.entries(inputs))), outputs: new Set<string>() };
  sensor.check(task);
  return sensor.poke(task, toContext());
}

function answered(state: string, rows: readonly string[][] = [], error?: Statement['status']['error']): Statement {
  return { statement_id: 's1', status: { state, error }, result: { data_array: [...rows] } };
}

testAgent({
  name: 'TableSensor',
  world: () => new TableWorld(),
  task: {
    type: 'sensor',
    custom: {
      sensor_config: { kind: 'databricks_table', table: 'main.sales.orders', changedSince: 'start', databricksWarehouseId: 'w1' },
    },
  },
  guarantee: 'once',
  invalid: [
    { custom: { sensor_config: { kind: 'databricks_table', table: 'orders' } }, names: 'sensor_config.table' },
    { custom: { sensor_config: { kind: 'databricks_table' } }, names: 'table' },
    { custom: { sensor_config: { kind: 'databricks_table', table: 'a.b.c', changedSince: 'start' } }, names: 'databricksWarehouseId' },
  ],
  schedules: 1000,
});

test('DB17: a table is waited for, without a warehouse', async () => {
  executeStatement.mockReset();
  hasTable.mockResolvedValueOnce(false).mockResolvedValue(true);
  expect(await look({ table: 'main.sales.orders' })).toEqual({ met: false, message: 'waiting for table main.sales.orders' });
  expect(await look({ table: 'main.sales.orders' })).toEqual({ met: true, message: 'table main.sales.orders is there' });
  expect(await look({}, { table: { kind: 'string', value: 'main.sales.orders' } })).toMatchObject({ met: true });
  expect(hasTable).toHaveBeenLastCalledWith('main.sales.orders', expect.anything());
  expect(executeStatement).not.toHaveBeenCalled();
});

test('DB17: while the table is not there, no warehouse is woken for its partition', async () => {
  executeStatement.mockReset();
  hasTable.mockResolvedValue(false);
  expect(await look(day)).toMatchObject({ met: false });
  expect(executeStatement).not.toHaveBeenCalled();
});

test('DB17: rows of a partition are waited for, with its values bound', async () => {
  hasTable.mockResolvedValue(true);
  executeStatement.mockResolvedValueOnce(answered('SUCCEEDED')).mockResolvedValueOnce(answered('SUCCEEDED', [['1']]));
  const config = { ...day, partition: { day: "2026' OR 1", 'ho`ur': 3, late: true } };
  expect(await look(config)).toMatchObject({ met: false, message: expect.stringContaining('waiting for partition {"day"') });
  expect(await look(config)).toMatchObject({ met: true });
  expect(executeStatement.mock.lastCall?.[0]).toMatchObject({
    statement: 'SELECT 1 FROM `main`.`sales`.`orders` WHERE `day` = :p0 AND `ho``ur` = :p1 AND `late` = :p2 LIMIT 1',
    warehouse_id: 'w1',
    parameters: [
      { name: 'p0', value: "2026' OR 1", type: 'STRING' },
      { name: 'p1', value: '3', type: 'BIGINT' },
      { name: 'p2', value: 'true', type: 'BOOLEAN' },
    ],
  });
});

test.each<{ readonly config: object; readonly inputs?: Readonly<Record<string, Literal>>; readonly after: readonly string[] }>([
  { config: { changedSince: '2026-01-01T00:00:00+01:00' }, after: ['timestamp', '2026-01-01T00:00:00+01:00', 'TIMESTAMP'] },
  { config: { changedSince: 'start' }, after: ['timestamp', '2026-01-02T00:00:00.000Z', 'TIMESTAMP'] },
  { config: { changedAfterVersion: 0 }, after: ['version', '0', 'BIGINT'] },
  {
    config: {},
    inputs: { changedSince: { kind: 'datetime', value: new FlyteDatetime(1_767_225_600n, 0) } },
    after: ['timestamp', '2026-01-01T00:00:00Z', 'TIMESTAMP'],
  },
])('DB17: a change of a Delta table is waited for: $config', async ({ config, inputs = {}, after: [column, value, type] }) => {
  hasTable.mockResolvedValue(true);
  executeStatement.mockResolvedValueOnce(answered('SUCCEEDED')).mockResolvedValueOnce(answered('SUCCEEDED', [['7']]));
  const changes = { table: 'main.sales.orders', databricksWarehouseId: 'w1', ...config };
  expect(await look(changes, inputs)).toMatchObject({ met: false, message: expect.stringContaining('waiting for a change of table') });
  expect(await look(changes, inputs)).toMatchObject({ met: true });
  const [body] = executeStatement.mock.lastCall ?? [];
  expect(body).toMatchObject({ warehouse_id: 'w1', parameters: [{ name: 'p0', value, type }] });
  expect(body?.['statement']).toContain(`(DESCRIBE HISTORY \`main\`.\`sales\`.\`orders\`) WHERE ${column} > :p0 AND`);
  // What leaves the data as it was is no change.
  expect(body?.['statement']).toMatch(/operation NOT IN \(.*'OPTIMIZE'.*'VACUUM END'.*\)/);
});

test('DB17: a warehouse that is still starting is waited for', async () => {
  hasTable.mockResolvedValue(true);
  executeStatement.mockResolvedValue(answered('CANCELED'));
  expect(await look(day)).toMatchObject({ met: false, message: expect.stringContaining('warehouse w1 has not answered yet') });
});

test.each([
  ['TEMPORARILY_UNAVAILABLE', 'later', 'UNAVAILABLE'],
  ['BAD_REQUEST', '[UNRESOLVED_COLUMN] dya', 'INVALID_ARGUMENT'],
  ['BAD_REQUEST', '[INSUFFICIENT_PERMISSIONS] no SELECT', 'PERMISSION_DENIED'],
])('DB17, SE4: a look that fails with %s %s is %s', async (error_code, message, code) => {
  hasTable.mockResolvedValue(true);
  executeStatement.mockResolvedValue(answered('FAILED', [], { error_code, message }));
  await expect(look(day)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
});

test.each([
  [{ table: 'orders' }, 'sensor_config.table: expected a table, catalog.schema.table'],
  [{}, 'input table'],
  [{ ...day, databricksWarehouseId: null }, 'databricksWarehouseId'],
  [{ ...day, partition: {} }, 'must name a column'],
  [{ ...day, changedSince: 'start' }, 'is not looked for together with partition'],
  [{ table: 'main.sales.orders', changedSince: 'start' }, 'changedSince is looked for by a warehouse'],
  [{ table: 'main.sales.orders', changedSince: 'yesterday' }, 'a time with its zone'],
  [{ table: 'main.sales.orders', changedAfterVersion: -1 }, 'changedAfterVersion'],
  [{ ...day, databricksInstance: 'evil.example' }, 'tokens are not sent to evil.example'],
])('DB17, R4: %o is refused before any look', (config, message) => {
  expect(() => look(config)).toThrow(message);
});

test('DB17, R4: an input that names a time needs a warehouse too', () => {
  const since: Literal = { kind: 'datetime', value: new FlyteDatetime(0n, 0) };
  expect(() => look({ table: 'main.sales.orders' }, { changedSince: since })).toThrow('databricksWarehouseId');
});

test('SE4: refused access says what to grant', async () => {
  hasTable.mockRejectedValue(new DatabricksError('no', { from: 'service', status: 403, reason: 'PERMISSION_DENIED' }));
  await expect(look(day)).rejects.toMatchObject({ code: 'PERMISSION_DENIED', message: expect.stringContaining('grant') });
});
