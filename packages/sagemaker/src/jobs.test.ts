import { SecretSource, type JsonObject } from '@flyte-agents/core';
import { describe, expect, test } from 'vitest';
import { contextOf, key, otherKey, outputPrefix, toTask } from './__fixtures__/task.ts';
import { refused, SageMakerWorld } from './__fixtures__/world.ts';
import { SageMakerAgent } from './agent.ts';
import { toJob, type Connect, type SageMakerClient } from './client.ts';
import { jobRef, type JobRef } from './config.ts';

const training = { AlgorithmSpecification: { TrainingImage: 'train:1', TrainingInputMode: 'File' } };
const nameless = toTask({ custom: { config: training } });
const shared = toTask({ custom: { config: { ...training, TrainingJobName: 'train-{idempotence_token}' } } });
const fixed = toTask({ custom: { config: { ...training, TrainingJobName: 'nightly' } } });
const alarms = { AutoRollbackConfiguration: { Alarms: [{ AlarmName: 'errors' }] } };
const endpoint = toTask({
  type: 'sagemaker-endpoint',
  custom: { config: { EndpointName: 'ep', EndpointConfigName: 'epc-2', DeploymentConfig: alarms }, update: true },
});
const plainEndpoint = toTask({ type: 'sagemaker-endpoint', custom: { config: { EndpointName: 'ep', EndpointConfigName: 'epc-1' } } });

/** An agent of which some requests are answered otherwise. */
function agentOf(world: SageMakerWorld, changed: Partial<SageMakerClient> = {}): SageMakerAgent {
  return new SageMakerAgent({ connect: async () => ({ ...world.client(), ...changed }) });
}

async function denied(): Promise<never> {
  throw refused('AccessDeniedException', 'not authorized to perform: sagemaker:ListTags');
}

const described = (changes: JsonObject) => async () =>
  toJob('endpoint', { EndpointName: 'ep', EndpointArn: 'arn:e', EndpointStatus: 'InService', EndpointConfigName: 'epc-1', ...changes });

function names(world: SageMakerWorld): readonly string[] {
  return world.taken.map(({ details }) => details.name);
}

describe('SM1: the name of a job', () => {
  test('is made of its key, has at most 63 characters, and is tagged with the key', async () => {
    const world = new SageMakerWorld();
    const ref = await agentOf(world).create(nameless, contextOf());
    expect(ref.name).toBe(`f3a9c1-n0-${key}`);
    expect(world.submits[0]?.body['Tags']).toContainEqual({ Key: 'flyte-agents:request', Value: key });
    const long = toTask({ custom: { config: training }, execution: { name: 'x'.repeat(80) } });
    expect((await agentOf(world).create(long, contextOf())).name).toHaveLength(63);
  });

  test('is the key alone where names are short', async () => {
    const tuning = toTask({ type: 'sagemaker-hyperparameter-tuning-job', custom: { config: { TrainingJobDefinition: {} } } });
    expect((await agentOf(new SageMakerWorld()).create(tuning, contextOf())).name).toBe(key);
  });

  test('that is in use by this attempt is this job', async () => {
    const world = new SageMakerWorld();
    const first = await agentOf(world).create(fixed, contextOf());
    expect(await agentOf(world).create(fixed, contextOf())).toEqual(first);
    expect(world.taken).toHaveLength(1);
  });

  test('that is in use by anybody else is refused', async () => {
    const world = new SageMakerWorld();
    await agentOf(world).create(fixed, contextOf(otherKey));
    await expect(agentOf(world).create(fixed, contextOf())).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
      submitted: 'no',
      message: expect.stringContaining('training job nightly'),
    });
  });

  test('with the token of its content shares a job that goes on or succeeded, and never ends it', async () => {
    const world = new SageMakerWorld();
    const agent = agentOf(world);
    const theirs = await agent.create(shared, contextOf(otherKey));
    const ref = await agent.create(shared, contextOf());
    expect(ref.name).toBe(theirs.name);
    await agent.delete(ref, contextOf());
    expect(world.calls.cancel).toBe(0);
    world.finish();
    expect((await agent.create(shared, contextOf())).name).toBe(theirs.name);
    expect(world.taken).toHaveLength(1);
  });

  test('with the token of its content gets another one after a failure', async () => {
    const world = new SageMakerWorld();
    const agent = agentOf(world);
    const { name } = await agent.create(shared, contextOf(otherKey));
    world.fail('job-1');
    const ref = await agent.create(shared, contextOf());
    expect(ref.name).toBe(`${name}-${key.slice(0, 12)}`);
    expect(await agent.create(shared, contextOf())).toEqual(ref);
    expect(await agent.find(key, agent.locate(shared), contextOf())).toEqual(ref);
    expect(names(world)).toEqual([name, ref.name]);
  });

  test('is known to be ours by the whole key in it where tags may not be read', async () => {
    const world = new SageMakerWorld();
    const first = await agentOf(world).create(nameless, contextOf());
    expect(await agentOf(world, { tags: denied }).create(nameless, contextOf())).toEqual(first);
    await agentOf(world).create(fixed, contextOf());
    await expect(agentOf(world, { tags: denied }).create(fixed, contextOf())).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
  });

  test('that is just being deleted may be had soon', async () => {
    const world = new SageMakerWorld();
    await agentOf(world).create(plainEndpoint, contextOf(otherKey));
    world.interrupt('job-1');
    await expect(agentOf(world).create(plainEndpoint, contextOf())).rejects.toMatchObject({ code: 'UNAVAILABLE', submitted: 'no' });
  });
});

