import { readFileSync } from 'node:fs';
import { create, fromBinary, toBinary, toJson } from '@bufbuild/protobuf';
import { createLogger, startServer, toValue, type AgentServer } from '@flyte-agents/core';
import { connect, type Connection } from '@flyte-agents/proto/client';
import * as flyte1 from '@flyte-agents/proto/flyte1';
import { BotoAgent, SageMakerAgent } from '@flyte-agents/sagemaker';
import { FaultyUpstream } from '@flyte-agents/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fixturePath } from './fixtures.ts';

/** What a Python agent asked of AWS. */
interface PythonCalls {
  readonly calls: readonly { readonly method: string; readonly client: { readonly region_name: string }; readonly request: Body }[];
}

/** What is read of a resource of a Python agent. */
interface PythonResource {
  readonly phase: string;
  readonly message?: string;
  readonly outputs?: { readonly literals: Readonly<Record<string, PythonLiteral>> };
}

interface PythonLiteral {
  readonly scalar: { readonly binary?: { readonly value: string }; readonly primitive?: { readonly stringValue: string } };
}

type Body = Readonly<Record<string, unknown>>;

const jobs: readonly (readonly [name: string, operation: string])[] = [
  ['endpoint-idempotence-token', 'CreateEndpoint'],
  ['endpoint-region-at-runtime', 'CreateEndpoint'],
  ['deployment-endpoint', 'CreateEndpoint'],
  ['training-job', 'CreateTrainingJob'],
  ['training-job-fixed-name', 'CreateTrainingJob'],
  ['processing-job', 'CreateProcessingJob'],
  ['transform-job', 'CreateTransformJob'],
  ['hyperparameter-tuning-job', 'CreateHyperParameterTuningJob'],
  ['inference-recommender-job', 'CreateInferenceRecommendationsJob'],
  ['training-task', 'CreateTrainingJob'],
  ['processing-task', 'CreateProcessingJob'],
];
const arn = 'arn:aws:sagemaker:us-east-2:123456789012';
const start = Date.parse('2026-01-02T03:04:05Z') / 1000;
const end = start + 3600;
const artifacts = { S3ModelArtifacts: 's3://models/t/output/model.tar.gz' };

