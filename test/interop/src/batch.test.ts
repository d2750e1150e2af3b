import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BatchClient, DescribeJobsCommand } from '@aws-sdk/client-batch';
import { finish, installTimeoutMs, pythonTool, requirement, startBatch, type BatchServer } from '@flyte-agents/test-upstreams';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { acceptanceCases } from './accept.ts';
import { startMotoBatch } from './batch-moto.ts';
import { BatchStage, recorded } from './batch-stage.ts';
import { buildPropellerDrive, drive } from './propeller.ts';

const python = requirement('python3');
const go = requirement('go');
const scripts = join(import.meta.dirname, '../python');

describe("what flytekit's AWSBatchConfig registers", () => {
  let batch: BatchServer;
  let stage: BatchStage;
  beforeEach(async () => {
    batch = await startBatch();
    for (const [variable, value] of Object.entries(batch.environment)) vi.stubEnv(variable, value);
    stage = await BatchStage.start({});
  });
  afterEach(async () => {
    await stage.stop();
    await batch.stop();
    vi.unstubAllEnvs();
  });
  const sent = (wanted: string) => batch.requests.filter(({ operation }) => operation === wanted).map(({ body }) => body);
  const prefix = 's3://my-s3-bucket/metadata/propeller/flytesnacks-development-f3a9c1d2e4b5a6978c0d/n0/data/0';

  test('C19, AB2, AB3, AB6: everything of it is in the job', async () => {
    await stage.create(recorded('aws-batch.full'));
    const [job = {}] = sent('SubmitJob');
    expect(job).toMatchObject({
      jobName: expect.stringMatching(/^f3a9c1d2e4b5a6978c0d-n0-[0-9a-f]{32}$/),
      jobQueue: 'queue',
      parameters: { codec: 'mp4' },
      propagateTags: true,
      tags: { hello: 'world', 'flyte:project': 'flytesnacks', 'flyte:execution': 'f3a9c1d2e4b5a6978c0d' },
      timeout: { attemptDurationSeconds: 7200 },
      retryStrategy: { attempts: 3 },
      containerOverrides: {
        command: expect.arrayContaining(['pyflyte-execute', prefix]),
        environment: expect.arrayContaining([
          { name: 'FOO', value: 'bar' },
          { name: 'A', value: '1' },
          { name: 'FLYTE_FAIL_ON_ERROR', value: 'true' },
        ]),
        resourceRequirements: [
          { type: 'VCPU', value: '2' },
          { type: 'MEMORY', value: '2048' },
        ],
      },
    });
    expect(JSON.stringify(job)).not.toContain(`${prefix}/0"`);
    // Its priority is for queues with shares, and it names none.
    expect(job).not.toHaveProperty('schedulingPriorityOverride');
    expect(sent('RegisterJobDefinition')).toMatchObject([
      {
        type: 'container',
        platformCapabilities: ['EC2'],
        containerProperties: { image: '123456789012.dkr.ecr.us-east-2.amazonaws.com/acme/flyte-tasks:v1' },
      },
    ]);
  });

  test('C19, AB11: with nothing but a platform it is a job on Fargate', async () => {
    await stage.create(recorded('aws-batch.fargate'));
    expect(sent('SubmitJob')).toMatchObject([
      {
        timeout: { attemptDurationSeconds: 259_200 },
        containerOverrides: {
          resourceRequirements: [
            { type: 'VCPU', value: '1' },
            { type: 'MEMORY', value: '2048' },
          ],
        },
      },
    ]);
    expect(sent('RegisterJobDefinition')).toMatchObject([
      { platformCapabilities: ['FARGATE'], containerProperties: { executionRoleArn: 'arn:aws:iam::123456789012:role/starts' } },
    ]);
  });

  test('R1, AB1: the same create on another server starts nothing, and answers the same job', async () => {
    const other = await BatchStage.start({});
    const first = await stage.create(recorded('aws-batch.full'));
    const again = await other.create(recorded('aws-batch.full'));
    expect(again.ref).toEqual(first.ref);
    expect(batch.jobs).toHaveLength(1);
    await other.stop();
  });

  test('C19: by its other name the task is the same', async () => {
    const request = recorded('aws-batch.full');
    if (request.template !== undefined) request.template.type = 'aws_batch_task';
    await stage.create(request);
    expect(batch.jobs).toHaveLength(1);
  });

  test('AB4, AB8: a job waits, starts, runs with a link to its log, and ends', async () => {
    const task = await stage.create(recorded('aws-batch.full', ['sh', '-c', 'echo hello; sleep 1']));
    expect(await task.get()).toMatchObject({ phase: 'WAITING_FOR_RESOURCES', logLinks: [{ name: 'AWS Batch Job' }] });
    await expect
      .poll(async () => task.get(), { timeout: 5000 })
      .toMatchObject({ phase: 'RUNNING', logLinks: [{}, { name: 'AWS Batch #0-0' }] });
    await expect.poll(async () => (await task.get()).phase, { timeout: 5000 }).toBe('SUCCEEDED');
  });

  test('AB7: a job is stopped while it runs', async () => {
    const task = await stage.create(recorded('aws-batch.full', ['sleep', '60']));
    await expect.poll(async () => (await task.get()).phase, { timeout: 5000 }).toBe('RUNNING');
    await task.delete();
    await expect.poll(async () => batch.jobs[0]?.detail()['status'], { timeout: 5000 }).toBe('FAILED');
    await task.delete();
  });
});

