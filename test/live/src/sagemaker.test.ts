import { join } from 'node:path';
import { finish } from '@flyte-agents/test-upstreams';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');

test('the smoke test of SageMaker names the variables that it misses, and does nothing', { timeout: 60_000 }, async () => {
  const environment = { SAGEMAKER_ROLE_ARN: '', SAGEMAKER_IMAGE: '' };
  const { ended, output } = await finish(process.execPath, ['--conditions=@flyte-agents/source', main, 'sagemaker'], { environment });
  expect({ ended, output }).toMatchObject({ ended: 'exit code 2', output: expect.stringContaining('SAGEMAKER_ROLE_ARN') });
});
