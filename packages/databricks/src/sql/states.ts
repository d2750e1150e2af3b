import { defineStates, isTerminal, type Phase } from '@flyte-agents/core';
import type { Statement } from '../client.ts';

/** https://docs.databricks.com/api/workspace/statementexecution/getstatement#status-state */
const statePhase: (state: string) => Phase = defineStates({
  // Its warehouse is busy, or starts.
  PENDING: 'WAITING_FOR_RESOURCES',
  RUNNING: 'RUNNING',
  SUCCEEDED: 'SUCCEEDED',
  // It succeeded, and its result is gone.
  CLOSED: 'SUCCEEDED',
  FAILED: 'FAILED',
  CANCELED: 'FAILED',
});

/** Errors that another attempt may not meet; the others lie in the statement, or in what it may read. */
const passingErrors: ReadonlySet<string> = new Set([
  'ABORTED',
  'DEADLINE_EXCEEDED',
  'INTERNAL_ERROR',
  'IO_ERROR',
  'RESOURCE_EXHAUSTED',
  'SERVICE_UNDER_MAINTENANCE',
  'TEMPORARILY_UNAVAILABLE',
  'WORKSPACE_TEMPORARILY_UNAVAILABLE',
]);

/** Where a statement stands. */
export function statementPhase({ status: { state, error } }: Pick<Statement, 'status'>): Phase {
  const phase = statePhase(state);
  return state === 'FAILED' && passingErrors.has(error?.error_code ?? '') ? 'RETRYABLE_FAILED' : phase;
}

/** Whether a statement has ended. */
export function isOver(statement: Pick<Statement, 'status'>): boolean {
  return isTerminal(statementPhase(statement));
}
