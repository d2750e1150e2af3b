import { defineStates, isTerminal, type Phase } from '@flyte-agents/core';
import type { Run, Termination } from './client.ts';

/** A run's life cycle; one that is over says more by its result: https://docs.databricks.com/api/workspace/jobs/getrun */
const lifeCyclePhase: (state: string) => Phase = defineStates({
  QUEUED: 'WAITING_FOR_RESOURCES',
  BLOCKED: 'WAITING_FOR_RESOURCES',
  PENDING: 'INITIALIZING',
  // It has run before.
  WAITING: 'RUNNING',
  WAITING_FOR_RETRY: 'RUNNING',
  RUNNING: 'RUNNING',
  TERMINATING: 'RUNNING',
  TERMINATED: 'SUCCEEDED',
  SKIPPED: 'FAILED',
  INTERNAL_ERROR: 'RETRYABLE_FAILED',
});

const resultPhase: (result: string) => Phase = defineStates({
  SUCCESS: 'SUCCEEDED',
  // Tasks failed that the run can do without.
  SUCCESS_WITH_FAILURES: 'SUCCEEDED',
  FAILED: 'FAILED',
  TIMEDOUT: 'FAILED',
  CANCELED: 'FAILED',
  EXCLUDED: 'FAILED',
  DISABLED: 'FAILED',
  UPSTREAM_FAILED: 'FAILED',
  UPSTREAM_CANCELED: 'FAILED',
  MAXIMUM_CONCURRENT_RUNS_REACHED: 'RETRYABLE_FAILED',
});

/** Who is to blame: https://docs.databricks.com/api/workspace/jobs/getrun#status-termination_details-type */
const typePhase: (type: string) => Phase = defineStates({
  SUCCESS: 'SUCCEEDED',
  CLIENT_ERROR: 'FAILED',
  CLOUD_FAILURE: 'RETRYABLE_FAILED',
  INTERNAL_ERROR: 'RETRYABLE_FAILED',
});

/** Where a run stands, by the record of Jobs 2.1 (`state`) or that of 2.2 alone (`status`). */
export function runPhase({ state, status, attempt_number: attempt, tasks }: Run): Phase {
  const ended = status?.termination_details;
  const found = state?.life_cycle_state
    ? toPhase(state.life_cycle_state, state.result_state ?? undefined, ended)
    : toPhase(status?.state ?? 'RUNNING', codeResult(ended), ended);
  if (found !== 'WAITING_FOR_RESOURCES' && found !== 'INITIALIZING') return found;
  // What is tried again has run before: phases only go forward.
  const hasStarted = (attempt ?? 0) > 0 || (tasks ?? []).some(hasRun);
  return hasStarted ? 'RUNNING' : found;
}

/** Whether a run has ended. */
export function isOver(run: Run): boolean {
  return isTerminal(runPhase(run));
}

/** Whether a task of a run has failed, by itself and not because of another. */
export function hasFailed({ state, status }: Pick<Run, 'state' | 'status'>): boolean {
  const result = state?.result_state ?? codeResult(status?.termination_details) ?? '';
  return ['FAILED', 'TIMEDOUT'].includes(result) || state?.life_cycle_state === 'INTERNAL_ERROR';
}

function hasRun(task: Run): boolean {
  const word = task.state?.life_cycle_state ?? task.status?.state ?? '';
  return (task.attempt_number ?? 0) > 0 || ['RUNNING', 'TERMINATING', 'TERMINATED', 'WAITING_FOR_RETRY', 'WAITING'].includes(word);
}

function toPhase(lifeCycle: string, result: string | undefined, ended: Termination | null | undefined): Phase {
  const phase = lifeCyclePhase(lifeCycle);
  if (!isTerminal(phase)) return phase;
  const type = ended?.type ?? undefined;
  if (lifeCycle === 'INTERNAL_ERROR') return type === 'CLIENT_ERROR' ? 'FAILED' : phase;
  if (lifeCycle !== 'TERMINATED') return phase;
  // Its result is not written yet.
  if (result === undefined) return 'RUNNING';
  const byResult = resultPhase(result);
  const isUnlucky = byResult === 'FAILED' && result === 'FAILED' && type !== undefined && typePhase(type) === 'RETRYABLE_FAILED';
  return isUnlucky ? 'RETRYABLE_FAILED' : byResult;
}

/** Codes of 2.2 that are results of 2.1, or stand for one: https://docs.databricks.com/api/workspace/jobs/getrun#status-termination_details-code */
const codeResults: Readonly<Record<string, string>> = {
  SUCCESS: 'SUCCESS',
  SUCCESS_WITH_FAILURES: 'SUCCESS_WITH_FAILURES',
  CANCELED: 'CANCELED',
  USER_CANCELED: 'CANCELED',
  TIMED_OUT: 'TIMEDOUT',
  RUN_EXECUTION_ERROR: 'FAILED',
  DISABLED: 'DISABLED',
  MAX_CONCURRENT_RUNS_EXCEEDED: 'MAXIMUM_CONCURRENT_RUNS_REACHED',
};

function codeResult(ended: Termination | null | undefined): string | undefined {
  const code = ended?.code ?? undefined;
  return code === undefined ? undefined : (codeResults[code] ?? 'FAILED');
}
