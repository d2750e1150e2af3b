import { testAgent } from '@flyte-agents/testing';
import { WarehouseWorld } from '../__fixtures__/warehouse-world.ts';

testAgent({
  name: 'DatabricksWarehouseAgent',
  world: () => new WarehouseWorld(),
  task: { type: 'databricks_warehouse', custom: { databricksWarehouseId: 'w1', databricksWarehouseAction: 'start' }, outputs: {} },
  guarantee: 'atLeastOnce',
  schedules: 2000,
  invalid: [
    { custom: { databricksWarehouseAction: 'start' }, names: 'databricksWarehouseId' },
    { custom: { databricksWarehouseId: 'w1', databricksWarehouseAction: 'drop' }, names: 'databricksWarehouseAction' },
  ],
});
