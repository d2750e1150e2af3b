import { join } from 'node:path';
import { finish, startDatabricks } from '@flyte-agents/test-upstreams';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');

async function live(environment: Readonly<Record<string, string>>) {
  return finish(process.execPath, ['--conditions=@flyte-agents/source', main, 'databricks'], { environment });
}

test('the smoke test of Databricks names the variables that it misses, and does nothing', { timeout: 60_000 }, async () => {
  const { ended, output } = await live({ FLYTE_DATABRICKS_INSTANCE: '', FLYTE_DATABRICKS_ACCESS_TOKEN: '' });
  expect(ended).toBe('exit code 2');
  expect(output).toContain('databricks needs FLYTE_DATABRICKS_INSTANCE and FLYTE_DATABRICKS_ACCESS_TOKEN');
});

test('the smoke test of Databricks is good on a stand-in', { timeout: 60_000 }, async () => {
  const workspace = await startDatabricks();
  const smoke = { DATABRICKS_SMOKE_WAREHOUSE: 'w1', DATABRICKS_SMOKE_NOTEBOOK: '/Shared/smoke' };
  const { ended, output } = await live({ ...workspace.environment, ...smoke });
  await workspace.stop();
  expect({ ended, output }).toMatchObject({ ended: 'exit code 0' });
  expect(output.match(/^✔/gm)).toHaveLength(4);
});
