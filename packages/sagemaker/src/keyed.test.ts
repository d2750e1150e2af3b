import { toValue, type JsonObject } from '@flyte-agents/core';
import { describe, expect, test } from 'vitest';
import { contextOf, key, otherKey, toTask } from './__fixtures__/task.ts';
import { PipelineWorld, refused, SageMakerWorld, VersionWorld } from './__fixtures__/world.ts';
import { SageMakerAgent } from './agent.ts';
import { toJob, type Call, type Job, type SageMakerClient } from './client.ts';
import type { JobRef } from './config.ts';
import type { SageMakerAgentOptions } from './options.ts';

const arn = 'arn:aws:sagemaker:us-east-2:123456789012:pipeline/nightly/execution/x1';
const execution: JobRef = {
  kind: 'pipeline',
  region: 'us-east-2',
  name: arn,
  key,
  update: null,
  outputPrefix: null,
  hasOutputs: false,
};
const nightly = toTask({ type: 'sagemaker-pipeline-execution', custom: { config: { PipelineName: 'nightly' } } });
const version = toTask({ type: 'sagemaker-model-package', custom: { config: { ModelPackageGroupName: 'churn' } } });
const named = toTask({ type: 'sagemaker-model-package', custom: { config: { ModelPackageName: 'churn' } } });

/** An agent of which some requests are answered otherwise. */
function agentOf(world: SageMakerWorld, changed: Partial<SageMakerClient> = {}, options: SageMakerAgentOptions = {}): SageMakerAgent {
  return new SageMakerAgent({ connect: async () => ({ ...world.client(), ...changed }), ...options });
}

/** What is said of an execution with some steps. */
async function told(changes: JsonObject, steps: readonly JsonObject[] | Error) {
  const described = async () => toJob('pipeline', { PipelineExecutionArn: arn, PipelineExecutionStatus: 'Executing', ...changes });
  const call = async (): Promise<JsonObject> => {
    if (steps instanceof Error) throw steps;
    return { PipelineExecutionSteps: steps };
  };
  return agentOf(new PipelineWorld(), { describe: described, call }).get(execution, contextOf());
}

async function missing(): Promise<never> {
  throw refused('ResourceNotFound', 'Pipeline nightly does not exist.');
}

async function theirs(): Promise<Job> {
  const name = { PipelineExecutionDisplayName: `nightly-${otherKey}` };
  return toJob('pipeline', { PipelineExecutionArn: arn, PipelineExecutionStatus: 'Executing', ...name });
}

const prepared = { StepName: 'prepare', StepStatus: 'Succeeded' };
const training = {
  StepName: 'train',
  StepStatus: 'Executing',
  Metadata: { TrainingJob: { Arn: 'arn:aws:sagemaker:us-east-2:123456789012:training-job/pipelines-x1-train' } },
};
const trainingPage = 'https://us-east-2.console.aws.amazon.com/sagemaker/home?region=us-east-2#/jobs/pipelines-x1-train';

