import { join } from 'node:path';
import type { InputValue, TaskPhase, TaskSource } from '@flyte-agents/cli';
import type { S3Server } from '@flyte-agents/test-upstreams';

/** The root of the repository. */
export const root: string = join(import.meta.dirname, '../../..');

/** The services that tasks of the tour work on. */
export interface Upstreams {
  readonly s3: S3Server;
}

/** One task of the tour, and how it should end. */
export interface Scenario {
  /** A few words, as they stand before every line. */
  readonly name: string;
  readonly task: TaskSource;
  readonly inputs: Readonly<Record<string, InputValue>>;
  /** What is done to the services while the task runs; the text tells it. */
  readonly event?: { readonly afterMs: number; readonly text: string; readonly happen: (upstreams: Upstreams) => void };
  /** When the task is cancelled, in milliseconds after its start. */
  readonly cancelAfterMs?: number;
  readonly expected: {
    readonly phase: TaskPhase;
    /** What its last message says. */
    readonly message: RegExp;
  };
}
