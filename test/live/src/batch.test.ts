import { join } from 'node:path';
import { finish, startBatch } from '@flyte-agents/test-upstreams';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');

async function live(environment: Readonly<Record<string, string>>) {
  return finish(process.execPath, ['--conditions=@flyte-agents/source', main, 'batch'], { environment });
}

test('the smoke test of AWS Batch names the variables that it misses, and does nothing', { timeout: 60_000 }, async () => {
  const { ended, output } = await live({ BATCH_QUEUE: '' });
  expect({ ended, output }).toMatchObject({ ended: 'exit code 2', output: expect.stringContaining('BATCH_QUEUE') });
});

test('the smoke test of AWS Batch is good on a stand-in', { timeout: 60_000 }, async () => {
  const batch = await startBatch();
  const { ended, output } = await live({ ...batch.environment, BATCH_QUEUE: 'queue' });
  await batch.stop();
  expect({ ended, output }).toMatchObject({ ended: 'exit code 0' });
  expect(output.match(/^✔/gm)).toHaveLength(3);
});