describe("SM8: a pipeline's execution", () => {
  test('is started with the key as its token, named by it, and says whose it is', async () => {
    const world = new PipelineWorld();
    const config = {
      PipelineName: 'nightly',
      PipelineExecutionDisplayName: 'churn',
      PipelineParameters: [{ Name: 'Depth', Value: '{inputs.depth}' }],
    };
    const task = toTask({
      type: 'sagemaker-pipeline-execution',
      custom: { config },
      inputs: { depth: { kind: 'integer', value: 6n } },
    });
    await agentOf(world).create(task, contextOf());
    expect(world.submits).toEqual([
      {
        operation: 'StartPipelineExecution',
        body: {
          PipelineName: 'nightly',
          PipelineExecutionDisplayName: `churn-${key}`,
          PipelineExecutionDescription:
            'flyte:project=flytesnacks flyte:domain=development flyte:execution=f3a9c1 flyte:node=n0 flyte:attempt=0',
          PipelineParameters: [{ Name: 'Depth', Value: '6' }],
          ClientRequestToken: key,
        },
      },
    ]);
  });

  test('has a token that SageMaker takes, and a name of at most 82 characters that ends with the key', async () => {
    const world = new PipelineWorld();
    const long = toTask({
      type: 'sagemaker-pipeline-execution',
      custom: { config: { PipelineName: 'nightly' } },
      execution: { name: 'x'.repeat(100) },
    });
    await agentOf(world).create(long, contextOf());
    expect(world.submits[0]?.body).toMatchObject({
      PipelineExecutionDisplayName: expect.stringMatching(new RegExp(`^x{49}-${key}$`)),
      ClientRequestToken: expect.stringMatching(/^.{32,128}$/),
    });
  });

  test('is the same for the same attempt, and another for the next', async () => {
    const world = new PipelineWorld();
    const agent = agentOf(world);
    const first = await agent.create(nightly, contextOf());
    expect(await agent.create(nightly, contextOf())).toEqual(first);
    expect((await agent.create(nightly, contextOf(otherKey))).name).not.toBe(first.name);
    expect(await agent.find(otherKey, agent.locate(nightly), contextOf())).toMatchObject({ key: otherKey });
  });

  test('of a pipeline that there is not fails, and nothing was started', async () => {
    await expect(agentOf(new PipelineWorld(), { submit: missing }).create(nightly, contextOf())).rejects.toMatchObject({
      submitted: 'no',
      message: expect.stringContaining('start of a pipeline execution of nightly: ResourceNotFound'),
    });
  });

  test('is looked for page by page, the newest first, and not without end', async () => {
    const calls: Call[] = [];
    const call = async (made: Call): Promise<JsonObject> => {
      calls.push(made);
      return {
        PipelineExecutionSummaries: [{ PipelineExecutionArn: 'other', PipelineExecutionDisplayName: 'by hand' }],
        NextToken: 'more',
      };
    };
    const agent = agentOf(new PipelineWorld(), { call });
    expect(await agent.find(key, agent.locate(nightly), contextOf())).toBeUndefined();
    expect(calls).toHaveLength(5);
    expect(calls[1]).toMatchObject({
      method: 'list_pipeline_executions',
      body: { PipelineName: 'nightly', SortOrder: 'Descending', NextToken: 'more' },
    });
  });

  test('tells its steps while it goes on, with pages of their jobs', async () => {
    expect(await told({}, [])).toEqual({
      phase: 'INITIALIZING',
      message: expect.stringMatching(/^SageMaker pipeline execution \S+: Executing$/),
    });
    expect(await told({}, [prepared, training])).toEqual({
      phase: 'RUNNING',
      message: expect.stringMatching(/: train Executing \(1 step Succeeded\)$/),
      links: [{ name: 'Step train', uri: trainingPage }],
    });
    expect(await told({}, refused('AccessDeniedException', 'no'))).toEqual({
      phase: 'RUNNING',
      message: expect.stringMatching(/: Executing$/),
    });
  });

  test('that failed says which step did, and where to look', async () => {
    const failed = { ...training, StepStatus: 'Failed', FailureReason: 'ClientError: no such bucket' };
    const state = { PipelineExecutionStatus: 'Failed', FailureReason: 'Step failure: One or multiple steps failed.' };
    expect(await told(state, [prepared, failed])).toMatchObject({
      phase: 'FAILED',
      message: `SageMaker pipeline execution ${arn}: Step failure: One or multiple steps failed; step train: ClientError: no such bucket; see ${trainingPage}`,
    });
  });

  test('gives its steps with what they ran', async () => {
    const { outputs } = await told({ PipelineExecutionStatus: 'Succeeded' }, [prepared]);
    expect(outputs?.['result'] && toValue(outputs['result'], 'result')).toMatchObject({
      PipelineExecutionArn: arn,
      Steps: [{ StepName: 'prepare', StepStatus: 'Succeeded', Metadata: null }],
    });
  });

  test('has a page in Studio where the operator names the domain, in its region', () => {
    const page = 'https://studio-d-abc123.studio.us-east-2.sagemaker.aws/pipelines/view/nightly/executions/x1/graph';
    const agent = agentOf(new PipelineWorld(), {}, { studioDomain: 'd-abc123', region: 'us-east-2' });
    expect(agent.links(execution)).toEqual([{ name: 'SageMaker pipeline execution', uri: page }]);
    expect(agent.links({ ...execution, region: 'eu-west-1' })).toEqual([]);
    expect(agentOf(new PipelineWorld()).links(execution)).toEqual([]);
  });

  test('of somebody else is not stopped', async () => {
    const world = new PipelineWorld();
    await agentOf(world, { describe: theirs }).delete(execution, contextOf());
    expect(world.calls.cancel).toBe(0);
  });
});

describe('SM8: a model package', () => {
  test('of a group is a version, made once by its token, with the key among its metadata and no tags', async () => {
    const world = new VersionWorld();
    const agent = agentOf(world);
    const ref = await agent.create(version, contextOf());
    expect(await agent.create(version, contextOf())).toEqual(ref);
    expect(world.submits[0]).toEqual({
      operation: 'CreateModelPackage',
      body: {
        ModelPackageGroupName: 'churn',
        ClientToken: key,
        CustomerMetadataProperties: expect.objectContaining({ 'flyte-agents:request': key, 'flyte:execution': 'f3a9c1' }),
      },
    });
    expect(await agent.find(key, agent.locate(version), contextOf())).toEqual(ref);
    expect(await agent.find(otherKey, agent.locate(version), contextOf())).toBeUndefined();
  });

  test('without a group has a name and tags', async () => {
    const world = new SageMakerWorld();
    const ref = await agentOf(world).create(named, contextOf());
    expect(ref).toMatchObject({ kind: 'modelPackage', name: 'churn' });
    expect(world.submits[0]?.body['Tags']).toContainEqual({ Key: 'flyte-agents:request', Value: key });
    await expect(agentOf(world).create(named, contextOf(otherKey))).rejects.toMatchObject({ code: 'ALREADY_EXISTS', submitted: 'no' });
  });

  test('is deleted while it is made, and not once it is', async () => {
    for (const isMade of [false, true]) {
      const world = new VersionWorld();
      const agent = agentOf(world);
      const ref = await agent.create(version, contextOf());
      if (isMade) world.finish();
      await agent.delete(ref, contextOf());
      expect(world.calls.cancel).toBe(isMade ? 0 : 1);
    }
  });

  test('gives its version and whether it is approved', async () => {
    const record = {
      ModelPackageArn: 'arn:v',
      ModelPackageGroupName: 'churn',
      ModelPackageVersion: 3,
      ModelPackageStatus: 'Completed',
      ModelApprovalStatus: 'PendingManualApproval',
    };
    const described = async () => toJob('modelVersion', record);
    const { outputs } = await agentOf(new VersionWorld(), { describe: described }).get(
      { ...execution, kind: 'modelVersion', name: 'arn:v' },
      contextOf(),
    );
    expect(outputs?.['result'] && toValue(outputs['result'], 'result')).toEqual({
      ModelPackageArn: 'arn:v',
      ModelPackageGroupName: 'churn',
      ModelPackageVersion: 3n,
      ModelApprovalStatus: 'PendingManualApproval',
    });
  });
});
