import { toJson } from '@bufbuild/protobuf';
import { createLogger, startServer } from '@flyte-agents/core';
import { connect } from '@flyte-agents/proto/client';
import { AsyncAgentService, ResourceSchema } from '@flyte-agents/proto/flyte1';
import { SageMakerAgent } from '@flyte-agents/sagemaker';
import { installTimeoutMs, requirement, startMoto, startSageMaker, type SageMakerServer } from '@flyte-agents/test-upstreams';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';

const python = requirement('python3');
const reference = z.object({ ref: z.object({ name: z.string() }).optional() });
const executionId = { project: 'flytesnacks', domain: 'development', name: 'f3a9c1' };

/** Our server with the agent, and a client of it. */
async function startStage(variables: Readonly<Record<string, string>>) {
  for (const [variable, value] of Object.entries(variables)) vi.stubEnv(variable, value);
  const logger = createLogger({ level: 'error' });
  const server = await startServer({ agents: [new SageMakerAgent()], host: '127.0.0.1', port: 0, metricsPort: 0, logger });
  const connection = connect(`127.0.0.1:${server.port}`);
  const agents = connection.client(AsyncAgentService);
  return {
    create: async (type: string, config: Readonly<Record<string, string>>, outputPrefix = 's3://b/n0/data/0') => {
      const custom = { config: { ...config }, region: 'us-east-1' };
      const { resourceMeta } = await agents.createTask({
        template: { type, custom },
        outputPrefix,
        taskExecutionMetadata: { taskExecutionId: { nodeExecutionId: { nodeId: 'n0', executionId } } },
      });
      const stored = { resourceMeta, taskCategory: { name: type, version: 0 }, outputPrefix };
      return {
        name: reference.parse(JSON.parse(Buffer.from(resourceMeta).toString())).ref?.name,
        get: async () => {
          const { resource } = await agents.getTask(stored);
          return resource && toJson(ResourceSchema, resource);
        },
        delete: async () => agents.deleteTask(stored),
      };
    },
    stop: async () => {
      connection.close();
      await server.stop();
    },
  };
}

const container = (...ContainerEntrypoint: readonly string[]) => ({ AppSpecification: { ImageUri: 'busybox', ContainerEntrypoint } });

function definition(...steps: readonly (readonly string[])[]): string {
  const Steps = steps.map((entrypoint, index) => ({ Name: `step-${index}`, Type: 'Processing', Arguments: container(...entrypoint) }));
  return JSON.stringify({ Version: '2020-12-01', Steps });
}

