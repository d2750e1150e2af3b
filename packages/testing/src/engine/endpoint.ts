import type { Connection, JsonObject, LiteralMap, LogLink } from '@flyte-agents/core';
import type { Attempt, TaskRequests } from '../task.ts';

/** An agent as a server lists it. */
export interface ListedAgent {
  readonly name: string;
  readonly isSync: boolean;
  readonly taskTypes: readonly { readonly name: string; readonly version: number }[];
}

/** A task that was created: what the engine stores of it. */
export interface StoredTask {
  readonly taskType: string;
  /** What create answered. */
  readonly reference: Uint8Array;
  readonly outputPrefix: string;
  /** Only Flyte 2 has one. */
  readonly connection?: Connection | undefined;
}

/** What a server says of a task. */
export interface EngineAnswer {
  /** Flyte's word; `UNDEFINED` when the answer has none, a number as text when nobody knows it. */
  readonly phase: string;
  readonly message: string;
  /** Absent: the engine looks for `outputs.pb` at the output prefix. */
  readonly outputs: LiteralMap | undefined;
  readonly links: readonly LogLink[];
  readonly customInfo: JsonObject | undefined;
}

/** How long a call may take, and what ends it sooner. */
export interface EndpointOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** A server as one version of the engine sees it. Every failed call throws a {@link CallError}. */
export interface Endpoint {
  readonly address: string;
  list(options: EndpointOptions): Promise<readonly ListedAgent[]>;
  create(requests: TaskRequests, attempt: Attempt, options: EndpointOptions): Promise<Uint8Array>;
  get(task: StoredTask, options: EndpointOptions): Promise<EngineAnswer>;
  delete(task: StoredTask, options: EndpointOptions): Promise<void>;
  /** The answers of a sync call, in order; the engine reads the first. Absent on Flyte 2, which has no such call. */
  readonly execute?: (requests: TaskRequests, attempt: Attempt, options: EndpointOptions) => Promise<EngineAnswer | undefined>;
  close(): void;
}

/** A call that ended with a gRPC status other than OK. */
export class CallError extends Error {
  /** The status by name: `UNAVAILABLE`. */
  readonly code: string;
  /** Whether no connection could be made: the server saw nothing of the call. */
  readonly isUnsent: boolean;

  constructor(code: string, message: string, { isUnsent = false, cause }: { isUnsent?: boolean; cause?: unknown } = {}) {
    super(message, { cause });
    this.name = 'CallError';
    this.code = code;
    this.isUnsent = isUnsent;
  }
}

/** What the engine's client takes; a larger answer is a failed call. */
export const largestAnswer: number = 4 * 1024 * 1024;

/** Whether a task in this phase has ended. */
export function hasEnded(phase: string): boolean {
  return ['SUCCEEDED', 'FAILED', 'RETRYABLE_FAILED', 'ABORTED'].includes(phase);
}
