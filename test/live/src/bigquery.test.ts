import { join } from 'node:path';
import { finish, startBigQuery } from '@flyte-agents/test-upstreams';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');

async function live(environment: Readonly<Record<string, string>>) {
  return finish(process.execPath, ['--conditions=@flyte-agents/source', main, 'bigquery'], { environment });
}

test('the smoke test of BigQuery names the variable that it misses, and does nothing', { timeout: 60_000 }, async () => {
  expect(await live({ BIGQUERY_SMOKE_PROJECT: '' })).toMatchObject({
    ended: 'exit code 2',
    output: expect.stringContaining('bigquery needs BIGQUERY_SMOKE_PROJECT'),
  });
});

test('the smoke test of BigQuery is good on a stand-in', { timeout: 60_000 }, async () => {
  const bigquery = await startBigQuery();
  const { ended, output } = await live({ ...bigquery.environment, BIGQUERY_SMOKE_PROJECT: 'p' });
  await bigquery.stop();
  expect({ ended, output }).toMatchObject({ ended: 'exit code 0' });
  expect(output.match(/^✔/gm)).toHaveLength(4);
});
