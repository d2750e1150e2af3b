import { expect, test } from 'vitest';
import { fromEnvironment } from './options.ts';

test('an operator sets nothing, or everything, by variables', () => {
  expect(Object.values(fromEnvironment({ PATH: '/bin' })).filter((value) => value !== undefined)).toEqual([{}]);
  expect(
    fromEnvironment({
      FLYTE_BATCH_QUEUES: '{"sales/production":"fast","sales":"slow"}',
      FLYTE_BATCH_QUEUE: 'spot',
      FLYTE_BATCH_REGION: 'eu-west-1',
      FLYTE_BATCH_JOB_ROLE_ARN: 'job',
      FLYTE_BATCH_ROLE_ANNOTATION: 'role',
      FLYTE_BATCH_EXECUTION_ROLE_ARN: 'execution',
      FLYTE_BATCH_CPU: '500m',
      FLYTE_BATCH_MEMORY: '1Gi',
      FLYTE_BATCH_ENVIRONMENT: '{"A":"1"}',
      FLYTE_BATCH_ASSIGN_PUBLIC_IP: 'true',
      FLYTE_BATCH_RETRIES: '1',
      FLYTE_BATCH_TAGS: 'false',
      FLYTE_BATCH_STUCK_AFTER_MINUTES: '5',
    }),
  ).toEqual({
    queues: { 'sales/production': 'fast', sales: 'slow', '*': 'spot' },
    region: 'eu-west-1',
    jobRoleArn: 'job',
    roleAnnotation: 'role',
    executionRoleArn: 'execution',
    cpu: '500m',
    memory: '1Gi',
    environment: { A: '1' },
    assignPublicIp: true,
    batchRetries: true,
    tags: false,
    stuckAfterMinutes: 5,
  });
});

test('a variable that cannot be read stops the start, by its name', () => {
  expect(() => fromEnvironment({ FLYTE_BATCH_QUEUES: 'spot' })).toThrow('FLYTE_BATCH_QUEUES');
  expect(() => fromEnvironment({ FLYTE_BATCH_TAGS: 'perhaps' })).toThrow('FLYTE_BATCH_TAGS');
});
