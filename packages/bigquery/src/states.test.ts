import { expect, test } from 'vitest';
import jobs from './__fixtures__/jobs.json' with { type: 'json' };
import { isOver, jobPhase } from './states.ts';

test.each([
  ['pending', 'WAITING_FOR_RESOURCES'],
  ['pendingAgain', 'RUNNING'],
  ['running', 'RUNNING'],
  ['select', 'SUCCEEDED'],
  ['warned', 'SUCCEEDED'],
  ['failed', 'FAILED'],
  ['stopped', 'FAILED'],
] as const)('R10, BQ4: a job that is %s is %s; only an errorResult fails it', (name, phase) => {
  expect(jobPhase(jobs[name])).toBe(phase);
  expect(isOver(jobs[name])).toBe(!['pending', 'pendingAgain', 'running'].includes(name));
});

test('C7: a state that nobody knows is running', () => {
  const job = { status: { state: 'HIBERNATING' } };
  expect([jobPhase(job), isOver(job)]).toEqual(['RUNNING', false]);
});

test.each([
  ['backendError', '', 'RETRYABLE_FAILED'],
  ['internalError', '', 'RETRYABLE_FAILED'],
  ['jobBackendError', '', 'RETRYABLE_FAILED'],
  ['jobInternalError', '', 'RETRYABLE_FAILED'],
  ['jobRateLimitExceeded', '', 'RETRYABLE_FAILED'],
  ['rateLimitExceeded', '', 'RETRYABLE_FAILED'],
  ['tableUnavailable', '', 'RETRYABLE_FAILED'],
  ['quotaExceeded', 'Exceeded rate limits: too many table update operations for this table', 'RETRYABLE_FAILED'],
  ['quotaExceeded', 'Quota exceeded: Your project exceeded quota for free query bytes scanned', 'FAILED'],
  ['accessDenied', '', 'FAILED'],
  ['billingNotEnabled', '', 'FAILED'],
  ['bytesBilledLimitExceeded', '', 'FAILED'],
  ['duplicate', '', 'FAILED'],
  ['invalid', '', 'FAILED'],
  ['invalidQuery', '', 'FAILED'],
  ['notFound', '', 'FAILED'],
  ['resourcesExceeded', '', 'FAILED'],
  ['responseTooLarge', '', 'FAILED'],
  ['stopped', '', 'FAILED'],
  ['timeout', '', 'FAILED'],
  ['a reason of tomorrow', '', 'FAILED'],
])('BQ9: a job that failed with %s %s is %s', (reason, message, phase) => {
  expect(jobPhase({ status: { state: 'DONE', errorResult: { reason, message } } })).toBe(phase);
});
