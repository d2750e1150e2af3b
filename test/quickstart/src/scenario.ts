import { join } from 'node:path';
import type { InputValue, TaskPhase, TaskResult, TaskSource } from '@flyte-agents/cli';
import type { BatchServer, BigQueryServer, OpenAIServer, S3Server, SageMakerServer, SnowflakeServer } from '@flyte-agents/test-upstreams';

/** The root of the repository. */
export const root: string = join(import.meta.dirname, '../../..');

/** The services that tasks of the tour work on. */
export interface Upstreams {
  readonly s3: S3Server;
  readonly batch: BatchServer;
  readonly bigquery: BigQueryServer;
  readonly openAi: OpenAIServer;
  readonly sageMaker: SageMakerServer;
  readonly snowflake: SnowflakeServer;
}

/** A task's way through the server at `host:port`, told step by step. */
export type Run = (
  endpoint: string,
  tell: (phase: string, message: string) => void,
) => Promise<Pick<TaskResult, 'phase' | 'message' | 'elapsedMs'> & Partial<Pick<TaskResult, 'outputs'>>>;

/** One task of the tour, and how it should end. */
export interface Scenario {
  /** A few words, as they stand before every line. */
  readonly name: string;
  readonly task: TaskSource;
  readonly inputs: Readonly<Record<string, InputValue>>;
  /** What is done to the services while the task runs; the text tells it. */
  readonly event?: { readonly afterMs: number; readonly text: string; readonly happen: (upstreams: Upstreams) => void };
  /** Which engine sends it. Default: Flyte 1's. */
  readonly protocol?: 'flyte1' | 'flyte2';
  /** When the task is cancelled, in milliseconds after it was first heard of. */
  readonly cancelAfterMs?: number;
  /** How it is run. Default: as the engine runs it. */
  readonly run?: Run;
  /** What is looked up in the services afterwards, for the last line. */
  readonly afterwards?: (upstreams: Upstreams) => Promise<string>;
  readonly expected: {
    readonly phase: TaskPhase;
    /** What its last message says. */
    readonly message: RegExp;
    /** What its outputs are, and what was looked up afterwards. Default: there is nothing. */
    readonly outputs?: RegExp;
  };
}