/** What SageMaker says of jobs, by the fixture whose task is asked for and the one that says what the Python agent makes of it. */
const described: readonly (readonly [fixture: string, expected: string, record: Body])[] = [
  [
    'training-job',
    'training-completed',
    {
      TrainingJobName: 't',
      TrainingJobArn: `${arn}:training-job/t`,
      TrainingJobStatus: 'Completed',
      SecondaryStatus: 'Completed',
      ModelArtifacts: artifacts,
      OutputDataConfig: { S3OutputPath: 's3://models' },
      FinalMetricDataList: [{ MetricName: 'validation:auc', Value: 0.875, Timestamp: start }],
      BillableTimeInSeconds: 120,
      TrainingTimeInSeconds: 100,
    },
  ],
  [
    'training-job',
    'training-inprogress',
    { TrainingJobName: 't', TrainingJobArn: `${arn}:training-job/t`, TrainingJobStatus: 'InProgress', SecondaryStatus: 'Downloading' },
  ],
  [
    'training-job',
    'training-failed',
    {
      TrainingJobName: 't',
      TrainingJobArn: `${arn}:training-job/t`,
      TrainingJobStatus: 'Failed',
      FailureReason: 'AlgorithmError: exit 1',
    },
  ],
  [
    'processing-job',
    'processing-completed',
    {
      ProcessingJobName: 'p',
      ProcessingJobArn: `${arn}:processing-job/p`,
      ProcessingJobStatus: 'Completed',
      ExitMessage: 'done',
      ProcessingOutputConfig: { Outputs: [{ OutputName: 'features', S3Output: { S3Uri: 's3://f/o' } }] },
      ProcessingStartTime: start,
      ProcessingEndTime: end,
    },
  ],
  [
    'transform-job',
    'transform-completed',
    {
      TransformJobName: 'x',
      TransformJobArn: `${arn}:transform-job/x`,
      TransformJobStatus: 'Completed',
      ModelName: 'model-1',
      TransformOutput: { S3OutputPath: 's3://out/batch/' },
      TransformStartTime: start,
      TransformEndTime: end,
    },
  ],
  [
    'hyperparameter-tuning-job',
    'hpo-completed',
    {
      HyperParameterTuningJobName: 'h',
      HyperParameterTuningJobArn: `${arn}:hyper-parameter-tuning-job/h`,
      HyperParameterTuningJobStatus: 'Completed',
      BestTrainingJob: {
        TrainingJobName: 'h-001',
        TrainingJobArn: `${arn}:training-job/h-001`,
        TrainingJobStatus: 'Completed',
        ObjectiveStatus: 'Succeeded',
        FinalHyperParameterTuningJobObjectiveMetric: { MetricName: 'validation:auc', Value: 0.9 },
        TunedHyperParameters: { eta: '0.3' },
        TrainingStartTime: start,
        TrainingEndTime: end,
      },
      TrainingJobStatusCounters: { Completed: 4, InProgress: 0, RetryableError: 0, NonRetryableError: 0, Stopped: 0 },
      ObjectiveStatusCounters: { Succeeded: 4, Pending: 0, Failed: 0 },
      // Of the best training job, which the same answer is given for.
      TrainingJobName: 'h-001',
      TrainingJobArn: `${arn}:training-job/h-001`,
      TrainingJobStatus: 'Completed',
      ModelArtifacts: artifacts,
    },
  ],
  [
    'hyperparameter-tuning-job',
    'hpo-inprogress',
    {
      HyperParameterTuningJobName: 'h',
      HyperParameterTuningJobArn: `${arn}:hyper-parameter-tuning-job/h`,
      HyperParameterTuningJobStatus: 'InProgress',
      TrainingJobStatusCounters: { Completed: 1, InProgress: 2, RetryableError: 0, NonRetryableError: 1 },
    },
  ],
  [
    'inference-recommender-job',
    'recommender-completed',
    {
      JobName: 'r',
      JobArn: `${arn}:inference-recommendations-job/r`,
      JobType: 'Default',
      Status: 'COMPLETED',
      CompletionTime: end,
      InferenceRecommendations: [
        {
          RecommendationId: 'r/1',
          Metrics: {
            CostPerHour: 0.5,
            CostPerInference: 0.000_001,
            MaxInvocations: 100,
            ModelLatency: 20,
            CpuUtilization: 50,
            MemoryUtilization: 40,
            ModelSetupTime: 10,
          },
          EndpointConfiguration: { EndpointName: 'e', VariantName: 'v', InstanceType: 'ml.m5.large', InitialInstanceCount: 1 },
          ModelConfiguration: {},
          InvocationStartTime: start,
          InvocationEndTime: end,
        },
      ],
    },
  ],
  [
    'deployment-endpoint',
    'endpoint-inservice',
    { EndpointName: 'e', EndpointArn: `${arn}:endpoint/e`, EndpointStatus: 'InService', EndpointConfigName: 'c' },
  ],
  [
    'deployment-endpoint',
    'endpoint-failed',
    { EndpointName: 'e', EndpointArn: `${arn}:endpoint/e`, EndpointStatus: 'Failed', FailureReason: 'boom' },
  ],
];

function readText(name: string): string {
  return readFileSync(fixturePath(`v1/expected/sagemaker.${name}.json`), 'utf8');
}

function readCalls(name: string): PythonCalls {
  return JSON.parse(readText(`${name}.upstream`));
}

function readResource(name: string): PythonResource {
  return JSON.parse(readText(`${name}.resource`));
}

