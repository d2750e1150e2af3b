import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { isTriedAgain } from './retries.ts';

/** A document of Batch's API. */
export type Document = Readonly<Record<string, unknown>>;

/** How long a job is in each state before it runs, in milliseconds. */
export interface BatchPace {
  readonly runnableMs: number;
  readonly startingMs: number;
}

/** A line that a job wrote. */
export interface LogLine {
  readonly timestamp: number;
  readonly message: string;
}

const region = 'us-east-1';
const account = '123456789012';

/** The ARN of something of Batch's. */
export function toArn(resource: string): string {
  return `arn:aws:batch:${region}:${account}:${resource}`;
}

/** A job, whose command runs for real, as a process of this machine: an image is not looked at. */
export class BatchJob {
  readonly id: string;
  readonly request: Document;
  readonly lines: LogLine[] = [];
  readonly #createdAt = Date.now();
  readonly #pace: BatchPace;
  readonly #attempts: Document[] = [];
  readonly #command: readonly string[];
  readonly #environment: Readonly<Record<string, string>>;
  #status = 'RUNNABLE';
  #startedAt: number | undefined;
  #stoppedAt: number | undefined;
  #reason: string | undefined;
  #exitCode: number | undefined;
  #stopped: 'cancelled' | 'terminated' | undefined;
  #process: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(id: string, request: Document, pace: BatchPace) {
    this.id = id;
    this.request = request;
    this.#pace = pace;
    const { command, environment } = toContainer(request);
    this.#command = command;
    this.#environment = Object.fromEntries(environment.map(({ name, value }) => [name, value]));
    this.#wait();
  }

  get name(): string {
    return String(this.request['jobName']);
  }

  get isOver(): boolean {
    return this.#status === 'SUCCEEDED' || this.#status === 'FAILED';
  }

  terminate(reason: string): void {
    if (this.isOver || this.#stopped !== undefined) return;
    clearTimeout(this.#timer);
    this.#reason = reason;
    this.#stopped = this.#process === undefined ? 'cancelled' : 'terminated';
    if (this.#process === undefined) this.#end('FAILED');
    else this.#kill();
  }

  /** Ends what still runs, when the server does. */
  close(): void {
    clearTimeout(this.#timer);
    this.#kill();
  }

  /** As `ListJobs` has it. */
  summary(): Document {
    const { jobId, jobArn, jobName, createdAt, status, statusReason, startedAt, stoppedAt } = this.detail();
    return { jobId, jobArn, jobName, createdAt, status, statusReason, startedAt, stoppedAt };
  }

  /** As `DescribeJobs` has it. */
  detail(): Document {
    const logStreamName = this.#startedAt === undefined ? undefined : this.stream;
    const ended = { exitCode: this.#exitCode, logStreamName };
    const times = { startedAt: this.#startedAt, stoppedAt: this.#stoppedAt };
    return {
      jobId: this.id,
      jobArn: toArn(`job/${this.id}`),
      jobName: this.name,
      jobQueue: toArn(`job-queue/${String(this.request['jobQueue'])}`),
      jobDefinition: this.request['jobDefinition'],
      status: this.#status,
      statusReason: this.#reason,
      createdAt: this.#createdAt,
      ...times,
      attempts: this.#attempts,
      container: { ...toContainer(this.request), ...ended },
      isCancelled: this.#stopped === 'cancelled',
      isTerminated: this.#stopped === 'terminated',
      tags: this.request['tags'],
    };
  }

  get stream(): string {
    return `job/default/${this.id}`;
  }

  #wait(): void {
    this.#status = 'RUNNABLE';
    this.#reason = undefined;
    this.#timer = setTimeout(() => {
      this.#status = 'STARTING';
      this.#timer = setTimeout(() => this.#run(), this.#pace.startingMs);
    }, this.#pace.runnableMs);
  }

  #run(): void {
    this.#status = 'RUNNING';
    this.#startedAt = Date.now();
    const [program = 'true', ...parameters] = this.#command;
    const environment = { PATH: process.env['PATH'], ...this.#environment, AWS_BATCH_JOB_ID: this.id };
    const child = spawn(program, parameters, { env: environment, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (message) => this.lines.push({ timestamp: Date.now(), message }));
    }
    child.once('error', () => this.#exit(child, 127, 'Task failed to start'));
    child.once('close', (code) => this.#exit(child, code ?? 137, 'Essential container in task exited'));
  }

  /** The first that is heard of a process's end counts. */
  #exit(child: ChildProcess, exitCode: number, reason: string): void {
    if (this.#process !== child) return;
    this.#process = undefined;
    this.#exitCode = exitCode;
    if (exitCode !== 0) this.#reason ??= reason;
    const container = { exitCode, logStreamName: this.stream };
    this.#attempts.push({ startedAt: this.#startedAt, stoppedAt: Date.now(), statusReason: this.#reason, container });
    const attempt = { number: this.#attempts.length, exitCode, statusReason: this.#reason };
    if (exitCode === 0) this.#end('SUCCEEDED');
    else if (this.#stopped === undefined && isTriedAgain(this.request['retryStrategy'], attempt)) this.#wait();
    else this.#end('FAILED');
  }

  #kill(): void {
    const { pid, exitCode, signalCode } = this.#process ?? {};
    // With what it started itself.
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
  }

  #end(status: string): void {
    this.#status = status;
    this.#stoppedAt = Date.now();
  }
}

interface Container {
  readonly command: readonly string[];
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly resourceRequirements?: readonly object[];
}

function toContainer(request: Document): Container {
  // What the client of a test sends has this form.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const overrides = (request['containerOverrides'] ?? {}) as Partial<Container>;
  return { command: [], environment: [], ...overrides };
}