describe('SM3: an endpoint', () => {
  test('that somebody else brings up is not deleted', async () => {
    const world = new SageMakerWorld();
    const agent = agentOf(world);
    const ref = await agent.create(plainEndpoint, contextOf());
    world.disown('job-1');
    await agent.delete(ref, contextOf());
    expect(world.calls.cancel).toBe(0);
  });

  test('of this attempt is deleted while it comes up, and not once it is in service', async () => {
    for (const isInService of [false, true]) {
      const world = new SageMakerWorld();
      const agent = agentOf(world);
      const ref = await agent.create(plainEndpoint, contextOf());
      if (isInService) world.finish();
      await agent.delete(ref, contextOf());
      expect(world.calls.cancel).toBe(isInService ? 0 : 1);
    }
  });
});

describe('SM4: a request beyond a quota', () => {
  test.each([
    ['ResourceLimitExceeded', 'Please use AWS Service Quotas to request an increase for this quota.', false],
    ['ThrottlingException', 'Rate exceeded', true],
  ])('%s is no success (it passes by itself: %#)', async (reason, text, passes) => {
    const submit = async (): Promise<never> => {
      throw refused(reason, text);
    };
    const world = new SageMakerWorld();
    await expect(agentOf(world, { submit }).create(plainEndpoint, contextOf())).rejects.toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      origin: 'system',
      passes,
      submitted: 'no',
      message: expect.stringContaining(text),
    });
  });
});

