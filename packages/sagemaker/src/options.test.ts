import { expect, test } from 'vitest';
import { fromEnvironment } from './options.ts';

test('an operator sets nothing, or everything, by variables', () => {
  expect(fromEnvironment({ PATH: '/bin' })).toEqual({ region: undefined, studioDomain: undefined, allowed: undefined });
  expect(fromEnvironment({ AWS_REGION: 'us-east-2', FLYTE_BOTO_ALLOWED: 'sagemaker:list_*, sagemaker-runtime:invoke_endpoint' })).toEqual({
    region: 'us-east-2',
    allowed: ['sagemaker:list_*', 'sagemaker-runtime:invoke_endpoint'],
  });
  expect(fromEnvironment({ AWS_REGION: 'us-east-2', FLYTE_SAGEMAKER_REGION: 'eu-west-1' }).region).toBe('eu-west-1');
  expect(fromEnvironment({ AWS_REGION: '', AWS_DEFAULT_REGION: 'eu-west-1', FLYTE_SAGEMAKER_STUDIO_DOMAIN: 'd-abc123' })).toMatchObject({
    region: 'eu-west-1',
    studioDomain: 'd-abc123',
  });
  expect(() => fromEnvironment({ FLYTE_SAGEMAKER_STUDIO_DOMAIN: 'abc' })).toThrow('FLYTE_SAGEMAKER_STUDIO_DOMAIN');
});
