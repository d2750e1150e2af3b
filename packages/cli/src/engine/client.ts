import type { JsonObject, LiteralMap, LogLink, Phase } from '@flyte-agents/core';
import type { CreateTaskRequest } from '@flyte-agents/proto/flyte1';
import { status } from '@grpc/grpc-js';

/** Which version of Flyte's protocol is spoken. */
export type Protocol = 'flyte1' | 'flyte2';

/** Where a task stands: the phases of our agents, and the two that only other servers answer. */
export type TaskPhase = Phase | 'QUEUED' | 'ABORTED';

/** What a server answered about a task. */
export interface Answer {
  readonly phase: TaskPhase;
  readonly message: string;
  /** Absent: the outputs, if there are any, are at the output prefix. */
  readonly outputs: LiteralMap | undefined;
  readonly links: readonly LogLink[];
  readonly customInfo: JsonObject | undefined;
}

/** A task that was created: what the engine keeps of it. */
export interface Job {
  readonly taskType: string;
  readonly reference: Uint8Array;
  readonly outputPrefix: string;
}

/** An agent as a server lists it. */
interface ServedAgent {
  readonly name: string;
  readonly isSync: boolean;
  readonly taskTypes: readonly string[];
}

/** What the engine asks of an agent server, in either version of the protocol. Errors are grpc-js's. */
export interface EngineClient {
  list(): Promise<readonly ServedAgent[]>;
  create(request: CreateTaskRequest): Promise<Uint8Array>;
  get(job: Job, signal: AbortSignal): Promise<Answer>;
  delete(job: Job): Promise<void>;
  /** Absent: the protocol has no call for sync tasks, they are created and polled. */
  readonly execute?: (request: CreateTaskRequest, signal: AbortSignal) => Promise<Answer>;
  close(): void;
}

/** An answer that says no more than a phase and why. */
export function plainAnswer(phase: TaskPhase, message: string): Answer {
  return { phase, message, outputs: undefined, links: [], customInfo: undefined };
}

/** Whether a task in this phase has ended. */
export function hasEnded(phase: TaskPhase): boolean {
  return ['SUCCEEDED', 'FAILED', 'RETRYABLE_FAILED', 'ABORTED'].includes(phase);
}

/** Flyte's name of a phase; a number that means nothing here ends the task, as it does in the engine. */
export function toPhase(name: string | undefined): TaskPhase | undefined {
  switch (name) {
    case 'QUEUED':
    case 'WAITING_FOR_RESOURCES':
    case 'INITIALIZING':
    case 'RUNNING':
    case 'SUCCEEDED':
    case 'ABORTED':
    case 'FAILED':
    case 'RETRYABLE_FAILED':
      return name;
    default:
      return undefined;
  }
}

/** Why a call failed: `NOT_FOUND: no agent on this server…`. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = codeOf(error);
  const details = 'details' in error && typeof error.details === 'string' ? error.details : error.message;
  return code === undefined ? error.message : `${status[code] ?? code}: ${details}`;
}

/** The gRPC status of a call that failed. */
export function codeOf(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}
