import { testAgent } from '@flyte-agents/testing';
import { SqlWorld } from '../__fixtures__/sql-world.ts';

testAgent({
  name: 'DatabricksSqlAgent',
  world: () => new SqlWorld(),
  task: {
    type: 'databricks_sql',
    custom: { databricksWarehouseId: 'abc123' },
    outputs: { n: { kind: 'integer', value: 3n } },
    template: { target: { case: 'sql', value: { statement: 'SELECT count(*) AS n FROM sales' } } },
  },
  guarantee: 'atLeastOnce',
  schedules: 2000,
  invalid: [
    { custom: {}, names: 'databricksWarehouseId' },
    { custom: { databricksWarehouseId: 'abc123', databricksInstance: 'a.example/b' }, names: 'databricksInstance' },
  ],
});
