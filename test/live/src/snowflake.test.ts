import { join } from 'node:path';
import { finish, startSnowflake } from '@flyte-agents/test-upstreams';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');

async function live(environment: Readonly<Record<string, string>>) {
  return finish(process.execPath, ['--conditions=@flyte-agents/source', main, 'snowflake'], { environment });
}

test('the smoke test of Snowflake names the variables that it misses, and does nothing', { timeout: 60_000 }, async () => {
  const { ended, output } = await live({ SNOWFLAKE_ACCOUNT: '' });
  expect({ ended, output }).toMatchObject({ ended: 'exit code 2', output: expect.stringContaining('SNOWFLAKE_ACCOUNT') });
});

test('the smoke test of Snowflake is good on a stand-in', { timeout: 60_000 }, async () => {
  const snowflake = await startSnowflake();
  const place = { SNOWFLAKE_ACCOUNT: 'MYORG-MYACCOUNT', SNOWFLAKE_USER: 'FLYTE', SNOWFLAKE_DATABASE: 'DEMO', SNOWFLAKE_WAREHOUSE: 'WH' };
  const { FLYTE_SNOWFLAKE_URL, _FSEC_SNOWFLAKE_PRIVATE_KEY: key } = snowflake.environment;
  const { ended, output } = await live({ ...place, FLYTE_SNOWFLAKE_URL, SNOWFLAKE_PRIVATE_KEY: key });
  await snowflake.stop();
  expect({ ended, output }).toMatchObject({ ended: 'exit code 0' });
  expect(output.match(/^✔/gm)).toHaveLength(4);
});
