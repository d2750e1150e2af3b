import { testAgent } from '@flyte-agents/testing';
import { SnowflakeWorld } from './__fixtures__/world.ts';

const custom = { account: 'ORG-ACC', user: 'FLYTE', database: 'DB', schema: 'PUBLIC', warehouse: 'WH' };

testAgent({
  name: 'SnowflakeAgent',
  world: () => new SnowflakeWorld(),
  task: {
    type: 'snowflake',
    custom,
    outputs: { total: { kind: 'integer', value: 3n } },
    template: { target: { case: 'sql', value: { statement: 'SELECT COUNT(*) AS TOTAL FROM T' } } },
  },
  guarantee: 'once',
  invalid: [
    { custom: { ...custom, account: null }, names: 'account' },
    { custom: { ...custom, warehouse: 5 }, names: 'warehouse' },
    { custom: { ...custom, connection_kwargs: { password: 'hunter2hunter2' } }, names: 'connection_kwargs.password' },
    { custom: { ...custom, connection_kwargs: { host: 'evil.example' } }, names: 'evil.example' },
    { custom: { ...custom, connection_kwargs: { authenticator: 'externalbrowser' } }, names: 'authenticator' },
  ],
  schedules: 10_000,
});
