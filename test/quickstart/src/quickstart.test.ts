import { join } from 'node:path';
import { finish } from '@flyte-agents/test-upstreams';
import { expect, test } from 'vitest';

test('the quickstart ends well, and every task ends as it says it will', { timeout: 120_000 }, async () => {
  const main = join(import.meta.dirname, 'main.ts');
  const { ended, output } = await finish(process.execPath, ['--conditions=@flyte-agents/source', main]);
  expect({ ended, output }).toMatchObject({ ended: 'exit code 0' });
  expect(output).not.toContain('✖');
});
