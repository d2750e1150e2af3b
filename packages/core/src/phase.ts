import { channel } from 'node:diagnostics_channel';

/**
 * Where a task stands, in Flyte's words. Flyte also knows QUEUED and ABORTED; no agent answers them, because the
 * engines hide QUEUED and drop ABORTED's message: a job that waits is WAITING_FOR_RESOURCES, one that somebody else
 * cancelled is FAILED with a message.
 */
export type Phase = 'WAITING_FOR_RESOURCES' | 'INITIALIZING' | 'RUNNING' | TerminalPhase;

/** A phase after which nothing changes any more. */
export type TerminalPhase = 'SUCCEEDED' | 'FAILED' | 'RETRYABLE_FAILED';

const order: Readonly<Record<Phase, number>> = {
  WAITING_FOR_RESOURCES: 0,
  INITIALIZING: 1,
  RUNNING: 2,
  SUCCEEDED: 3,
  FAILED: 3,
  RETRYABLE_FAILED: 3,
};

/** Whether a task in this phase has ended. */
export function isTerminal(phase: Phase): phase is TerminalPhase {
  return order[phase] === order.SUCCEEDED;
}

/** The later of two phases: a task never goes back from a phase that was answered (R10). */
export function laterPhase(known: Phase, found: Phase): Phase {
  return order[found] < order[known] ? known : found;
}

/** A state that a service answered and no table knows; published on {@link unknownStates}. */
interface UnknownState {
  readonly state: string;
  readonly fallback: Phase;
}

/** Where unknown states are published: the server warns once per state and counts them. */
export const unknownStates = channel('flyte-agents:unknown-state');

/**
 * A service's states as a table: gives the function from a state to its phase.
 *
 * A state that the table does not know is not the end of the job: it becomes `fallback` (default RUNNING) with one warning.
 */
export function defineStates<State extends string>(
  table: Readonly<Record<State, Phase>>,
  fallback: Phase = 'RUNNING',
): (state: string) => Phase {
  const phases = new Map<string, Phase>(Object.entries<Phase>(table));
  return (state) => {
    const phase = phases.get(state);
    if (phase === undefined) unknownStates.publish({ state, fallback } satisfies UnknownState);
    return phase ?? fallback;
  };
}
