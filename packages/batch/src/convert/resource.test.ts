import { describe, expect, test } from 'vitest';
import jobs from '../__fixtures__/jobs.json' with { type: 'json' };
import type { Queue } from '../client.ts';
import type { JobRef } from '../config.ts';
import { toLinks } from './links.ts';
import { toResource } from './resource.ts';

const ref: JobRef = {
  region: 'us-east-2',
  queue: 'spot',
  kind: 'job',
  jobId: jobs.failed.jobId,
  name: jobs.failed.jobName,
  outputPrefix: 's3://b/0',
  minSuccessRatio: null,
};
const page = `https://us-east-2.console.aws.amazon.com/batch/home?region=us-east-2#jobs/detail/${ref.jobId}`;
const log =
  'https://us-east-2.console.aws.amazon.com/cloudwatch/home?region=us-east-2#logsV2:log-groups/log-group/$252Faws$252Fbatch$252Fjob/log-events/flyte-tasks-0123456789ab$252Fdefault$252F8b1a41c26cc34ff7a5dc4a0d0a8e1c6b';

describe('links', () => {
  test('AB8: a job has its page from the first answer', () => {
    expect(toLinks(ref)).toEqual([{ name: 'AWS Batch Job', uri: page }]);
    expect(toLinks({ ...ref, region: null })).toEqual([]);
    expect(toLinks({ ...ref, kind: 'service' })[0]?.uri).toContain('#service-jobs/detail/');
  });

  test('AB8: one that runs has its log from the first RUNNING answer, and that of the last attempt at the end', () => {
    expect(toResource({ ref, job: jobs.running })).toMatchObject({ phase: 'RUNNING', links: [{ name: 'AWS Batch #0-0', uri: log }] });
    const [attempt] = jobs.failed.attempts;
    const second = {
      ...jobs.failed,
      attempts: [attempt ?? {}, { container: { logStreamName: 'last' } }],
      container: { logStreamName: 'last' },
    };
    const withoutContainer = { ...second, container: undefined };
    for (const job of [second, withoutContainer])
      expect(toResource({ ref, job }).links).toEqual([{ name: 'AWS Batch #0-1', uri: expect.stringMatching(/log-events\/last$/) }]);
  });

  test('AB8: a log that goes elsewhere has no link, and one of another group has its own', () => {
    const elsewhere = { ...jobs.running, container: { logStreamName: 's', logConfiguration: { logDriver: 'splunk' } } };
    expect(toResource({ ref, job: elsewhere })).not.toHaveProperty('links');
    const grouped = {
      ...jobs.running,
      container: { logStreamName: 's', logConfiguration: { logDriver: 'awslogs', options: { 'awslogs-group': 'mine' } } },
    };
    expect(toResource({ ref, job: grouped }).links?.[0]?.uri).toContain('log-group/mine/log-events/s');
  });
});