describe('on our stand-in', () => {
  let sageMaker: SageMakerServer;
  let stage: Awaited<ReturnType<typeof startStage>>;
  beforeEach(async () => {
    sageMaker = await startSageMaker({ startingMs: 200, stepMs: 400 });
    sageMaker.call('CreatePipeline', { PipelineName: 'nightly', PipelineDefinition: definition(['true'], ['sleep', '1']) });
    sageMaker.call('CreatePipeline', { PipelineName: 'broken', PipelineDefinition: definition(['true'], ['sh', '-c', 'exit 3']) });
    stage = await startStage(sageMaker.environment);
  });
  afterEach(async () => {
    await stage.stop();
    await sageMaker.stop();
    vi.unstubAllEnvs();
  });
  const pipeline = 'sagemaker-pipeline-execution';

  test("SM8, R10: a pipeline's execution begins, tells its steps and links to their jobs, and ends", async () => {
    const task = await stage.create(pipeline, { PipelineName: 'nightly' });
    expect(await task.get()).toMatchObject({ phase: 'INITIALIZING' });
    await expect.poll(task.get, { timeout: 10_000 }).toMatchObject({
      phase: 'RUNNING',
      message: expect.stringContaining('step-1 Executing (1 step Succeeded)'),
      logLinks: [{ name: 'Step step-1' }, { name: 'Step step-0', uri: expect.stringContaining('#/processing-jobs/pipelines-') }],
    });
    await expect.poll(task.get, { timeout: 10_000 }).toMatchObject({ phase: 'SUCCEEDED' });
  });

  test('SM8, C9: one that fails says which step did, and why', async () => {
    const task = await stage.create(pipeline, { PipelineName: 'broken' });
    await expect.poll(task.get, { timeout: 10_000 }).toMatchObject({
      phase: 'FAILED',
      message: expect.stringMatching(/step step-1: AlgorithmError: .*exit code: 3; see https:.*processing-jobs\/pipelines-.*-step-1/),
    });
  });

  test('SM8, R1: the same create on another server starts nothing', async () => {
    const first = await stage.create(pipeline, { PipelineName: 'nightly' });
    const other = await startStage(sageMaker.environment);
    expect((await other.create(pipeline, { PipelineName: 'nightly' })).name).toBe(first.name);
    await other.stop();
    expect(sageMaker.executions).toHaveLength(1);
  });

  test('SM8, C4: one that is ended is stopped, with a token, and no other is', async () => {
    const task = await stage.create(pipeline, { PipelineName: 'nightly' });
    await stage.create(pipeline, { PipelineName: 'nightly' }, 's3://b/n1/data/0');
    await task.delete();
    await task.delete();
    const stops = sageMaker.requests.filter(({ operation }) => operation === 'StopPipelineExecution');
    expect(stops.map(({ body }) => body)).toEqual([
      { PipelineExecutionArn: task.name, ClientRequestToken: expect.stringMatching(/^[0-9a-f]{32}-stop$/) },
    ]);
    await expect
      .poll(() => sageMaker.executions.map((each) => each.describe()['PipelineExecutionStatus']), { timeout: 10_000 })
      .toEqual(['Stopped', 'Succeeded']);
  });

  test('SM8, C9: a pipeline that there is not fails the task, with the words of the service', async () => {
    const task = await stage.create(pipeline, { PipelineName: 'nowhere' });
    expect(await task.get()).toMatchObject({ phase: 'FAILED', message: expect.stringContaining('Pipeline nowhere does not exist') });
  });

  modelPackages(() => stage);

  test('SM8, R1: the same create of a version on another server makes no other', async () => {
    const other = await startStage(sageMaker.environment);
    const [first, again] = [await stage.create(modelPackage, inGroup), await other.create(modelPackage, inGroup)];
    expect(again.name).toBe(first.name);
    await other.stop();
  });
});

const modelPackage = 'sagemaker-model-package';
const inGroup = { ModelPackageGroupName: 'churn', ModelApprovalStatus: 'PendingManualApproval' };

/** What holds wherever there are model packages, and a group `churn`. */
function modelPackages(stage: () => Awaited<ReturnType<typeof startStage>>): void {
  test('SM8: a version of a model package is made, and told with its number', async () => {
    const task = await stage().create(modelPackage, inGroup);
    await expect.poll(task.get, { timeout: 10_000 }).toMatchObject({ phase: 'SUCCEEDED', outputs: { literals: { result: {} } } });
    expect(task.name).toMatch(/:model-package\/churn\/1$/);
  });

  test('SM8: a model package without a group is known by its name', async () => {
    const task = await stage().create(modelPackage, { ModelPackageName: 'churn-once' });
    await expect.poll(task.get, { timeout: 10_000 }).toMatchObject({ phase: 'SUCCEEDED' });
    expect(task.name).toBe('churn-once');
    // It is made: ending the task leaves it.
    await task.delete();
    expect(await task.get()).toMatchObject({ phase: 'SUCCEEDED' });
  });
}

// moto differs from AWS in that it heeds no tokens, and has no steps of pipelines' executions: they are not asked for here.
describe.skipIf(!python.available)(`on moto${python.note}`, () => {
  let stage: Awaited<ReturnType<typeof startStage>>;
  let stop: () => Promise<void>;
  beforeEach(async () => {
    const moto = await startMoto();
    stop = async () => moto.stop();
    const authorization = 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sagemaker/aws4_request, SignedHeaders=host, Signature=0';
    const headers = { authorization, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'SageMaker.CreateModelPackageGroup' };
    const body = JSON.stringify({ ModelPackageGroupName: 'churn', ModelPackageGroupDescription: 'who leaves' });
    const response = await fetch(moto.endpoint, { method: 'POST', headers, body });
    if (!response.ok) throw new Error(`moto made no group: HTTP ${response.status}`);
    stage = await startStage(moto.environment);
  }, installTimeoutMs);
  afterEach(async () => {
    await stage?.stop();
    await stop?.();
    vi.unstubAllEnvs();
  });
  modelPackages(() => stage);
});