describe.skipIf(!python.available)(`a task of flytekit, sent from Python, in a container that runs it${python.note}`, () => {
  let batch: BatchServer;
  let stage: BatchStage;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flyte-agents-batch-'));
    batch = await startBatch();
    for (const [variable, value] of Object.entries(batch.environment)) vi.stubEnv(variable, value);
    stage = await BatchStage.start({}, [pathToFileURL(folder).href]);
  });
  afterAll(async () => {
    await stage.stop();
    await batch.stop();
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  async function multiply(name: string, number: string): Promise<unknown> {
    const interpreter = await pythonTool('flytekit-batch', join(scripts, 'flytekit-batch.txt'));
    const { ended, stdout, output } = await finish(interpreter, [
      join(scripts, 'flytekit_batch.py'),
      stage.endpoint,
      join(folder, name),
      number,
    ]);
    expect({ ended, output }).toMatchObject({ ended: 'exit code 0' });
    return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  }

  test('C19, AB6: its outputs are at the output prefix, where the engine reads them', { timeout: installTimeoutMs }, async () => {
    expect(await multiply('ok', '14')).toMatchObject({
      type: 'aws-batch',
      registered: expect.arrayContaining(['--output-prefix', '{{.outputPrefix}}/0']),
      phase: 'SUCCEEDED',
      outputs: { o0: 42 },
    });
  });

  test('AB5, AB6: its failure is told in its own words', { timeout: installTimeoutMs }, async () => {
    expect(await multiply('bad', '-1')).toMatchObject({ phase: 'FAILED', message: expect.stringContaining('a must not be negative') });
  });
});

const container = (...args: readonly string[]) => ({
  id: { resourceType: 'TASK', project: 'flytesnacks', domain: 'development', name: 'batch', version: 'v1' },
  type: 'aws-batch',
  interface: {},
  container: { image: 'busybox', args },
});

describe.skipIf(!go.available)(`driven by the plugin of Flyte 1.16.8's engine${go.note}`, () => {
  let batch: BatchServer;
  let stage: BatchStage;
  let binary: string;
  beforeAll(async () => {
    binary = await buildPropellerDrive();
    batch = await startBatch();
    for (const [variable, value] of Object.entries(batch.environment)) vi.stubEnv(variable, value);
    stage = await BatchStage.start({});
  }, installTimeoutMs);
  afterAll(async () => {
    await stage.stop();
    await batch.stop();
    vi.unstubAllEnvs();
  });
  acceptanceCases({ subject: () => ({ binary, endpoint: stage.endpoint, task: container('echo', 'hello') }) });

  test('AB7, C4: an abort ends the job', { timeout: 60_000 }, async () => {
    const task = container('sleep', '600');
    const report = await drive(binary, { endpoint: stage.endpoint, task, flags: ['--abort-after', '3', '--double-abort'] });
    expect(report.executions?.[0]?.attempts[0]).toMatchObject({ final_phase: 'Aborted', aborted: true });
    await expect.poll(() => batch.jobs.at(-1)?.detail()['statusReason']).toBe('The task was ended by Flyte');
  });
});

// moto, without containers, differs from AWS and from our stand-in in that a job has succeeded as soon as anybody asks for it: it shows
// no other state, and there is nothing to stop.
describe.skipIf(!python.available)(`on moto${python.note}`, () => {
  let stage: BatchStage;
  let stop: () => Promise<void>;
  beforeAll(async () => {
    const moto = await startMotoBatch();
    stop = () => moto.stop();
    stage = await BatchStage.start({});
  }, installTimeoutMs);
  afterAll(async () => {
    await stage?.stop();
    await stop?.();
    vi.unstubAllEnvs();
  });

  test('a job is submitted once and succeeds, and may be deleted afterwards', async () => {
    const request = recorded('aws-batch.full', ['true']);
    const task = await stage.create(request);
    const other = await BatchStage.start({});
    const again = await other.create(request);
    expect(again.ref).toEqual(task.ref);
    await expect.poll(async () => (await task.get()).phase, { timeout: 10_000 }).toBe('SUCCEEDED');
    await task.delete();
    await other.stop();
  });

  test('AB10: a second task of the same image has the same definition', async () => {
    const first = await stage.create(recorded('aws-batch.full', ['true', 'first']));
    const other = await BatchStage.start({});
    const second = await other.create(recorded('aws-batch.full', ['true', 'second']));
    const client = new BatchClient();
    const { jobs = [] } = await client.send(new DescribeJobsCommand({ jobs: [first.ref.jobId, second.ref.jobId] }));
    expect(jobs).toHaveLength(2);
    expect(new Set(jobs.map(({ jobDefinition }) => jobDefinition)).size).toBe(1);
    client.destroy();
    await other.stop();
  });

  test('C9: a queue that there is not fails the task, with the words of the service', async () => {
    const elsewhere = await BatchStage.start({ queues: { '*': 'nowhere' } });
    const task = await elsewhere.create(recorded('aws-batch.full', ['true', 'nowhere']));
    expect(await task.get()).toMatchObject({ phase: 'FAILED', message: expect.stringMatching(/AWS Batch .*nowhere/) });
    await elsewhere.stop();
  });
});
