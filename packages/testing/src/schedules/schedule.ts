import type { Fault } from '../faults.ts';
import type { Path } from '../task.ts';
import type { WorldOperation } from '../wire.ts';

/** What happens in a history, all of it decided before it begins: the same schedule gives the same history. */
export interface Schedule {
  /** Of what is left to chance while it runs: latencies, and the pauses of the server. */
  readonly seed: number;
  readonly path: Path;
  /** The engine's deadline of every call, in milliseconds. */
  readonly timeoutMs: number;
  /** How long requests to the service, and their answers, are on the way at most, in milliseconds. */
  readonly latencyMs: number;
  /** How many replicas take turns. */
  readonly replicas: number;
  /** How each task is to end, once everything else has happened. */
  readonly tasks: readonly ('succeed' | 'abort')[];
  readonly steps: readonly Step[];
}

/** One event of a history. What makes no sense when its time has come does nothing. */
export type Step = { /** What passes before it, in milliseconds. */ readonly afterMs: number } & (
  | CreateStep
  | { readonly kind: 'poll'; readonly task: number; readonly replica: number }
  /** The user stops the task. */
  | { readonly kind: 'abort'; readonly task: number; readonly replica: number }
  /** A delete of an attempt that is over: late, repeated, or the engine's garbage collection. */
  | { readonly kind: 'late delete'; readonly task: number; readonly replica: number; readonly pick: number }
  | { readonly kind: 'drain'; readonly replica: number }
  /** `isTaken`: the service takes what the process had sent. */
  | { readonly kind: 'kill'; readonly replica: number; readonly isTaken: boolean }
  | { readonly kind: 'job'; readonly pick: number; readonly move: JobMove }
  | { readonly kind: 'fault'; readonly fault: Fault<WorldOperation> }
  | { readonly kind: 'heal' }
);

/** What happens to a job inside the service. */
export type JobMove = 'start' | 'succeed' | 'fail' | 'requeue' | 'vanish' | 'confuse' | 'interrupt';

/** The engine creates the task (again). */
export interface CreateStep {
  readonly kind: 'create';
  readonly task: number;
  readonly replica: number;
  /** `kept`; `lost` on its way; `cancelled`: the engine hangs up; `doubled`: another replica is sent the same at once. */
  readonly fate: 'kept' | 'lost' | 'cancelled' | 'doubled';
  /** After a lost answer: `retry` spends an attempt, `resend` sends the same create again, as a restarted engine does. */
  readonly afterwards: 'retry' | 'resend';
  /** When the engine hangs up, in milliseconds. */
  readonly hangUpMs: number;
}

/** A step as a sentence. */
export function toSentence(step: Step): string {
  switch (step.kind) {
    case 'create':
      return `create task ${step.task} on replica ${step.replica}${fateOf(step)}`;
    case 'poll':
    case 'abort':
      return `${step.kind} task ${step.task} on replica ${step.replica}`;
    case 'late delete':
      return `delete an attempt of task ${step.task} that is over, on replica ${step.replica}`;
    case 'drain':
      return `replica ${step.replica} is replaced and finishes what it has`;
    case 'kill':
      return `replica ${step.replica} is killed; what it had sent is ${step.isTaken ? 'taken' : 'lost'}`;
    case 'job':
      return `a job: ${step.move}`;
    case 'fault':
      return `the service: ${toFaultText(step.fault)}`;
    case 'heal':
      return 'the service works again';
  }
}

function fateOf({ fate, afterwards, hangUpMs }: CreateStep): string {
  if (fate === 'kept') return '';
  if (fate === 'doubled') return ', and on another at once';
  const how = fate === 'lost' ? 'its answer is lost' : `the engine hangs up after ${hangUpMs} ms`;
  return `; ${how}, then ${afterwards === 'retry' ? 'the next attempt' : 'the same again'}`;
}

function toFaultText({ kind, operation = 'call', times = 1, delayMs = 0 }: Fault): string {
  return `${kind} at the next ${times === 1 ? operation : `${times} × ${operation}`}${delayMs > 0 ? ` after ${delayMs} ms` : ''}`;
}
