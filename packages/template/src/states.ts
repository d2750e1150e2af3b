import { defineStates, isTerminal, type Phase } from '@flyte-agents/core';

/** The states of a job in Acme's words: link here to the page that lists them all. */
export const jobPhase: (state: string) => Phase = defineStates({
  QUEUED: 'WAITING_FOR_RESOURCES',
  STARTING: 'INITIALIZING',
  RUNNING: 'RUNNING',
  DONE: 'SUCCEEDED',
  FAILED: 'FAILED',
  CANCELLED: 'FAILED',
  // The machine was taken away: another attempt may be luckier.
  PREEMPTED: 'RETRYABLE_FAILED',
});

/** Whether a job in this state has ended. */
export function isOver(state: string): boolean {
  return isTerminal(jobPhase(state));
}
