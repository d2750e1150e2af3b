import type { JsonObject, LiteralMap, LogLink } from '@flyte-agents/core';

/** The engine's calls by the names of their methods; Flyte 2's names differ and mean the same. */
export type CallMethod = 'ListAgents' | 'CreateTask' | 'GetTask' | 'DeleteTask' | 'ExecuteTaskSync';

/** One call that the engine made. */
export interface EngineCall {
  readonly method: CallMethod;
  /** Which server it went to. */
  readonly address: string;
  /** Which attempt it was about, counted from 0. */
  readonly attempt: number;
  /** When it began, in milliseconds since 1970. */
  readonly at: number;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** Its deadline, in milliseconds from its beginning. */
  readonly timeoutMs: number;
  /** The gRPC status by name: `OK`, `UNAVAILABLE`… */
  readonly code: string;
  /** What was answered: a phase, the size of a reference, or an error's text. */
  readonly answer: string;
  /** All that was answered. */
  readonly content?: unknown;
  /** The reference that create answered. */
  readonly reference?: Uint8Array | undefined;
}

/** What the engine shows of a task: the first answer of each phase, and nothing of the later ones. */
export interface PublishedPhase {
  readonly attempt: number;
  readonly phase: string;
  readonly message: string;
  readonly links: readonly LogLink[];
  readonly customInfo: JsonObject | undefined;
}

/** How a task ended for its user. */
export interface Verdict {
  /**
   * `FROZEN`: polled no more after too many failed polls, and shown as running for ever. `WORKER_LOST`: a sync answer that was
   * not terminal, which ends a worker of the engine and hangs the task.
   */
  readonly phase: 'SUCCEEDED' | 'FAILED' | 'ABORTED' | 'FROZEN' | 'WORKER_LOST';
  /** The engine's own word for a failure that is not the agent's: `CacheFailed`, `OutputsNotFound`… */
  readonly code: string;
  readonly message: string;
  /** By name; absent when the task declares none. */
  readonly outputs: LiteralMap | undefined;
  /** How many attempts were made. */
  readonly attempts: number;
  readonly published: readonly PublishedPhase[];
  /** Every call, in order of its end. */
  readonly calls: readonly EngineCall[];
}
