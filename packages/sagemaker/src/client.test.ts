import { toSubmitFault } from '@flyte-agents/aws';
import { FaultyUpstream, type FaultKind } from '@flyte-agents/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { key } from './__fixtures__/task.ts';
import { connect, type SageMakerClient } from './client.ts';
import { asked, isInUse, isUnknown } from './errors.ts';

const { signal } = new AbortController();
const failedCheck = { ValidationStatuses: [{ Name: 'v', Status: 'Failed', FailureReason: 'no image' }], ImageScanStatuses: [] };
let upstream: FaultyUpstream;
let client: SageMakerClient;

beforeEach(async () => {
  upstream = await FaultyUpstream.start({ handler: ({ path, headers, body }) => answer(String(headers['x-amz-target'] ?? path), body) });
  vi.stubEnv('AWS_ENDPOINT_URL', upstream.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'access');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  client = await connect({ region: 'us-east-2', roleArn: undefined, externalId: undefined });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await upstream.close();
});

function refusal(type: string, message: string) {
  return { status: 400, body: { __type: type, message } };
}

function answer(operation: string, body: string) {
  if (body.includes('"taken"')) return refusal('ResourceInUse', 'Training job names must be unique');
  if (body.includes('"unknown"')) return refusal('ValidationException', 'Requested resource not found.');
  switch (operation) {
    case 'SageMaker.DescribeTrainingJob':
      return {
        body: {
          TrainingJobName: 't',
          TrainingJobArn: 'arn:t',
          TrainingJobStatus: 'InProgress',
          SecondaryStatus: 'Training',
          TrainingStartTime: 1_767_323_045,
        },
      };
    case 'SageMaker.DescribeEndpoint':
      return { body: { unheard: 'of' } };
    case 'SageMaker.StartPipelineExecution':
      return { body: { PipelineExecutionArn: 'arn:x' } };
    case 'SageMaker.DescribePipelineExecution':
      return { body: { PipelineExecutionArn: 'arn:x', PipelineExecutionStatus: 'Failed', FailureReason: 'no' } };
    case 'SageMaker.DescribeModelPackage':
      return { body: { ModelPackageArn: 'arn:v', ModelPackageStatus: 'Failed', ModelPackageStatusDetails: failedCheck } };
    case 'SageMaker.ListTags':
      return {
        body: body.includes('more') ? { Tags: [{ Key: 'b', Value: '2' }] } : { Tags: [{ Key: 'a', Value: '1' }], NextToken: 'more' },
      };
    case '/endpoints/ep/invocations':
      return { headers: { 'content-type': 'text/csv', 'x-amzn-invoked-production-variant': 'v' }, body: '0.5' };
    case 'Logs_20140328.FilterLogEvents':
      return { body: { events: [{ message: 'hello', timestamp: 1 }], nextToken: 'f/1' } };
    default:
      return { body: {} };
  }
}

test('SM6: a job is described, its times as text', async () => {
  expect(await client.describe('training', 't', signal)).toMatchObject({
    name: 't',
    arn: 'arn:t',
    status: 'InProgress',
    step: 'Training',
    hasStarted: true,
    record: { TrainingStartTime: '2026-01-02T03:04:05+00:00' },
  });
});

test('SM8: every kind has its operations', async () => {
  for (const [operation, kind, name] of [
    ['CreateTrainingJob', 'training', 'TrainingJobName'],
    ['CreateProcessingJob', 'processing', 'ProcessingJobName'],
    ['CreateTransformJob', 'transform', 'TransformJobName'],
    ['CreateHyperParameterTuningJob', 'tuning', 'HyperParameterTuningJobName'],
    ['CreateInferenceRecommendationsJob', 'recommender', 'JobName'],
    ['CreateAutoMLJobV2', 'autoMl', 'AutoMLJobName'],
    ['CreateEndpoint', 'endpoint', 'EndpointName'],
    ['CreateModelPackage', 'modelPackage', 'ModelPackageName'],
  ] as const) {
    await client.submit(operation, { [name]: 'n' });
    expect(upstream.requests.at(-1)?.headers['x-amz-target']).toBe(`SageMaker.${operation}`);
    await client.stop(kind, 'n', key);
    expect(JSON.parse(upstream.requests.at(-1)?.body ?? '')).toEqual({ [name]: 'n' });
  }
});

