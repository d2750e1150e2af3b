import { join } from 'node:path';
import { finish, startSageMaker } from '@flyte-agents/test-upstreams';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, 'main.ts');

async function live(environment: Readonly<Record<string, string>>) {
  return finish(process.execPath, ['--conditions=@flyte-agents/source', main, 'sagemaker'], { environment });
}

test('the smoke test of SageMaker names the variables that it misses, and does nothing', { timeout: 60_000 }, async () => {
  const { ended, output } = await live({ SAGEMAKER_ROLE_ARN: '', SAGEMAKER_IMAGE: '' });
  expect({ ended, output }).toMatchObject({ ended: 'exit code 2', output: expect.stringContaining('SAGEMAKER_ROLE_ARN') });
});

test('the smoke test of SageMaker is good on a stand-in', { timeout: 60_000 }, async () => {
  const sageMaker = await startSageMaker();
  const role = { SAGEMAKER_ROLE_ARN: 'arn:aws:iam::123456789012:role/sagemaker', SAGEMAKER_IMAGE: 'busybox' };
  const { ended, output } = await live({ ...sageMaker.environment, ...role });
  await sageMaker.stop();
  expect({ ended, output }).toMatchObject({ ended: 'exit code 0' });
  expect(output.match(/^✔/gm)).toHaveLength(3);
});
