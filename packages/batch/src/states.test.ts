import { describe, expect, test } from 'vitest';
import jobs from './__fixtures__/jobs.json' with { type: 'json' };
import type { Job } from './client.ts';
import { failureCause, isOver, jobPhase } from './states.ts';

const job = (fields: Partial<Job>): Job => ({ jobId: 'j', jobName: 'n', status: 'RUNNABLE', ...fields });

test.each([
  ['SUBMITTED', 'WAITING_FOR_RESOURCES', false],
  ['PENDING', 'WAITING_FOR_RESOURCES', false],
  ['RUNNABLE', 'WAITING_FOR_RESOURCES', false],
  ['SCHEDULED', 'INITIALIZING', false],
  ['STARTING', 'INITIALIZING', false],
  ['RUNNING', 'RUNNING', false],
  ['SUCCEEDED', 'SUCCEEDED', true],
  ['FAILED', 'RETRYABLE_FAILED', true],
  ['FROM_TOMORROW', 'RUNNING', false],
])('AB4, C7: %s is %s', (status, phase, over) => {
  expect(jobPhase(job({ status }))).toBe(phase);
  expect(isOver(status)).toBe(over);
});

describe('R10: a job that has started stays started', () => {
  test.each<[string, Partial<Job>]>([
    ['when its machine was lost and it waits for another', { attempts: [{ statusReason: 'Host EC2 (instance i-1) terminated.' }] }],
    ['when it has a start', { startedAt: 1 }],
    [
      'when one of the jobs of an array has',
      { status: 'PENDING', arrayProperties: { size: 2, statusSummary: { RUNNABLE: 1, RUNNING: 1 } } },
    ],
  ])('%s', (_name, fields) => {
    expect(jobPhase(job(fields))).toBe('RUNNING');
  });

  test('and an array none of whose jobs has waits', () => {
    expect(jobPhase(job({ status: 'PENDING', arrayProperties: { size: 2, statusSummary: { RUNNABLE: 2, RUNNING: 0 } } }))).toBe(
      'WAITING_FOR_RESOURCES',
    );
  });
});

describe('AB5: a failure', () => {
  test.each<[string, Partial<Job>, string, string]>([
    ['of the container itself', jobs.failed, 'other', 'RETRYABLE_FAILED'],
    ['by termination', { statusReason: 'not wanted', isTerminated: true }, 'stopped', 'FAILED'],
    ['by cancellation', { statusReason: 'not wanted', isCancelled: true }, 'stopped', 'FAILED'],
    ['of a spot instance', { statusReason: 'Host EC2 (instance i-0a1b2c) terminated.' }, 'lostHost', 'RETRYABLE_FAILED'],
    ['of a Fargate spot task', { container: { reason: 'Your Spot Task was interrupted.' } }, 'lostHost', 'RETRYABLE_FAILED'],
    [
      'by memory',
      { container: { exitCode: 137, reason: 'OutOfMemoryError: Container killed due to memory usage' } },
      'outOfMemory',
      'RETRYABLE_FAILED',
    ],
    ['by an image that there is not', { container: { reason: 'CannotPullContainerError: manifest unknown' } }, 'noImage', 'FAILED'],
    [
      'by a registry that is busy',
      { container: { reason: 'CannotPullContainerError: toomanyrequests: Rate exceeded' } },
      'lostHost',
      'RETRYABLE_FAILED',
    ],
    ['in the last attempt', { attempts: [{ container: { reason: 'CannotPullContainerError: manifest unknown' } }] }, 'noImage', 'FAILED'],
    [
      'in the last attempt, whatever the ones before',
      { attempts: [{ container: { reason: 'OutOfMemoryError' } }, { container: { exitCode: 1 } }] },
      'other',
      'RETRYABLE_FAILED',
    ],
    ['of Fargate', { statusReason: 'ResourceInitializationError: unable to pull secrets' }, 'other', 'RETRYABLE_FAILED'],
    ['by time', { statusReason: 'Job attempt duration exceeded timeout' }, 'other', 'RETRYABLE_FAILED'],
    ['of what it depends on', { statusReason: 'Dependent Job failed' }, 'dependency', 'FAILED'],
  ])('%s', (_name, fields, cause, phase) => {
    const failed = job({ ...fields, status: 'FAILED' });
    expect(failureCause(failed)).toBe(cause);
    expect(jobPhase(failed)).toBe(phase);
  });
});