function asyncRequest(name: string): flyte1.CreateTaskRequest {
  return fromBinary(flyte1.CreateTaskRequestSchema, readFileSync(fixturePath(`v1/${name}.binpb`)));
}

function syncParts(name: string): readonly flyte1.ExecuteTaskSyncRequest[] {
  return ['header', 'inputs'].map((part) =>
    fromBinary(flyte1.ExecuteTaskSyncRequestSchema, readFileSync(fixturePath(`v1/sagemaker.${name}.${part}.binpb`))),
  );
}

/** A resource as protobuf JSON says it. */
function told(resource: flyte1.Resource | undefined): unknown {
  return resource && toJson(flyte1.ResourceSchema, resource);
}

/** The values of outputs: equal however their mappings are ordered, and whether a whole number is a float or an integer. */
function values(
  { literals }: flyte1.LiteralMap | { readonly literals: Readonly<Record<string, PythonLiteral>> } = { literals: {} },
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(literals).map(([name, literal]: [string, unknown]) => {
      const json: PythonLiteral = isMessage(literal)
        ? JSON.parse(JSON.stringify(toJson(flyte1.LiteralSchema, literal)))
        : literalOf(literal);
      const bytes = json.scalar.binary?.value;
      const value =
        bytes === undefined
          ? json.scalar.primitive?.stringValue
          : toValue({ kind: 'binary', tag: 'msgpack', value: Buffer.from(bytes, 'base64') }, name);
      const plain: unknown = JSON.parse(
        JSON.stringify(value ?? null, (_, each: unknown) => (typeof each === 'bigint' ? Number(each) : each)),
      );
      return [name, plain];
    }),
  );
}

function isMessage(literal: unknown): literal is flyte1.Literal {
  return typeof literal === 'object' && literal !== null && '$typeName' in literal;
}

function literalOf(literal: unknown): PythonLiteral {
  return JSON.parse(JSON.stringify(literal));
}

let upstream: FaultyUpstream;
let server: AgentServer;
let connection: Connection;
let record: Body = {};
let refusal: { readonly status: number; readonly body: Body } | undefined;

beforeEach(async () => {
  record = {};
  refusal = undefined;
  upstream = await FaultyUpstream.start({ handler: ({ path, headers }) => answer(String(headers['x-amz-target'] ?? path)) });
  vi.stubEnv('AWS_ENDPOINT_URL', upstream.url);
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'access');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  const allowed = ['sagemaker:*', 'sagemaker-runtime:*'];
  const agents = [new SageMakerAgent(), new BotoAgent({ allowed })];
  server = await startServer({ agents, host: '127.0.0.1', port: 0, metricsPort: 0, logger: createLogger({ level: 'error' }) });
  connection = connect(`127.0.0.1:${server.port}`);
});
afterEach(async () => {
  connection.close();
  await server.stop();
  await upstream.close();
  vi.unstubAllEnvs();
});
function answer(operation: string) {
  if (operation.includes('.Describe')) return { body: record };
  return refusal ?? { body: { ModelArn: `${arn}:model/m`, EndpointConfigArn: `${arn}:endpoint-config/c` } };
}

function sent(): Body {
  return JSON.parse(upstream.requests.at(-1)?.body ?? '{}');
}

async function execute(name: string): Promise<flyte1.Resource | undefined> {
  const agents = connection.client(flyte1.SyncAgentService);
  for await (const { res } of agents.executeTaskSync(syncParts(name))) if (res.case === 'header') return res.value.resource;
  return undefined;
}

