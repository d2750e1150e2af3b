import { describe, expect, test } from 'vitest';
import { key, outputPrefix, toConfig, toTask, type TaskInit } from './__fixtures__/task.ts';
import { toDefinition, toJobName, toNewJob, toPlace, toRef } from './convert.ts';
import type { BatchAgentOptions } from './options.ts';

function request(init: TaskInit, options: BatchAgentOptions = {}) {
  const task = toTask(init);
  const place = toPlace(task, options);
  return toNewJob(task, { key, queue: place.queue, name: toJobName(place, key) }, options).request;
}

function container(init: TaskInit, options: BatchAgentOptions = {}) {
  return request(init, options)['containerOverrides'];
}

const jobName = (execution: object) => toJobName(toPlace(toTask({ execution }), {}), key);

const requirements = (cpus: string, mebibytes: string) => [
  { type: 'VCPU', value: cpus },
  { type: 'MEMORY', value: mebibytes },
];

describe('a job', () => {
  test('AB1: has a name of its whole key, in letters that Batch takes, and never more than it takes', () => {
    expect(jobName({})).toBe(`f3a9c1-n0-${key}`);
    expect(jobName({ name: 'F.3/a', node: 'Nü' })).toBe(`f-3-a-n-${key}`);
    for (const execution of [
      { name: 'F.3/a', node: 'Ünï' },
      { name: '', node: '' },
      { name: '_-x', node: 'n'.repeat(200) },
    ]) {
      expect(jobName(execution)).toMatch(/^[a-z0-9][a-z0-9_-]{0,127}$/);
      expect(jobName(execution).endsWith(`-${key}`)).toBe(true);
    }
  });

  test('AB2: has what flytekit registers', () => {
    const custom = {
      parameters: { codec: 'mp4' },
      schedulingPriority: 3,
      propagateTags: true,
      tags: { hello: 'world' },
      platformCapabilities: 'EC2',
    };
    expect(request({ custom: { ...custom, shareIdentifier: 'a' } })).toMatchObject({
      jobQueue: 'spot',
      parameters: { codec: 'mp4' },
      shareIdentifier: 'a',
      schedulingPriorityOverride: 3,
      propagateTags: true,
      tags: { hello: 'world' },
    });
    expect(request({ custom })).not.toHaveProperty('schedulingPriorityOverride');
  });

  test('AB2: settings that are null are not set', () => {
    const custom = { parameters: null, schedulingPriority: null, platformCapabilities: null, propagateTags: null, tags: null };
    expect(Object.keys(request({ custom })).toSorted()).toEqual([
      'containerOverrides',
      'jobName',
      'jobQueue',
      'retryStrategy',
      'tags',
      'timeout',
    ]);
  });

  test('AB2: has what else the task says of it', () => {
    const consumableResourcePropertiesOverride = { consumableResourceList: [{ consumableResource: 'licence', quantity: 1 }] };
    expect(request({ custom: { consumableResourcePropertiesOverride } })).toMatchObject({ consumableResourcePropertiesOverride });
  });

  test('C21: is tagged with whose it is, and with its key', () => {
    const own = {
      'flyte:project': 'flytesnacks',
      'flyte:domain': 'development',
      'flyte:execution': 'f3a9c1',
      'flyte:node': 'n0',
      'flyte:attempt': '1',
      'flyte-agents:request': key,
    };
    expect(request({})['tags']).toEqual(own);
    expect(request({}, { tags: false })['tags']).toEqual({});
    const many = Object.fromEntries(Array.from({ length: 45 }, (_, index) => [`t${index}`, 'x']));
    expect(() => request({ custom: { tags: many } })).toThrow('config.tags');
  });

  test('AB3: is repeated by Batch when it loses its machine, and else by Flyte', () => {
    expect(request({ retries: 3 })['retryStrategy']).toEqual({
      attempts: 3,
      evaluateOnExit: [
        { onStatusReason: 'Host EC2*', action: 'RETRY' },
        { onReason: '*', action: 'EXIT' },
      ],
    });
    expect(request({ retries: 3 }, { batchRetries: true })['retryStrategy']).toEqual({ attempts: 4 });
    expect(request({ retries: 30 }, { batchRetries: true })['retryStrategy']).toEqual({ attempts: 10 });
    expect(request({ custom: { retryStrategy: { attempts: 2 } } })['retryStrategy']).toEqual({ attempts: 2 });
  });

  test.each([
    [undefined, 259_200],
    [7_200_000, 7200],
    [1000, 60],
  ])('AB3: with a timeout of %s ms ends after %s s', (timeoutMs, seconds) => {
    expect(request(timeoutMs === undefined ? {} : { timeoutMs })['timeout']).toEqual({ attemptDurationSeconds: seconds });
  });

  test("AB3: with a timeout of the job's own ends after that", () => {
    expect(request({ custom: { timeout: { attemptDurationSeconds: 90 } }, timeoutMs: 7_200_000 })['timeout']).toEqual({
      attemptDurationSeconds: 90,
    });
  });

  test('AB9, AB12: is an array, and waits for others', () => {
    const custom = { arrayProperties: { size: 10 }, dependsOn: [{ jobId: 'j', type: 'N_TO_N' }] };
    const made = request({ custom });
    expect(made).toMatchObject(custom);
    expect(made['containerOverrides']).toMatchObject({
      environment: expect.arrayContaining([{ name: 'BATCH_JOB_ARRAY_INDEX_VAR_NAME', value: 'AWS_BATCH_JOB_ARRAY_INDEX' }]),
    });
  });

  test.each([1, 10_001])('AB9: is no array of %s', (size) => {
    expect(() => toConfig({ arrayProperties: { size } })).toThrow('arrayProperties');
  });

  test('AB13: of another service has a token, and is as the task says', () => {
    const serviceJob = { serviceJobType: 'SAGEMAKER_TRAINING', serviceRequestPayload: '{}', timeoutConfig: { attemptDurationSeconds: 60 } };
    const task = toTask({ custom: { serviceJob, schedulingPriority: 3, shareIdentifier: 'a' } });
    expect(toPlace(task, {}).kind).toBe('service');
    expect(toNewJob(task, { key, queue: 'q', name: 'n' }, {})).toMatchObject({
      kind: 'service',
      request: { ...serviceJob, clientToken: key, jobName: 'n', jobQueue: 'q', schedulingPriority: 3, shareIdentifier: 'a' },
    });
  });
});

