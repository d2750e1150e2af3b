import type { JsonObject } from '@flyte-agents/core';
import { describe, expect, test } from 'vitest';
import { key, toTask } from './__fixtures__/task.ts';
import { toJob } from './client.ts';
import type { JobRef } from './config.ts';
import { toLinks, toPlace, toRegion, toResource } from './convert.ts';
import { toToken } from './convert/token.ts';

const ref: JobRef = { kind: 'training', region: 'us-east-2', name: 't', key, update: null, outputPrefix: null, hasOutputs: false };

function training(changes: JsonObject) {
  const record = {
    TrainingJobName: 't',
    TrainingJobArn: 'arn:t',
    TrainingJobStatus: 'Completed',
    SecondaryStatus: 'Completed',
    ...changes,
  };
  return toResource({ ref, job: toJob('training', record), ageMs: 0 });
}

function region(custom: object, inputs = {}): string {
  return toRegion(toTask({ custom: { config: {}, ...custom }, inputs }), 'eu-west-1');
}

test('SM5: the token of a request is that of flytekit', () => {
  const request = {
    EndpointConfigName: 'xgboost-endpoint-config-06e4b5d8b2e6c9a1',
    EndpointName: 'xgboost-endpoint-{idempotence_token}',
  };
  expect(toToken(request)).toBe('06662c844d87394f');
});

describe('SM6: a training job', () => {
  test('says what it is doing', () => {
    expect(training({ TrainingJobStatus: 'InProgress', SecondaryStatus: 'Uploading' })).toEqual({
      phase: 'RUNNING',
      message: expect.stringMatching(/^SageMaker training job \S+: Uploading$/),
    });
  });

  test('that failed says its name, why, and where to look', () => {
    const { phase, message } = training({
      TrainingJobStatus: 'Failed',
      SecondaryStatus: 'Failed',
      FailureReason: 'AlgorithmError: exit 1',
    });
    expect(phase).toBe('FAILED');
    expect(message).toMatch(/^SageMaker training job t: AlgorithmError: exit 1; see https:\/\/us-east-2\.console\.aws\.amazon\.com\//);
  });

  test('that ran for too long, or that somebody stopped, says so', () => {
    expect(training({ TrainingJobStatus: 'Stopped', SecondaryStatus: 'MaxRuntimeExceeded' }).message).toContain(
      'stopped: MaxRuntimeExceeded',
    );
    expect(training({ TrainingJobStatus: 'Stopped', SecondaryStatus: 'Stopped' })).toMatchObject({
      phase: 'FAILED',
      message: expect.stringContaining('it was stopped'),
    });
  });
});

test('SM10, C22: what spot training used and saved is in custom info', () => {
  const cluster = { InstanceType: 'ml.g5.xlarge', InstanceCount: 2, VolumeSizeInGB: 1 };
  const { customInfo } = training({
    ResourceConfig: cluster,
    EnableManagedSpotTraining: true,
    BillableTimeInSeconds: 40,
    TrainingTimeInSeconds: 100,
  });
  expect(customInfo).toEqual({
    instanceType: 'ml.g5.xlarge',
    instanceCount: 2,
    billableSeconds: 40,
    trainingSeconds: 100,
    instanceSeconds: 80,
    spotSavingsPercent: 60,
  });
});

test('SM4: no capacity comes with advice', () => {
  expect(training({ TrainingJobStatus: 'Failed', FailureReason: 'CapacityError: Unable to provision' })).toMatchObject({
    phase: 'RETRYABLE_FAILED',
    message: expect.stringContaining('another instance type, zone or region'),
  });
});

describe('SM7: the region', () => {
  test("is the input's, else the task's, else the server's", () => {
    const input = { region: { kind: 'string', value: 'cn-north-1' } };
    expect([region({}, input), region({}), region({ region: null })]).toEqual(['cn-north-1', 'us-east-2', 'eu-west-1']);
  });

  test.each([
    ['cn-north-1', 'https://cn-north-1.console.amazonaws.cn/'],
    ['us-gov-west-1', 'https://us-gov-west-1.console.amazonaws-us-gov.com/'],
  ])('of another partition has its console: %s', (where, console) => {
    expect(toLinks({ ...ref, region: where })[0]?.uri.startsWith(console)).toBe(true);
  });
});

test('SM12: serverless and async endpoints are endpoints, by their configs', () => {
  const task = toTask({ type: 'sagemaker-endpoint', custom: { config: { EndpointName: 'e', EndpointConfigName: 'serverless' } } });
  expect(toPlace(task, {})).toMatchObject({ kind: 'endpoint', names: ['e'], update: null });
  const record = {
    EndpointName: 'e',
    EndpointArn: 'arn:e',
    EndpointStatus: 'InService',
    ProductionVariants: [{ VariantName: 'v', CurrentServerlessConfig: { MemorySizeInMB: 2048 } }],
    AsyncInferenceConfig: { OutputConfig: { S3OutputPath: 's3://out' } },
  };
  const endpoint = { ...ref, kind: 'endpoint', name: 'e' } as const;
  expect(toResource({ ref: endpoint, job: toJob('endpoint', record), ageMs: 0 })).toMatchObject({ phase: 'SUCCEEDED' });
});
