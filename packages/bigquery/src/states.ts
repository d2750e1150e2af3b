import { defineStates, isTerminal, type Phase } from '@flyte-agents/core';
import type { ErrorProto, Job } from './client.ts';

/** https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobStatus; a job that is done may have failed. */
const statePhase: (state: string) => Phase = defineStates({
  PENDING: 'WAITING_FOR_RESOURCES',
  RUNNING: 'RUNNING',
  DONE: 'SUCCEEDED',
});

/**
 * Failures that another attempt may not meet: https://cloud.google.com/bigquery/docs/error-messages. All other reasons lie in the
 * task, in what it is allowed, or in somebody who cancelled the job (`stopped`).
 */
const passingReasons: ReadonlySet<string> = new Set([
  'backendError',
  'internalError',
  'jobBackendError',
  'jobInternalError',
  'jobRateLimitExceeded',
  'rateLimitExceeded',
  'tableUnavailable',
]);

/** Where a job stands. Without an `errorResult`, its `errors` are warnings. */
export function jobPhase({ status, statistics }: Pick<Job, 'status' | 'statistics'>): Phase {
  const phase = statePhase(status.state);
  if (isTerminal(phase) && status.errorResult) return isPassing(status.errorResult) ? 'RETRYABLE_FAILED' : 'FAILED';
  // A job that started and waits again goes on: phases only go forward.
  return phase === 'WAITING_FOR_RESOURCES' && statistics?.startTime ? 'RUNNING' : phase;
}

/** Whether a job has ended. */
export function isOver({ status }: Pick<Job, 'status'>): boolean {
  return isTerminal(statePhase(status.state));
}

/** Whether an error passes by itself. A quota that is spent does not; a rate that was too high does. */
export function isPassing({ reason, message }: ErrorProto): boolean {
  return passingReasons.has(reason ?? '') || (reason === 'quotaExceeded' && /\brate\b/i.test(message ?? ''));
}
