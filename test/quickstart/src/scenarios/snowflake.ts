import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { readTaskFile } from '@flyte-agents/cli';
import { createTwice } from '../create-twice.ts';
import { root, type Scenario } from '../scenario.ts';

const examples = join(root, 'examples');
const twice = `twice-${randomUUID().slice(0, 8)}`;
const config = { account: 'MYORG-MYACCOUNT', user: 'FLYTE', database: 'DEMO', schema: 'PUBLIC', warehouse: 'COMPUTE_WH' };

/** A query with outputs, an INSERT of many rows, one statement that is wrong, one that is cancelled, one sent twice; their SQL runs for real. */
export async function snowflakeScenarios(): Promise<readonly Scenario[]> {
  const [query, batch, broken, long] = await Promise.all(
    ['snowflake-query', 'snowflake-batch-insert', 'snowflake-broken', 'snowflake-long'].map((name) =>
      readTaskFile(join(examples, `${name}.yaml`)),
    ),
  );
  if (query === undefined || batch === undefined || broken === undefined || long === undefined) throw new Error('an example is missing');
  return [
    {
      name: 'Snowflake query',
      task: query,
      inputs: { least: 10n },
      expected: {
        phase: 'SUCCEEDED',
        message: /Snowflake query [0-9a-f-]+: SUCCESS/,
        outputs: /total=60.*results=snowflake:\/\/|results=snowflake:\/\/.*total=60/s,
      },
    },
    {
      name: 'Snowflake batch insert',
      task: batch,
      inputs: { id: [4n, 5n], note: ["it's", 'fine'] },
      expected: { phase: 'SUCCEEDED', message: /SUCCESS/ },
    },
    {
      name: 'Snowflake, wrong SQL',
      task: broken,
      inputs: {},
      expected: { phase: 'FAILED', message: /000904 \(42000\): SQL compilation error: .*; see https:\/\/app\.snowflake\.com\// },
    },
    {
      name: 'Snowflake, cancelled',
      task: long,
      inputs: {},
      cancelAfterMs: 1000,
      afterwards: async ({ snowflake }) => `states: ${snowflake.statements.map(({ state }) => state).join(' ')}`,
      expected: { phase: 'ABORTED', message: /cancelled/, outputs: /ABORTED/ },
    },
    {
      name: 'Snowflake, sent twice',
      task: broken,
      inputs: {},
      run: createTwice({ type: 'snowflake', config, target: { case: 'sql', value: { statement: 'SELECT 1' } } }, twice),
      afterwards: async ({ snowflake }) => `statements: ${snowflake.statements.filter(({ tag }) => tag.includes(twice)).length}`,
      expected: { phase: 'SUCCEEDED', message: /the same reference twice/, outputs: /statements: 1/ },
    },
  ];
}
