import { describe, expect, test } from 'vitest';
import type { Job } from './client.ts';
import type { JobKind } from './kinds.ts';
import { isToBeEnded, phaseOf } from './states.ts';

function job(kind: JobKind, status: string, rest: Partial<Job> = {}): Job {
  return { kind, name: 'n', arn: 'arn', status, step: undefined, reason: undefined, hasStarted: false, record: {}, ...rest };
}

test.each([
  ['Creating', 'INITIALIZING'],
  ['Updating', 'RUNNING'],
  ['SystemUpdating', 'RUNNING'],
  ['RollingBack', 'RUNNING'],
  ['InService', 'SUCCEEDED'],
  ['OutOfService', 'FAILED'],
  ['Failed', 'FAILED'],
  ['UpdateRollbackFailed', 'FAILED'],
  ['Deleting', 'FAILED'],
  ['Tomorrow', 'RUNNING'],
])('SM2: an endpoint that is %s is %s', (status, phase) => {
  expect(phaseOf(job('endpoint', status))).toBe(phase);
});

describe.each<JobKind>(['training', 'processing', 'transform', 'tuning', 'autoMl'])('SM6, SM8: of the kind %s', (kind) => {
  test.each([
    ['InProgress', 'RUNNING'],
    ['Stopping', 'RUNNING'],
    ['Completed', 'SUCCEEDED'],
    ['Failed', 'FAILED'],
    ['Stopped', 'FAILED'],
    ['Deleting', 'FAILED'],
    ['DeleteFailed', 'FAILED'],
  ])('a job that is %s is %s', (status, phase) => {
    expect(phaseOf(job(kind, status))).toBe(phase);
  });
});

test.each([
  ['PENDING', 'INITIALIZING'],
  ['IN_PROGRESS', 'RUNNING'],
  ['STOPPING', 'RUNNING'],
  ['COMPLETED', 'SUCCEEDED'],
  ['FAILED', 'FAILED'],
  ['STOPPED', 'FAILED'],
  ['DELETING', 'FAILED'],
  ['DELETED', 'FAILED'],
])('SM8: a recommender job that is %s is %s', (status, phase) => {
  expect(phaseOf(job('recommender', status))).toBe(phase);
});

test.each<[string, string, boolean?]>([
  ['Executing', 'INITIALIZING'],
  ['Executing', 'RUNNING', true],
  ['Stopping', 'RUNNING'],
  ['Stopped', 'FAILED'],
  ['Failed', 'FAILED'],
  ['Succeeded', 'SUCCEEDED'],
])("SM8: a pipeline's execution that is %s is %s (a step has begun: %s)", (status, phase, hasStarted = false) => {
  expect(phaseOf(job('pipeline', status, { hasStarted }))).toBe(phase);
});

describe.each<JobKind>(['modelPackage', 'modelVersion'])('SM8: of the kind %s', (kind) => {
  test.each([
    ['Pending', 'INITIALIZING'],
    ['InProgress', 'RUNNING'],
    ['Completed', 'SUCCEEDED'],
    ['Failed', 'FAILED'],
    ['Deleting', 'FAILED'],
  ])('a model package that is %s is %s', (status, phase) => {
    expect(phaseOf(job(kind, status))).toBe(phase);
  });

  test('what is being made is to be ended, and what is made is not, nor what may be', () => {
    const states = ['Pending', 'InProgress', 'Completed', 'Failed', 'Deleting', 'Tomorrow'];
    expect(states.filter((status) => isToBeEnded(job(kind, status)))).toEqual(['Pending', 'InProgress']);
    expect(isToBeEnded(job(kind, 'Tomorrow', { step: 'NotStarted' }))).toBe(true);
  });
});

test.each(['Pending', 'Starting', 'LaunchingMLInstances', 'PreparingTrainingStack'])(
  'SM10: a training job that is %s is setting up, unless it was interrupted before',
  (step) => {
    expect(phaseOf(job('training', 'InProgress', { step }))).toBe('INITIALIZING');
    expect(phaseOf(job('training', 'InProgress', { step, hasStarted: true }))).toBe('RUNNING');
  },
);

test.each([
  ['InternalServerError: We encountered an internal error', 'RETRYABLE_FAILED'],
  ['CapacityError: Unable to provision requested ML compute capacity', 'RETRYABLE_FAILED'],
  ['AlgorithmError: exit 1', 'FAILED'],
  ['ClientError: no such bucket', 'FAILED'],
])('SM4: a job that failed by %s is %s', (reason, phase) => {
  expect(phaseOf(job('training', 'Failed', { reason }))).toBe(phase);
});

test.each<[JobKind, string, boolean, boolean]>([
  ['training', 'InProgress', true, true],
  ['training', 'Stopping', true, false],
  ['training', 'Completed', true, false],
  ['training', 'Failed', true, false],
  ['recommender', 'PENDING', false, true],
  ['recommender', 'STOPPING', true, false],
  ['pipeline', 'Executing', true, true],
  ['pipeline', 'Stopping', true, false],
  ['pipeline', 'Succeeded', true, false],
  ['endpoint', 'Creating', false, true],
  ['endpoint', 'Failed', false, true],
  ['endpoint', 'InService', true, false],
  ['endpoint', 'Updating', true, false],
  ['endpoint', 'SystemUpdating', false, false],
  ['endpoint', 'RollingBack', false, false],
  ['endpoint', 'OutOfService', true, false],
  ['endpoint', 'Tomorrow', true, false],
])('SM3: of the kind %s, what is %s (started: %s) is to be ended: %s', (kind, status, hasStarted, isEnded) => {
  expect(isToBeEnded(job(kind, status, { hasStarted }))).toBe(isEnded);
});