describe('a failure', () => {
  test('AB5, C9: is told with its code, its reason and where to look', () => {
    expect(toResource({ ref, job: jobs.failed })).toMatchObject({
      phase: 'RETRYABLE_FAILED',
      message: `AWS Batch job ${ref.jobId}: Essential container in task exited; exit(1); see ${page}`,
    });
  });

  test('AB5: by memory is named', () => {
    const job = {
      ...jobs.failed,
      container: { ...jobs.failed.container, exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' },
    };
    expect(toResource({ ref, job }).message).toContain('exit(137); out of memory: it had 2048 MiB, ask for more');
  });

  test('AB5, AB6: by somebody outside is told with his reason, whatever its container wrote', () => {
    const job = { ...jobs.failed, isTerminated: true, statusReason: 'not wanted' };
    const error = { code: 'x', message: 'y', recoverable: true };
    expect(toResource({ ref, job, error })).toMatchObject({ phase: 'FAILED', message: expect.stringContaining('terminated: not wanted') });
  });

  test.each([
    [true, 'RETRYABLE_FAILED'],
    [false, 'FAILED'],
  ])('AB6: with an error file that says recoverable: %s is %s', (recoverable, phase) => {
    const error = { code: 'USER:ValueError', message: 'no rows', recoverable };
    expect(toResource({ ref, job: jobs.failed, error })).toMatchObject({
      phase,
      message: expect.stringContaining('[USER:ValueError] no rows'),
    });
  });
});

describe('an array', () => {
  const failed = [
    {
      arrayProperties: { index: 7 },
      statusReason: 'Essential container in task exited',
      container: { exitCode: 3, logStreamName: 'child-7' },
    },
  ];

  test('AB9, AB16: tells how its jobs stand, and which failed, with their logs', () => {
    const resource = toResource({ ref, job: jobs.array, failed });
    expect(resource).toMatchObject({
      phase: 'RETRYABLE_FAILED',
      message: expect.stringContaining('10 jobs: 1 FAILED, 9 SUCCEEDED; #7: Essential container in task exited exit(3)'),
      links: [{ name: 'AWS Batch #7', uri: expect.stringContaining('child-7') }],
      customInfo: { arraySize: 10, arrayJobs: { SUCCEEDED: 9, FAILED: 1 } },
    });
  });

  test('AB9: tells how its jobs stand before they are over', () => {
    const arrayProperties = { size: 3, statusSummary: { RUNNABLE: 2, RUNNING: 1, FAILED: 0 } };
    expect(toResource({ ref, job: { ...jobs.array, status: 'PENDING', statusReason: undefined, arrayProperties } })).toMatchObject({
      phase: 'RUNNING',
      message: `AWS Batch job ${ref.jobId}: PENDING; 3 jobs: 2 RUNNABLE, 1 RUNNING`,
    });
  });

  test('AB9, AB16: succeeds when enough of it did', () => {
    expect(toResource({ ref: { ...ref, minSuccessRatio: 0.9 }, job: jobs.array, failed })).toMatchObject({
      phase: 'SUCCEEDED',
      message: `AWS Batch job ${ref.jobId}: 9 of 10 jobs succeeded, which is enough (minSuccessRatio 0.9)`,
      customInfo: { arraySize: 10 },
    });
    expect(toResource({ ref: { ...ref, minSuccessRatio: 0.91 }, job: jobs.array, failed }).phase).toBe('RETRYABLE_FAILED');
    expect(toResource({ ref: { ...ref, minSuccessRatio: 0.5 }, job: { ...jobs.array, isTerminated: true } }).phase).toBe('FAILED');
  });
});

test('AB16, C22: what a job used is told in seconds of CPU and memory', () => {
  expect(toResource({ ref, job: jobs.failed }).customInfo).toEqual({ attempts: 1, seconds: 60, vcpuSeconds: 120, memoryGibSeconds: 120 });
});

test('AB16: what it used counts in all of its attempts, with GPUs', () => {
  const attempts = [
    { startedAt: 1000, stoppedAt: 11_000 },
    { startedAt: 20_000, stoppedAt: 25_000 },
  ];
  const resourceRequirements = [
    { type: 'VCPU', value: '2' },
    { type: 'MEMORY', value: '1024' },
    { type: 'GPU', value: '4' },
  ];
  const used = { attempts: 2, seconds: 15, vcpuSeconds: 30, memoryGibSeconds: 15, gpuSeconds: 60 };
  for (const status of ['SUCCEEDED', 'FAILED'])
    expect(toResource({ ref, job: { ...jobs.failed, status, attempts, container: { resourceRequirements } } }).customInfo).toEqual(used);
});

test('AB16: of a job without attempts, its own times count', () => {
  const job = { ...jobs.failed, attempts: [], startedAt: 1000, stoppedAt: 3000, container: { vcpus: 2, memory: 512 } };
  expect(toResource({ ref, job }).customInfo).toEqual({ attempts: 0, seconds: 2, vcpuSeconds: 4, memoryGibSeconds: 1 });
});

test('AB4: a job that waits says why, if Batch does', () => {
  const statusReason = 'MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT - The job asks for too much';
  expect(toResource({ ref, job: { ...jobs.running, status: 'RUNNABLE', startedAt: undefined, statusReason } })).toMatchObject({
    phase: 'WAITING_FOR_RESOURCES',
    message: `AWS Batch job ${ref.jobId}: RUNNABLE; ${statusReason}`,
  });
});

describe('AB15: a job that is stuck says', () => {
  const environment = {
    computeEnvironmentName: 'spot',
    state: 'ENABLED',
    status: 'VALID',
    computeResources: { maxvCpus: 16, desiredvCpus: 0 },
  };
  const queue = { state: 'ENABLED', status: 'VALID', environments: [environment] };
  test.each<[string, Queue, string]>([
    ['that its queue is gone', { state: 'DELETED', environments: [] }, 'no such job queue'],
    ['that its queue is disabled', { ...queue, state: 'DISABLED' }, 'the job queue is disabled'],
    ['that its queue is invalid', { ...queue, status: 'INVALID', statusReason: 'no role' }, 'the job queue is invalid: no role'],
    ['that it has nothing to run on', { ...queue, environments: [] }, 'no compute environment'],
    ['that what it runs on is disabled', { ...queue, environments: [{ ...environment, state: 'DISABLED' }] }, 'spot is disabled'],
    [
      'that what it runs on is invalid',
      { ...queue, environments: [{ ...environment, status: 'INVALID', statusReason: 'subnet' }] },
      'spot is invalid: subnet',
    ],
    [
      'that it asks for too much',
      { ...queue, environments: [{ ...environment, computeResources: { maxvCpus: 1 } }] },
      'spot has at most 1 vCPUs, the job asks for 2',
    ],
    [
      'that there is no room',
      { ...queue, environments: [{ ...environment, computeResources: { maxvCpus: 16, desiredvCpus: 16 } }] },
      'spot is full: 16 of 16 vCPUs',
    ],
    ['where else to look', queue, 'check their quotas, their subnets'],
  ])('%s', (_name, stuckIn, reason) => {
    expect(toResource({ ref, job: { ...jobs.running, status: 'RUNNABLE', startedAt: undefined }, queue: stuckIn }).message).toContain(
      reason,
    );
  });
});
