import { FlagWorld } from './__fixtures__/flag-sensor.ts';
import { LookupWorld } from './__fixtures__/lookup-agent.ts';
import { PrivateSumWorld, SumWorld } from './__fixtures__/sum-agent.ts';
import { TokenWorld } from './__fixtures__/token-agent.ts';
import { testAgent } from './test-agent.ts';

testAgent({
  name: 'an agent whose service takes client tokens',
  world: () => new TokenWorld(),
  task: { type: 'token_query', custom: { query: 'select 1' }, outputs: { rows: { kind: 'integer', value: 3n } } },
  invalid: [
    { custom: {}, names: 'query' },
    { custom: { query: '' }, names: 'query' },
  ],
  schedules: 10_000,
});

testAgent({
  name: 'an agent that looks jobs up by their name',
  world: () => new LookupWorld(),
  task: { type: 'lookup_batch', custom: { queue: 'default' } },
  guarantee: 'atLeastOnce',
  invalid: [{ custom: { queue: 1 }, names: 'queue' }],
  schedules: 10_000,
});

const sum = {
  type: 'sum',
  inputs: { a: { kind: 'integer', value: 1n }, b: { kind: 'integer', value: 2n } },
  outputs: { o0: { kind: 'integer', value: 3n } },
} as const;

testAgent({ name: 'a sync agent', world: () => new SumWorld(), task: sum, schedules: 10_000 });

testAgent({ name: 'a sync agent whose results must not be stored', world: () => new PrivateSumWorld(), task: sum });

testAgent({
  name: 'a sensor',
  world: () => new FlagWorld(),
  task: { type: 'sensor', custom: { sensor_config: { kind: 'flag', flag: 'green' } } },
  invalid: [{ custom: { sensor_config: { kind: 'flag' } }, names: 'flag' }],
});