describe('C19: the tasks of flytekit', () => {
  test.each(jobs)('ask the same of SageMaker as with the Python agent, with tags: %s', async (name, operation) => {
    await connection.client(flyte1.AsyncAgentService).createTask(asyncRequest(`sagemaker.${name}`));
    const [call] = readCalls(name).calls;
    const { Tags: tags, ...request } = sent();
    const { Tags: own = [], ...python } = call?.request ?? {};
    expect(request).toEqual(python);
    expect(tags).toEqual(expect.arrayContaining(Array.isArray(own) ? own : []));
    expect(tags).toContainEqual({ Key: 'flyte-agents:request', Value: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(upstream.requests.at(-1)?.headers).toMatchObject({
      'x-amz-target': `SageMaker.${operation}`,
      authorization: expect.stringContaining(`/${call?.client.region_name}/sagemaker/`),
    });
  });

  test('sagemaker_training_job_task is a training job', async () => {
    await connection.client(flyte1.AsyncAgentService).createTask(asyncRequest('alias.sagemaker_training_job_task'));
    const { Tags: _tags, ...request } = sent();
    expect(request).toEqual(readCalls('training-job').calls[0]?.request);
  });

  test.each(described)('%s give the outputs of the Python agent: %s', async (name, expected, job) => {
    const agents = connection.client(flyte1.AsyncAgentService);
    const request = asyncRequest(`sagemaker.${name}`);
    // An execution of its own: what has ended is told again.
    request.outputPrefix = `s3://b/${expected}/0`;
    const { resourceMeta } = await agents.createTask(request);
    record = job;
    const taskCategory = create(flyte1.TaskCategorySchema, { name: request.template?.type ?? '' });
    const { resource } = await agents.getTask({ resourceMeta, taskCategory, outputPrefix: request.outputPrefix });
    const python = readResource(expected);
    expect(told(resource)).toMatchObject({ phase: python.phase });
    expect(resource?.message).toContain(python.message ?? '');
    expect(values(resource?.outputs)).toEqual(values(python.outputs));
    expect(toBinary(flyte1.ResourceSchema, resource ?? create(flyte1.ResourceSchema)).length).toBeLessThan(8192);
  });
});

describe('C19, SM5: boto tasks of flytekit', () => {
  const names = ['create-model', 'create-endpoint-config', 'create-training-job', 'delete-endpoint', 'stop-training-job'];
  test.each(['deployment-model', 'deployment-endpoint-config', ...names.map((name) => `boto-${name}`)])(
    'call the same as with the Python agent: %s',
    async (name) => {
      const resource = await execute(name);
      const [call] = readCalls(name).calls;
      const { HyperParameters: settings, ...python } = call?.request ?? {};
      const { HyperParameters: ours, ...request } = sent();
      expect(request).toEqual(python);
      // Its numbers are texts here: the API takes no others.
      expect(JSON.stringify(ours)).toBe(JSON.stringify(settings)?.replace('5', '"5"'));
      const expected = values(readResource(name).outputs);
      const outputs = values(resource?.outputs);
      // Flytekit's fake had an answer of its own for calls that are given as they are.
      const hasArn = /^create_(model|endpoint_config)$/.test(call?.method ?? '');
      const result = { ResponseMetadata: { HTTPStatusCode: 200, RetryAttempts: 0 } };
      expect(outputs).toMatchObject(hasArn ? expected : { ...expected, result });
    },
  );

  test('invoke an endpoint asynchronously', async () => {
    await execute('boto-invoke-endpoint-async');
    expect(upstream.requests.at(-1)).toMatchObject({
      path: '/endpoints/ep-1/async-invocations',
      headers: { 'x-amzn-sagemaker-inputlocation': 's3://in/test_prediction.json' },
    });
  });

  test('find what there is already', async () => {
    refusal = {
      status: 400,
      body: { __type: 'ValidationException', message: `Cannot create already existing model "${arn}:model/m".` },
    };
    const resource = await execute('boto-create-model');
    expect(values(resource?.outputs)).toEqual(values(readResource('boto-already-exists').outputs));
  });

  test('that are refused fail, and say so', async () => {
    refusal = { status: 400, body: { __type: 'AccessDeniedException', message: 'no' } };
    expect(told(await execute('boto-create-model'))).toMatchObject({ message: expect.stringContaining('AccessDeniedException: no') });
  });
});
