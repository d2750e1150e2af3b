import { Inputs, type Literal } from '@flyte-agents/core';
import { expect, test, vi } from 'vitest';
import { toContext } from './__fixtures__/context.ts';
import type { TableClient } from './client.ts';
import { tableConfig, type TableConfig } from './config.ts';
import { BigQueryError } from './errors.ts';
import { TableSensor } from './sensor.ts';

const dataset: Literal = { kind: 'dataset', uri: 'bq://p1:shop.orders', format: '', columns: [] };

class Tables implements TableClient {
  readonly table = vi.fn<TableClient['table']>(async () => ({ numRows: '9007199254740993' }));
  readonly partitions = vi.fn<TableClient['partitions']>(async () => ['20260101', '20260102']);
}

function toConfig(config: object): TableConfig {
  const result = tableConfig['~standard'].validate(config);
  if (result instanceof Promise || result.issues !== undefined) throw new Error(JSON.stringify(result));
  return result.value;
}

function look(config: object, tables = new Tables(), inputs: Readonly<Record<string, Literal>> = {}) {
  const sensor = new TableSensor({ connect: async () => tables });
  const task = { config: toConfig(config), inputs: Inputs.of(new Map(Object.entries(inputs))), outputs: new Set<string>() };
  sensor.check(task);
  return sensor.poke(task, toContext());
}

test('BQ15: a table is waited for', async () => {
  const tables = new Tables();
  tables.table.mockResolvedValueOnce(undefined);
  expect(await look({ table: 'p1.shop.orders' }, tables)).toEqual({ met: false, message: 'waiting for table p1:shop.orders' });
  expect(await look({ table: 'p1.shop.orders' }, tables)).toEqual({
    met: true,
    message: 'table p1:shop.orders is there',
    outputs: { table: dataset, rows: { kind: 'integer', value: 9_007_199_254_740_993n } },
  });
  expect(tables.partitions).not.toHaveBeenCalled();
});

test.each<Readonly<Record<string, Literal>>>([{ table: dataset }, { table: { kind: 'string', value: 'p1.shop.orders' } }])(
  'BQ15: the table may be an input: %o',
  async (inputs) => {
    expect(await look({}, new Tables(), inputs)).toMatchObject({ met: true });
  },
);

test('BQ15: a partition is waited for', async () => {
  expect(await look({ table: 'p1.shop.orders', partition: '20260102' })).toMatchObject({ met: true });
  expect(await look({ table: 'p1.shop.orders', partition: 20260103 })).toEqual({
    met: false,
    message: 'waiting for partition 20260103 of table p1:shop.orders',
  });
});

test('BQ15: rows are waited for', async () => {
  const tables = new Tables();
  tables.table.mockResolvedValue({ numRows: '9' });
  expect(await look({ table: 'p1.shop.orders', min_rows: 9 }, tables)).toMatchObject({ met: true });
  expect(await look({ table: 'p1.shop.orders', min_rows: '10' }, tables)).toEqual({
    met: false,
    message: 'waiting for 10 rows in table p1:shop.orders, which has 9',
  });
});

test.each([
  [{ table: 'orders' }, 'sensor_config.table: expected a table, bq://project:dataset.table'],
  [{}, 'input table'],
])('R4: %o is refused before any look', (config, message) => {
  expect(() => look(config)).toThrow(message);
});

test('SE4: refused access says what to grant', async () => {
  const tables = new Tables();
  tables.table.mockRejectedValue(new BigQueryError('Access Denied', { from: 'service', status: 403, reason: 'accessDenied' }));
  await expect(look({ table: 'p1.shop.orders' }, tables)).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
    message: expect.stringContaining('BigQuery table p1:shop.orders: 403 accessDenied Access Denied (grant'),
  });
});