test('SM8: an execution of a pipeline is described and stopped by its ARN, with one key for one stop', async () => {
  expect(await client.submit('StartPipelineExecution', { PipelineName: 'p' })).toMatchObject({ PipelineExecutionArn: 'arn:x' });
  expect(await client.describe('pipeline', 'arn:x', signal)).toMatchObject({ name: 'arn:x', status: 'Failed', reason: 'no' });
  expect(JSON.parse(upstream.requests.at(-1)?.body ?? '')).toEqual({ PipelineExecutionArn: 'arn:x' });
  await client.stop('pipeline', 'arn:x', key);
  expect(JSON.parse(upstream.requests.at(-1)?.body ?? '')).toEqual({ PipelineExecutionArn: 'arn:x', ClientRequestToken: `${key}-stop` });
});

test('SM8: a version of a model package is described by its ARN, and says which check failed', async () => {
  expect(await client.describe('modelVersion', 'arn:v', signal)).toMatchObject({ name: 'arn:v', status: 'Failed', reason: 'no image' });
  expect(JSON.parse(upstream.requests.at(-1)?.body ?? '')).toEqual({ ModelPackageName: 'arn:v' });
});

test('SM1: what is in use, and what is not there, is told apart', async () => {
  const caught: unknown = await client.submit('CreateTrainingJob', { TrainingJobName: 'taken' }).catch((error: unknown) => error);
  expect([isInUse(caught), isUnknown(caught)]).toEqual([true, false]);
  const gone: unknown = await client.describe('training', 'unknown', signal).catch((error: unknown) => error);
  expect([isInUse(gone), isUnknown(gone)]).toEqual([false, true]);
});

test('SM1: tags are read to the last page', async () => {
  expect(await client.tags('arn:t', signal)).toEqual({ a: '1', b: '2' });
});

test('SM5: a call of the other service gives its answer as text, and what is known of it', async () => {
  const body = { EndpointName: 'ep', Body: '1,2', ContentType: 'text/csv' };
  expect(await client.call({ service: 'sagemaker-runtime', method: 'invoke_endpoint', body }, undefined)).toMatchObject({
    Body: '0.5',
    InvokedProductionVariant: 'v',
    $metadata: { httpStatusCode: 200 },
  });
});

test('SM11: a log is read by the beginning of its streams', async () => {
  const place = { group: '/aws/sagemaker/TrainingJobs', prefix: 't/', token: undefined, limit: 5 };
  expect(await client.readLog(place, signal)).toEqual({ events: [{ message: 'hello', timestamp: 1 }], nextToken: 'f/1' });
  expect(JSON.parse(upstream.requests.at(-1)?.body ?? '')).toEqual({ logGroupName: place.group, logStreamNamePrefix: 't/', limit: 5 });
});

describe('C10: a submit', () => {
  test.each<[FaultKind, string, 'no' | 'unknown']>([
    ['throttled', 'RESOURCE_EXHAUSTED', 'no'],
    ['unavailable', 'UNAVAILABLE', 'unknown'],
    ['lost-after', 'UNAVAILABLE', 'unknown'],
  ])('that is %s is %s, and submitted: %s', async (kind, code, submitted) => {
    upstream.fault({ kind });
    const caught: unknown = await client.submit('CreateTrainingJob', {}).catch((error: unknown) => error);
    expect(toSubmitFault(caught, asked('create'))).toMatchObject({ code, submitted });
    expect(upstream.requests).toHaveLength(1);
  });

  test('whose answer is none of AWS may have been taken', async () => {
    upstream.fault({ kind: 'malformed' });
    const caught: unknown = await client.describe('training', 't', signal).catch((error: unknown) => error);
    expect(toSubmitFault(caught, asked('create'))).toMatchObject({ code: 'UNAVAILABLE', submitted: 'unknown' });
  });
});

test('an endpoint that is none is no answer of AWS', async () => {
  await expect(client.describe('endpoint', 'e', signal)).rejects.toMatchObject({ message: 'the answer is not one of AWS' });
});

test('a read ends with its signal', async () => {
  upstream.fault({ kind: 'stall-before' });
  await expect(client.describe('training', 't', AbortSignal.timeout(100))).rejects.toThrow('no answer');
});