describe('the container', () => {
  const args = ['pyflyte-execute', '--output-prefix', `${outputPrefix}/0`, '--raw-output-data-prefix', `${outputPrefix}/0`];

  test('AB6: writes its outputs where they are read', () => {
    expect(container({ container: { command: ['sh'], args } })).toMatchObject({
      command: ['sh', 'pyflyte-execute', '--output-prefix', outputPrefix, '--raw-output-data-prefix', `${outputPrefix}/0`],
    });
    const others = ['--output-prefix', `${outputPrefix}/0/0`, '--output-prefix', outputPrefix];
    expect(container({ container: { args: others } })).toMatchObject({ command: others });
  });

  test('AB2, AB6: has the variables of all who have some, ends in failure when the task failed, and knows whose it is', () => {
    const environment = { FOO: 'task', A: '1' };
    const made = container(
      { container: { environment }, execution: { environment: { FOO: 'execution', B: '2' } } },
      { environment: { B: 'operator', C: '3' } },
    );
    expect(made).toMatchObject({
      environment: expect.arrayContaining(
        Object.entries({
          FOO: 'task',
          A: '1',
          B: '2',
          C: '3',
          FLYTE_FAIL_ON_ERROR: 'true',
          FLYTE_INTERNAL_EXECUTION_ID: 'f3a9c1',
          FLYTE_ATTEMPT_NUMBER: '1',
          FLYTE_INTERNAL_TASK_NAME: 'encode',
        }).map(([name, value]) => ({ name, value })),
      ),
    });
    expect(() => container({ container: { environment: { AWS_BATCH_X: '' } } })).toThrow('AWS_BATCH_X');
  });

  test.each([
    [{}, {}, '1', '2048'],
    [{ CPU: '1', MEMORY: '1Gi' }, { CPU: '2', MEMORY: '2Gi' }, '2', '2048'],
    [{ CPU: '500m', MEMORY: '1G' }, {}, '1', '954'],
    [{ CPU: '1.5', MEMORY: '1e9' }, {}, '2', '954'],
    [{ MEMORY: '536870912' }, {}, '1', '512'],
  ])('AB2: of requests %j and limits %j has %s CPUs and %s MiB', (requests, limits, cpus, mebibytes) => {
    expect(container({ container: { requests, limits } })).toMatchObject({ resourceRequirements: requirements(cpus, mebibytes) });
  });

  test.each([
    [{}, '1', '2048'],
    [{ CPU: '100m', MEMORY: '100Mi' }, '0.25', '512'],
    [{ CPU: '250m', MEMORY: '1500Mi' }, '0.25', '2048'],
    [{ CPU: '500m', MEMORY: '1Gi' }, '0.5', '1024'],
    [{ CPU: '2', MEMORY: '1Gi' }, '2', '4096'],
    [{ CPU: '3', MEMORY: '1Gi' }, '4', '8192'],
    [{ CPU: '1', MEMORY: '60Gi' }, '8', '61440'],
    [{ CPU: '16', MEMORY: '100Gi' }, '16', '106496'],
  ])('AB11: on Fargate, of %j has %s CPUs and %s MiB', (limits, cpus, mebibytes) => {
    const custom = { platformCapabilities: 'FARGATE' };
    expect(container({ custom, container: { limits } })).toMatchObject({ resourceRequirements: requirements(cpus, mebibytes) });
  });

  test('AB11: has GPUs, but not on Fargate', () => {
    expect(container({ container: { limits: { GPU: '2' } } })).toMatchObject({
      resourceRequirements: [...requirements('1', '2048'), { type: 'GPU', value: '2' }],
    });
    expect(() => container({ custom: { platformCapabilities: 'FARGATE' }, container: { limits: { GPU: '1' } } })).toThrow('no GPUs');
    expect(() => container({ custom: { platformCapabilities: 'FARGATE' }, container: { limits: { CPU: '32' } } })).toThrow(
      'Fargate has no 32 CPUs',
    );
    expect(() => container({ container: { limits: { CPU: 'many' } } })).toThrow('CPU "many" is no quantity');
  });

  test("AB2: has the task's own overrides", () => {
    const containerOverrides = {
      instanceType: 'm5.large',
      environment: [{ name: 'FOO', value: 'own' }],
      resourceRequirements: [{ type: 'MEMORY', value: '9' }],
    };
    expect(container({ custom: { containerOverrides }, container: { environment: { FOO: 'bar' } } })).toMatchObject({
      instanceType: 'm5.large',
      environment: expect.arrayContaining([
        { name: 'FOO', value: 'own' },
        { name: 'FLYTE_FAIL_ON_ERROR', value: 'true' },
      ]),
      resourceRequirements: [
        { type: 'VCPU', value: '1' },
        { type: 'MEMORY', value: '9' },
      ],
    });
  });

  const told = { container: { args: ['run'], limits: { CPU: '1' } } };
  test('AB2: is the first of an ECS task', () => {
    const custom = {
      jobDefinition: 'd',
      ecsPropertiesOverride: { taskProperties: [{ containers: [{ name: 'main' }, { name: 'side' }] }] },
    };
    expect(request({ custom, ...told })).toMatchObject({
      jobDefinition: 'd',
      ecsPropertiesOverride: {
        taskProperties: [
          { containers: [{ name: 'main', command: ['run'], resourceRequirements: requirements('1', '2048') }, { name: 'side' }] },
        ],
      },
    });
  });

  test('AB2: is the first of a pod', () => {
    const custom = { jobDefinition: 'd', eksPropertiesOverride: { podProperties: { metadata: { labels: { a: 'b' } } } } };
    expect(request({ custom, ...told })).toMatchObject({
      eksPropertiesOverride: {
        podProperties: {
          metadata: { labels: { a: 'b' } },
          containers: [{ command: ['run'], env: expect.any(Array), resources: { limits: { cpu: '1', memory: '2048Mi' } } }],
        },
      },
    });
  });

  test("AB2: is the main node's of several", () => {
    const custom = { jobDefinition: 'd', nodeOverrides: { numNodes: 4 } };
    expect(request({ custom, ...told })).toMatchObject({
      nodeOverrides: { numNodes: 4, nodePropertyOverrides: [{ targetNodes: '0:', containerOverrides: { command: ['run'] } }] },
    });
  });

  test.each(['ecsPropertiesOverride', 'eksPropertiesOverride', 'nodeOverrides'])('AB2: of %s needs a definition of that kind', (name) => {
    expect(() => toConfig({ [name]: {} })).toThrow('need a jobDefinition of that kind');
  });

  test('AB2: of a definition that is there already has only what the task asks for', () => {
    expect(container({ custom: { jobDefinition: 'd' } })).not.toHaveProperty('resourceRequirements');
  });
});

