import { runSchedules, type WorldJob } from '@flyte-agents/testing';
import { expect, test } from 'vitest';
import type { NewStatement } from './client.ts';
import { SnowflakeWorld } from './__fixtures__/world.ts';

const custom = { account: 'ORG-ACC', user: 'FLYTE', database: 'DB', schema: 'PUBLIC', warehouse: 'WH' };
const task = {
  type: 'snowflake',
  custom,
  template: { target: { case: 'sql', value: { statement: 'INSERT INTO T VALUES (1)' } } },
} as const;

/** Its documentation to the letter: a request id is only known to be taken once its statement has succeeded. */
class LiteralWorld extends SnowflakeWorld {
  protected override takenBy(statement: NewStatement): WorldJob<NewStatement> | undefined {
    const job = super.takenBy(statement);
    return job?.state === 'succeeded' ? job : undefined;
  }
}

test('SF1: were a request id known only after success, a create would still start one statement, and break no other promise', async () => {
  const summary = await runSchedules({ world: () => new LiteralWorld(), task, guarantee: 'bestEffort', count: 500, seed: 1 });
  expect(summary.beyondReach).toBeLessThanOrEqual(100);
});
