import { defineStates, isTerminal, type Phase } from '@flyte-agents/core';
import type { Batch, ModelResponse } from './client.ts';

/** https://platform.openai.com/docs/api-reference/batch/object: a batch that is being cancelled has not ended yet. */
const batchStatePhase: (state: string) => Phase = defineStates({
  validating: 'INITIALIZING',
  in_progress: 'RUNNING',
  finalizing: 'RUNNING',
  cancelling: 'RUNNING',
  completed: 'SUCCEEDED',
  failed: 'FAILED',
  expired: 'FAILED',
  cancelled: 'FAILED',
});

/** https://platform.openai.com/docs/api-reference/responses/object: one that is completed may still be a refusal. */
const responseStatePhase: (state: string) => Phase = defineStates({
  queued: 'WAITING_FOR_RESOURCES',
  in_progress: 'RUNNING',
  completed: 'SUCCEEDED',
  incomplete: 'FAILED',
  failed: 'FAILED',
  cancelled: 'FAILED',
});

/** Codes of failures that another attempt may not meet: too much was enqueued, or the service itself failed. */
const passingCodes: ReadonlySet<string> = new Set(['token_limit_exceeded', 'server_error', 'rate_limit_exceeded', 'vector_store_timeout']);

/** Where a batch stands. */
export function batchPhase({ status, in_progress_at: startedAt, errors }: Pick<Batch, 'status' | 'in_progress_at' | 'errors'>): Phase {
  const phase = batchStatePhase(status);
  // One that was processed and is validated again goes on: phases only go forward.
  if (phase === 'INITIALIZING' && startedAt) return 'RUNNING';
  return phase === 'FAILED' && errors?.data?.some(isPassing) ? 'RETRYABLE_FAILED' : phase;
}

/** Where a response stands. Services that have no background leave the status out: what they answer is complete. */
export function responsePhase({ status, error }: Pick<ModelResponse, 'status' | 'error'>): Phase {
  const phase = responseStatePhase(status ?? 'completed');
  return phase === 'FAILED' && error && isPassing(error) ? 'RETRYABLE_FAILED' : phase;
}

/** Whether a batch is still to be stopped. */
export function isStoppable(batch: Batch): boolean {
  return !isTerminal(batchPhase(batch)) && batch.status !== 'cancelling';
}

function isPassing({ code }: { readonly code?: string | null | undefined }): boolean {
  return passingCodes.has(code ?? '');
}