describe('the queue', () => {
  const init = { custom: { jobQueue: null } };
  test.each<[string, TaskInit, BatchAgentOptions, string]>([
    ['of the task', { custom: { jobQueue: 'own' }, config: { dynamic_queue: 'x' } }, {}, 'own'],
    ['of its config', { ...init, config: { dynamic_queue: 'dynamic', child_queue: 'x' } }, {}, 'dynamic'],
    ['of its config, by the other name', { ...init, config: { child_queue: 'child' } }, {}, 'child'],
    [
      'of the execution',
      { ...init, execution: { annotations: { 'flyte-agents/batch-queue': 'annotated' } } },
      { queues: { '*': 'x' } },
      'annotated',
    ],
    ['of its labels', { ...init, execution: { labels: { 'flyte-agents/batch-queue': 'labelled' } } }, {}, 'labelled'],
    ['of project and domain', init, { queues: { 'flytesnacks/development': 'both', flytesnacks: 'x', '*': 'x' } }, 'both'],
    ['of the project', init, { queues: { flytesnacks: 'project', '*': 'x' } }, 'project'],
    ['of all', init, { queues: { '*': 'all' } }, 'all'],
  ])('AB2: is that %s', (_name, task, options, queue) => {
    expect(toPlace(toTask(task), options).queue).toBe(queue);
  });

  test('AB2, C11: is asked for when nobody names one', () => {
    expect(() => toPlace(toTask(init), {})).toThrow('config[dynamic_queue] is missing');
  });
});