describe('SM9: an endpoint that there is already', () => {
  test('gets the config of the task, with its alarms', async () => {
    const world = new SageMakerWorld();
    await agentOf(world).create(plainEndpoint, contextOf(otherKey));
    world.finish();
    const submits: unknown[] = [];
    const client = world.client();
    const submit = async (operation: string, body: JsonObject): Promise<JsonObject> => {
      submits.push(operation);
      if (operation !== 'UpdateEndpoint') return client.submit(operation, body);
      submits.push(body);
      return {};
    };
    const ref = await agentOf(world, { submit }).create(endpoint, contextOf());
    expect(submits).toEqual([
      'CreateEndpoint',
      'UpdateEndpoint',
      { EndpointName: 'ep', EndpointConfigName: 'epc-2', DeploymentConfig: alarms },
    ]);
    expect(ref.update).toBe('epc-2');
    await agentOf(world).delete(ref, contextOf());
    expect(world.calls.cancel).toBe(0);
  });

  test('is not updated again while it is, or when it was', async () => {
    const world = new SageMakerWorld();
    await agentOf(world).create(plainEndpoint, contextOf(otherKey));
    const before = world.submits.length;
    for (const changes of [
      { EndpointStatus: 'Updating', PendingDeploymentSummary: { EndpointConfigName: 'epc-2' } },
      { EndpointConfigName: 'epc-2' },
    ])
      await agentOf(world, { describe: described(changes) }).create(endpoint, contextOf());
    expect(world.submits.slice(before).map(({ operation }) => operation)).toEqual(['CreateEndpoint', 'CreateEndpoint']);
  });

  test('that was rolled back is a failure, and one that has the config a success', async () => {
    const ref: JobRef = { kind: 'endpoint', region: 'us-east-2', name: 'ep', key, update: 'epc-2', outputPrefix: null, hasOutputs: false };
    const get = async (changes: JsonObject, ageMs = 0) =>
      agentOf(new SageMakerWorld(), { describe: described(changes) }).get(ref, { ...contextOf(), createdAt: Date.now() - ageMs });
    expect(await get({})).toMatchObject({ phase: 'RUNNING' });
    expect(await get({ EndpointStatus: 'RollingBack' })).toMatchObject({ phase: 'RUNNING', message: 'SageMaker endpoint ep: RollingBack' });
    expect(await get({ FailureReason: 'alarm went off' })).toMatchObject({
      phase: 'FAILED',
      message: expect.stringContaining('alarm went off'),
    });
    expect(await get({}, 300_000)).toMatchObject({ phase: 'FAILED', message: expect.stringContaining('rolled back to epc-1') });
    expect(await get({ EndpointConfigName: 'epc-2' })).toMatchObject({ phase: 'SUCCEEDED' });
  });
});

const read = async (): Promise<never> => {
  throw refused('NoSuchKey', 'not there');
};
const missing = async () => undefined;
const found = async () => ({ key: 'outputs.pb', size: 1, seenAt: 0 });

describe('a task of its own code', () => {
  const custom = {
    execution_role_arn: 'arn:aws:iam::123456789012:role/sagemaker',
    instance_type: 'ml.m5.large',
    volume_size_in_gb: 30,
    max_runtime_in_seconds: 3600,
    job_name_prefix: 'etl_',
  };
  const ownCode = toTask({ type: 'sagemaker-training-task', custom, container: {}, hasOutputs: true });

  test('that gave no outputs failed', async () => {
    const world = new SageMakerWorld();
    const agent = agentOf(world);
    const ref = await agent.create(ownCode, contextOf());
    expect(ref).toMatchObject({ outputPrefix, hasOutputs: true, name: expect.stringMatching(/^etl-[0-9a-f]{20}$/) });
    world.finish();
    expect(await agent.get(ref, contextOf(key, { stat: missing, read }))).toMatchObject({
      phase: 'FAILED',
      message: expect.stringContaining('completed without producing Flyte outputs.pb'),
    });
    expect(await agent.get(ref, contextOf(key, { stat: found, read }))).toEqual({
      phase: 'SUCCEEDED',
      message: `SageMaker training job ${ref.name}: Completed`,
      customInfo: { instanceType: 'ml.m5.large', instanceCount: 1 },
    });
  });

  test('of the attempt before is found by its name and its key', async () => {
    const world = new SageMakerWorld();
    const agent = agentOf(world);
    const first = await agent.create(ownCode, contextOf(otherKey));
    const second = toTask({
      type: 'sagemaker-training-task',
      custom,
      container: {},
      hasOutputs: true,
      execution: { attempt: 1 },
      outputPrefix: 's3://b/n0/data/1',
    });
    expect(await agent.find(otherKey, agent.locate(second), contextOf())).toMatchObject({ name: first.name, key: otherKey });
    expect(await agent.find(key, agent.locate(second), contextOf())).toBeUndefined();
  });

  test('with arguments that SageMaker does not take is refused by name', async () => {
    const long = toTask({ type: 'sagemaker-training-task', custom, container: { args: ['x'.repeat(300)] } });
    await expect(agentOf(new SageMakerWorld()).create(long, contextOf())).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('container.args'),
    });
  });
});

