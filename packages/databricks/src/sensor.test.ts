import { createFetch, createLogger, Inputs, ObjectStore, SecretSource, type AgentContext, type Literal } from '@flyte-agents/core';
import { expect, test, vi } from 'vitest';
import { DatabricksWorld } from './__fixtures__/world.ts';
import type { DatabricksClient, Statement } from './client.ts';
import { tableConfig, type TableConfig } from './config.ts';
import { DatabricksError } from './errors.ts';
import { TableSensor } from './sensor.ts';

const hasTable = vi.fn<DatabricksClient['hasTable']>();
const executeStatement = vi.fn<DatabricksClient['executeStatement']>();
const day = { table: 'main.sales.orders', partition: { day: '2026-01-01' }, databricksWarehouseId: 'w1' };

function toContext(): AgentContext {
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
  [{ ...day, databricksInstance: 'evil.example' }, 'tokens are not sent to evil.example'],
])('DB17, R4: %o is refused before any look', (config, message) => {
  expect(() => look(config)).toThrow(message);
});

test('SE4: refused access says what to grant', async () => {
  hasTable.mockRejectedValue(new DatabricksError('no', { from: 'service', status: 403, reason: 'PERMISSION_DENIED' }));
  await expect(look(day)).rejects.toMatchObject({ code: 'PERMISSION_DENIED', message: expect.stringContaining('grant') });
});
