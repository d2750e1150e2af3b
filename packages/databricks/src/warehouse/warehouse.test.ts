import { createFetch, createLogger, ObjectStore, SecretSource } from '@flyte-agents/core';
import { expect, test, vi } from 'vitest';
import { exampleTask, key } from '../__fixtures__/tasks.ts';
import { DatabricksWorld } from '../__fixtures__/world.ts';
import type { DatabricksClient } from '../client.ts';
import { DatabricksError } from '../errors.ts';
import { DatabricksWarehouseAgent } from './agent.ts';
import type { WarehouseConfig } from './config.ts';

function play(action: WarehouseConfig['action'], state: string, change: DatabricksClient['changeWarehouse'] = async () => undefined) {
  const changeWarehouse = vi.fn<DatabricksClient['changeWarehouse']>(change);
  const client = { ...new DatabricksWorld().client(), warehouseState: async () => state, changeWarehouse };
  const agent = new DatabricksWarehouseAgent({ instance: 'acme.cloud.databricks.com', connect: () => client });
  const config = { instance: undefined, auth: {}, warehouseId: 'w1', action };
  const [project, domain] = ['p', 'd'];
  const done = agent.do(
    { ...exampleTask({}), config },
    {
      signal: new AbortController().signal,
      deadline: Date.now() + 10_000,
      project,
      domain,
      secrets: new SecretSource({ FLYTE_DATABRICKS_ACCESS_TOKEN: 'made-up' }, { files: false }).of({ project, domain }),
      fetch: createFetch(),
      store: new ObjectStore(),
      logger: createLogger({ level: 'silent' }),
      idempotencyKey: key,
    },
  );
  return { done, changeWarehouse };
}

test.each([
  ['start', 'STOPPED'],
  ['start', 'STOPPING'],
  ['stop', 'RUNNING'],
  ['stop', 'STARTING'],
] as const)('DB13: a %s reaches a warehouse that is %s', async (action, state) => {
  const { done, changeWarehouse } = play(action, state);
  expect(await done).toMatchObject({ phase: 'SUCCEEDED', message: `Databricks warehouse w1, which was ${state}, was told to ${action}` });
  expect(changeWarehouse.mock.calls).toEqual([['w1', action]]);
});

test.each([
  ['start', 'RUNNING'],
  ['start', 'STARTING'],
  ['stop', 'STOPPED'],
  ['stop', 'STOPPING'],
] as const)('DB13: a %s leaves a warehouse alone that is %s', async (action, state) => {
  const { done, changeWarehouse } = play(action, state);
  expect(await done).toMatchObject({ phase: 'SUCCEEDED', message: `Databricks warehouse w1 is ${state}` });
  expect(changeWarehouse).not.toHaveBeenCalled();
});

test('DB13, C9: who may not start a warehouse is told what to grant', async () => {
  const refused = new DatabricksError('no', { from: 'service', status: 403, reason: 'PERMISSION_DENIED' });
  const { done } = play('start', 'STOPPED', async () => {
    throw refused;
  });
  await expect(done).rejects.toMatchObject({ code: 'PERMISSION_DENIED', message: expect.stringContaining('start of warehouse w1') });
});