describe('a definition', () => {
  test('AB10: has the name of its content', () => {
    const made = toDefinition(toTask({}), {});
    expect(made?.name).toMatch(/^flyte-tasks-[0-9a-f]{12}$/);
    expect(toDefinition(toTask({ timeoutMs: 5, retries: 3, execution: { name: 'other' } }), {})).toEqual(made);
    const others = [
      { custom: { jobRoleArn: 'r' } },
      { custom: { logConfiguration: { logDriver: 'splunk' } } },
      { container: { image: 'ghcr.io/acme/tasks:v2' } },
    ];
    expect(new Set(others.map((init) => toDefinition(toTask(init), {})?.name)).size).toBe(3);
  });

  test.each([
    ['tasks', 'flyte-tasks-'],
    ['localhost:5000/a.b/Some.Tasks:v1', 'flyte-Some-Tasks-'],
    ['repo/tasks@sha256:abcd', 'flyte-tasks-'],
  ])('AB10: of the image %s is called %s', (image, name) => {
    expect(toDefinition(toTask({ container: { image } }), {})?.name.startsWith(name)).toBe(true);
  });

  test('AB11: has volumes, secrets, a log and roles', () => {
    const containerProperties = {
      volumes: [{ name: 'efs', efsVolumeConfiguration: { fileSystemId: 'fs-1' } }],
      secrets: [{ name: 'KEY', valueFrom: 'arn:aws:ssm:::parameter/key' }],
    };
    const logConfiguration = { logDriver: 'splunk' };
    const custom = { containerProperties, logConfiguration, jobRoleArn: 'r', executionRoleArn: 'e' };
    expect(toDefinition(toTask({ custom }), {})).toMatchObject({
      request: {
        type: 'container',
        platformCapabilities: ['EC2'],
        containerProperties: {
          ...containerProperties,
          logConfiguration,
          image: 'ghcr.io/acme/tasks:v1',
          jobRoleArn: 'r',
          executionRoleArn: 'e',
        },
      },
    });
  });

  test.each([
    ['of the task', { jobRoleArn: 'own' }, { role: 'annotated' }, 'own'],
    ['of the execution', {}, { role: 'annotated' }, 'annotated'],
    ['of the operator', {}, {}, 'for all'],
  ])('AB11: has the role %s', (_name, custom, annotations, role) => {
    const options = { roleAnnotation: 'role', jobRoleArn: 'for all' };
    expect(toDefinition(toTask({ custom, execution: { annotations } }), options)).toMatchObject({
      request: { containerProperties: { jobRoleArn: role } },
    });
  });

  test('AB11: of Fargate has its role and its network', () => {
    const task = toTask({ custom: { platformCapabilities: 'FARGATE' } });
    expect(toDefinition(task, { executionRoleArn: 'e', assignPublicIp: true })).toMatchObject({
      request: {
        platformCapabilities: ['FARGATE'],
        containerProperties: {
          executionRoleArn: 'e',
          networkConfiguration: { assignPublicIp: 'ENABLED' },
          resourceRequirements: requirements('0.25', '512'),
        },
      },
    });
    expect(() => toDefinition(task, {})).toThrow('config.executionRoleArn is missing');
  });

  test('AB10: is not made where the task names one', () => {
    expect(toDefinition(toTask({ custom: { jobDefinition: 'd:3' } }), {})).toBeUndefined();
    expect(() => toDefinition(toTask({ container: { image: '' } }), {})).toThrow('template.container.image is empty');
  });
});

describe('a reference', () => {
  test("AB2: is of the region that the ARN says, else of the task's, else of the operator's", () => {
    const place = toPlace(toTask({ custom: { minSuccessRatio: 0.5 } }), {});
    expect(place.region).toBeNull();
    expect(toRef({ jobId: 'j', jobArn: 'arn:aws-cn:batch:cn-north-1:123456789012:job/j' }, place, 'n')).toEqual({
      region: 'cn-north-1',
      queue: 'spot',
      kind: 'job',
      outputPrefix,
      minSuccessRatio: 0.5,
      jobId: 'j',
      name: 'n',
    });
    expect(toRef({ jobId: 'j' }, toPlace(toTask({ custom: { region: 'eu-west-1' } }), { region: 'x' }), 'n').region).toBe('eu-west-1');
    expect(toRef({ jobId: 'j' }, toPlace(toTask({}), { region: 'us-west-2' }), 'n').region).toBe('us-west-2');
  });
});

test('C11: settings that nobody knows are tolerated', () => {
  expect(toConfig({ jobQueue: 'q', tomorrow: 1 }).jobQueue).toBe('q');
});
