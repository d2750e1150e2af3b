import { defineStates, isTerminal, type Phase } from '@flyte-agents/core';
import type { Job } from './client.ts';

/** https://docs.aws.amazon.com/batch/latest/userguide/job_states.html; service jobs have SCHEDULED besides. */
const statePhase: (state: string) => Phase = defineStates({
  SUBMITTED: 'WAITING_FOR_RESOURCES',
  PENDING: 'WAITING_FOR_RESOURCES',
  RUNNABLE: 'WAITING_FOR_RESOURCES',
  SCHEDULED: 'INITIALIZING',
  STARTING: 'INITIALIZING',
  RUNNING: 'RUNNING',
  SUCCEEDED: 'SUCCEEDED',
  FAILED: 'FAILED',
});

/** Why a job failed, as far as it decides what follows from it. */
export type FailureCause = 'stopped' | 'lostHost' | 'outOfMemory' | 'noImage' | 'dependency' | 'other';

/** Whether another attempt may do better. What a container says in its `error.pb` counts more. */
const failurePhase: Readonly<Record<FailureCause, 'FAILED' | 'RETRYABLE_FAILED'>> = {
  stopped: 'FAILED',
  lostHost: 'RETRYABLE_FAILED',
  outOfMemory: 'RETRYABLE_FAILED',
  noImage: 'FAILED',
  dependency: 'FAILED',
  other: 'RETRYABLE_FAILED',
};

/** Where a job stands. */
export function jobPhase(job: Job): Phase {
  const phase = statePhase(job.status);
  if (phase === 'FAILED') return failurePhase[failureCause(job)];
  // A job that started and waits again goes on: phases only go forward.
  return !isTerminal(phase) && hasStarted(job) ? 'RUNNING' : phase;
}

/** Whether a job has ended. @param status Batch's word */
export function isOver(status: string | null | undefined): boolean {
  return status === 'SUCCEEDED' || status === 'FAILED';
}

/** Why a job failed. */
export function failureCause(job: Job): FailureCause {
  const { isTerminated, isCancelled, statusReason } = job;
  const reasons = [statusReason, ...failedContainers(job).map(({ reason }) => reason)].join('\n');
  if (isTerminated || isCancelled) return 'stopped';
  if (/^Host EC2|\bspot\b/im.test(reasons)) return 'lostHost';
  if (/OutOfMemory/i.test(reasons)) return 'outOfMemory';
  if (/^(CannotPullContainer|ImagePull)/m.test(reasons))
    return /throttl|toomanyrequests|rate exceeded|time(d )?out|connection/i.test(reasons) ? 'lostHost' : 'noImage';
  if (/Dependent Job failed/i.test(reasons)) return 'dependency';
  return 'other';
}

/** What is known of the containers of a job's last attempt. */
export function failedContainers({
  container,
  attempts,
}: Job): readonly { readonly exitCode?: number | null | undefined; readonly reason?: string | null | undefined }[] {
  const last = attempts?.at(-1)?.container;
  return [container, last].flatMap((each) => each ?? []);
}

/** An array's jobs are on their way as soon as one of them is. */
function hasStarted({ attempts, startedAt, arrayProperties }: Job): boolean {
  const counts = arrayProperties?.statusSummary ?? {};
  const started = ['STARTING', 'RUNNING', 'SUCCEEDED', 'FAILED'].some((status) => (counts[status] ?? 0) > 0);
  return started || Boolean(startedAt) || (attempts ?? []).length > 0;
}
