import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createLogger, startServer, type AgentServer } from '@flyte-agents/core';
import { BotoAgent, SageMakerAgent } from '@flyte-agents/sagemaker';
import {
  finish,
  installTimeoutMs,
  pythonTool,
  requirement,
  startMoto,
  startSageMaker,
  type SageMakerServer,
} from '@flyte-agents/test-upstreams';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { acceptanceCases } from './accept.ts';
import { buildPropellerDrive, drive } from './propeller.ts';

const python = requirement('python3');
const go = requirement('go');
const scripts = join(import.meta.dirname, '../python');

/** Our server with both agents, which ask the SageMaker that variables lead to. */
async function startAgents(variables: Readonly<Record<string, string>>, storeRoots: readonly string[] = []): Promise<AgentServer> {
  for (const [variable, value] of Object.entries(variables)) vi.stubEnv(variable, value);
  const agents = [new SageMakerAgent(), new BotoAgent()];
  return startServer({ agents, host: '127.0.0.1', port: 0, metricsPort: 0, storeRoots, logger: createLogger({ level: 'error' }) });
}

async function runScript(name: string, ...parameters: readonly string[]): Promise<unknown> {
  const interpreter = await pythonTool('flytekit-sagemaker', join(scripts, 'flytekit-sagemaker.txt'));
  const { ended, stdout, output } = await finish(interpreter, [join(scripts, name), ...parameters]);
  expect({ ended, output }).toMatchObject({ ended: 'exit code 0' });
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

const done = { phase: 'SUCCEEDED', outputs: { result: { ResponseMetadata: { HTTPStatusCode: 200 } } } };

/** What becomes of each of flytekit's tasks. */
const expected = {
  model: {
    phase: 'SUCCEEDED',
    outputs: {
      result: { ModelArn: expect.stringMatching(/^arn:aws:sagemaker:us-east-1:\d+:model\/m-[0-9a-f]{16}$/) },
      idempotence_token: expect.stringMatching(/^[0-9a-f]{16}$/),
    },
  },
  config: { phase: 'SUCCEEDED', outputs: { result: { EndpointConfigArn: expect.stringMatching(/:endpoint-config\/c-1$/) } } },
  endpoint: {
    type: 'sagemaker-endpoint',
    phase: 'SUCCEEDED',
    outputs: { result: { EndpointArn: expect.stringMatching(/:endpoint\/e-1$/) } },
  },
  invoked: { phase: 'SUCCEEDED', outputs: { result: { InferenceId: expect.any(String) } } },
  training: {
    type: 'sagemaker-training-job',
    phase: 'SUCCEEDED',
    outputs: { result: { TrainingJobName: 't-1', FinalMetricDataList: [{ MetricName: 'auc', Value: 0.5 }] } },
  },
  'described training': { phase: 'SUCCEEDED', outputs: { result: { TrainingJobStatus: 'Completed', Environment: { DEPTH: '6' } } } },
  started: { phase: 'RUNNING' },
  'stopped training': done,
  processing: { type: 'sagemaker-processing-job', phase: 'SUCCEEDED', outputs: { result: { ProcessingJobName: 'p-1' } } },
  'described processing': { phase: 'SUCCEEDED', outputs: { result: { ProcessingJobStatus: 'Completed' } } },
  // It has ended: there is nothing to stop.
  'stopped processing': { phase: 'FAILED', message: expect.stringContaining('ValidationException') },
  'deleted endpoint': done,
  'deleted config': done,
  'deleted model': done,
};

/** What differs on moto, which runs nothing. */
const onMoto: Readonly<Record<string, object>> = {
  // It makes the metrics up, and does not tell the environment.
  training: { phase: 'SUCCEEDED', outputs: { result: { TrainingJobName: 't-1' } } },
  // Its jobs have ended as soon as they are there.
  started: { phase: 'SUCCEEDED' },
  'described training': { phase: 'SUCCEEDED', outputs: { result: { TrainingJobStatus: 'Completed' } } },
  // It stops what has ended.
  'stopped processing': done,
};

describe.skipIf(!python.available)(`tasks of flytekit, sent from Python${python.note}`, () => {
  afterEach(() => vi.unstubAllEnvs());

  test('C19, SM2, SM5, SM6, SM8: each of its classes does what it says, on our stand-in', { timeout: installTimeoutMs }, async () => {
    const sageMaker = await startSageMaker();
    const server = await startAgents(sageMaker.environment);
    const outcomes = await runScript('flytekit_sagemaker.py', `127.0.0.1:${server.port}`);
    await server.stop();
    await sageMaker.stop();
    expect(outcomes).toMatchObject(expected);
  });

  test('C19, SM2, SM5, SM6, SM8: and on moto, but for what moto has not', { timeout: installTimeoutMs }, async () => {
    const moto = await startMoto();
    const server = await startAgents(moto.environment);
    const outcomes = await runScript('flytekit_sagemaker.py', `127.0.0.1:${server.port}`, 'StopTrainingJob');
    await server.stop();
    await moto.stop();
    const { 'stopped training': _stopped, ...had } = { ...expected, ...onMoto };
    expect(outcomes).toMatchObject(had);
  });
});

describe.skipIf(!python.available)(`a task of flytekit, sent from Python, in a container that runs its code${python.note}`, () => {
  let sageMaker: SageMakerServer;
  let server: AgentServer;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'flyte-agents-sagemaker-'));
    sageMaker = await startSageMaker();
    server = await startAgents(sageMaker.environment, [pathToFileURL(folder).href]);
  });
  afterAll(async () => {
    await server.stop();
    await sageMaker.stop();
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });
  const runTask = async (task: string, number: string): Promise<unknown> =>
    runScript('flytekit_sagemaker_code.py', `127.0.0.1:${server.port}`, join(folder, `${task}${number}`), task, number);

  test.each([
    ['train', 'sagemaker-training-task', 42],
    ['process', 'sagemaker-processing-task', 28],
  ])('C19, SM6, SM8: %s gives its outputs at the output prefix', { timeout: installTimeoutMs }, async (task, type, o0) => {
    expect(await runTask(task, '14')).toMatchObject({ type, phase: 'SUCCEEDED', outputs: { o0 } });
  });

  test('C9, SM6: its failure is told in its own words', { timeout: installTimeoutMs }, async () => {
    expect(await runTask('train', '-1')).toMatchObject({ phase: 'FAILED', message: expect.stringContaining('a must not be negative') });
  });
});