describe('SM10: spot training', () => {
  const spot = {
    ...training,
    EnableManagedSpotTraining: true,
    CheckpointConfig: { S3Uri: 's3://checkpoints/churn' },
    ResourceConfig: { InstanceType: 'ml.g5.xlarge', InstanceCount: 1, VolumeSizeInGB: 30, KeepAlivePeriodInSeconds: 600 },
  };

  test('with checkpoints and a warm pool is asked for as the task says', async () => {
    const config = { ...spot, StoppingCondition: { MaxRuntimeInSeconds: 3600, MaxWaitTimeInSeconds: 7200 } };
    const world = new SageMakerWorld();
    await agentOf(world).create(toTask({ custom: { config } }), contextOf());
    expect(world.submits[0]?.body).toMatchObject(config);
  });

  test('that would wait for less than it runs is refused by name', async () => {
    const config = { ...spot, StoppingCondition: { MaxRuntimeInSeconds: 3600, MaxWaitTimeInSeconds: 60 } };
    await expect(agentOf(new SageMakerWorld()).create(toTask({ custom: { config } }), contextOf())).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('MaxWaitTimeInSeconds'),
    });
  });
});

test("SM7: what is done is done as the project's role, with its external id, in the task's region", async () => {
  const world = new SageMakerWorld();
  const seen: unknown[] = [];
  const connect: Connect = async (access) => {
    seen.push(access);
    return world.client();
  };
  const variables = { AWS_ASSUME_ROLE_ARN: 'arn:aws:iam::123456789012:role/sales', AWS_ASSUME_ROLE_EXTERNAL_ID: 'ours' };
  const secrets = new SecretSource(variables, { files: false }).of({ project: 'sales', domain: 'production' });
  await new SageMakerAgent({ connect }).create(nameless, { ...contextOf(), secrets });
  expect(seen).toEqual([{ region: 'us-east-2', roleArn: 'arn:aws:iam::123456789012:role/sales', externalId: 'ours' }]);
});

describe('SM11: a job', () => {
  const ref: JobRef = { kind: 'training', region: 'us-east-2', name: 'train-1', key, update: null, outputPrefix: null, hasOutputs: false };

  test('has a page, and logs', () => {
    expect(agentOf(new SageMakerWorld()).links(ref)).toEqual([
      { name: 'SageMaker training job', uri: 'https://us-east-2.console.aws.amazon.com/sagemaker/home?region=us-east-2#/jobs/train-1' },
      {
        name: 'CloudWatch logs',
        uri: 'https://us-east-2.console.aws.amazon.com/cloudwatch/home?region=us-east-2#logsV2:log-groups/log-group/$252Faws$252Fsagemaker$252FTrainingJobs$3FlogStreamNameFilter$3Dtrain-1$252F',
      },
    ]);
  });

  test('has a log that is read page by page, to its end', async () => {
    const pages = [];
    for await (const page of agentOf(new SageMakerWorld()).getLogs(ref, { lines: 0n, token: '' }, contextOf())) pages.push(page);
    expect(pages).toMatchObject([{ lines: [{ message: 'hello\n' }], nextToken: 'f/1' }, { lines: [{ message: 'bye\n' }] }]);
  });
});

test('a reference of the first release is still read, and its job found', async () => {
  const frozen = `{"kind":"training","region":"us-east-2","update":null,"outputPrefix":null,"hasOutputs":false,"name":"f3a9c1-n0-${key}","key":"${key}"}`;
  const world = new SageMakerWorld();
  const agent = agentOf(world);
  await agent.create(nameless, contextOf());
  world.finish();
  expect(await agent.get(jobRef.parse(JSON.parse(frozen)), contextOf())).toMatchObject({ phase: 'SUCCEEDED' });
});