const job = (...entrypoint: readonly string[]) => ({
  id: { resourceType: 'TASK', project: 'flytesnacks', domain: 'development', name: 'job', version: 'v1' },
  type: 'sagemaker-processing-job',
  interface: { outputs: { variables: { result: { type: { simple: 'STRUCT' } } } } },
  custom: {
    config: {
      AppSpecification: { ImageUri: 'busybox', ContainerEntrypoint: entrypoint },
      RoleArn: 'arn:aws:iam::123456789012:role/sagemaker',
      ProcessingResources: { ClusterConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 10 } },
    },
    region: 'us-east-1',
  },
});

describe.skipIf(!go.available)(`driven by the plugin of Flyte 1.16.8's engine${go.note}`, () => {
  let sageMaker: SageMakerServer;
  let server: AgentServer;
  let binary: string;
  beforeAll(async () => {
    binary = await buildPropellerDrive();
    sageMaker = await startSageMaker();
    server = await startAgents(sageMaker.environment);
  }, installTimeoutMs);
  afterAll(async () => {
    await server.stop();
    await sageMaker.stop();
    vi.unstubAllEnvs();
  });
  acceptanceCases({ subject: () => ({ binary, endpoint: `127.0.0.1:${server.port}`, task: job('sleep', '1') }) });

  test('SM3, C4: an abort stops the job', { timeout: 60_000 }, async () => {
    const flags = ['--abort-after', '3', '--double-abort'];
    const report = await drive(binary, { endpoint: `127.0.0.1:${server.port}`, task: job('sleep', '600'), flags });
    expect(report.executions?.[0]?.attempts[0]).toMatchObject({ final_phase: 'Aborted', aborted: true });
    await expect.poll(() => sageMaker.jobs.at(-1)?.status).toBe('Stopped');
  });
});
