import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { documentOf, listOf, now, toArn, type Document } from './document.ts';

/** The kinds of job that run here. */
export type JobNoun = 'TrainingJob' | 'ProcessingJob';

/** A line that a job wrote. */
export interface LogLine {
  readonly timestamp: number;
  readonly message: string;
}

/** A job, whose entrypoint runs for real, as a process of this machine: an image is not looked at. */
export class SageMakerJob {
  readonly noun: JobNoun;
  readonly name: string;
  readonly request: Document;
  readonly lines: LogLine[] = [];
  readonly #createdAt = now();
  #status = 'InProgress';
  #step = 'Starting';
  #startedAt: number | undefined;
  #endedAt: number | undefined;
  #reason: string | undefined;
  #process: ChildProcess | undefined;
  readonly #timer: NodeJS.Timeout;

  /** @param startingMs how long machines are waited for, in milliseconds */
  constructor(noun: JobNoun, request: Document, startingMs: number) {
    this.noun = noun;
    this.name = String(request[`${noun}Name`]);
    this.request = request;
    this.#timer = setTimeout(() => this.#run(), startingMs);
  }

  get arn(): string {
    return toArn(`${this.noun === 'TrainingJob' ? 'training' : 'processing'}-job/${this.name}`);
  }

  get isOver(): boolean {
    return this.#endedAt !== undefined;
  }

  get status(): string {
    return this.#status;
  }

  get reason(): string | undefined {
    return this.#reason;
  }

  /** Stops it as SageMaker does: for some time, it is Stopping. */
  stop(): void {
    this.#status = 'Stopping';
    this.#step = 'Stopping';
    clearTimeout(this.#timer);
    if (this.#process === undefined) setTimeout(() => this.#end('Stopped'), 200);
    else this.close();
  }

  /** Ends what still runs. */
  close(): void {
    clearTimeout(this.#timer);
    const { pid, exitCode, signalCode } = this.#process ?? {};
    // With what it started itself.
    if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid, 'SIGKILL');
  }

  /** As Describe has it. */
  describe(): Document {
    const { Tags: _tags, ...request } = this.request;
    const common = {
      ...request,
      [`${this.noun}Arn`]: this.arn,
      [`${this.noun}Status`]: this.#status,
      FailureReason: this.#reason,
      CreationTime: this.#createdAt,
    };
    if (this.noun === 'ProcessingJob') return { ...common, ProcessingStartTime: this.#startedAt, ProcessingEndTime: this.#endedAt };
    const seconds = Math.ceil((this.#endedAt ?? now()) - (this.#startedAt ?? now()));
    const path = String(documentOf(this.request['OutputDataConfig'])['S3OutputPath']);
    return {
      ...common,
      SecondaryStatus: this.#step,
      TrainingStartTime: this.#startedAt,
      TrainingEndTime: this.#endedAt,
      ...(this.isOver && { BillableTimeInSeconds: seconds, TrainingTimeInSeconds: seconds, FinalMetricDataList: this.#metrics() }),
      ...(this.#status === 'Completed' && { ModelArtifacts: { S3ModelArtifacts: `${path}/${this.name}/output/model.tar.gz` } }),
    };
  }

  #run(): void {
    this.#step = 'Training';
    this.#startedAt = now();
    const container = documentOf(this.request[this.noun === 'TrainingJob' ? 'AlgorithmSpecification' : 'AppSpecification']);
    const [program = 'true', ...parameters] = [...listOf(container['ContainerEntrypoint']), ...listOf(container['ContainerArguments'])].map(
      String,
    );
    const environment = Object.fromEntries(
      Object.entries(documentOf(this.request['Environment'])).map(([name, value]) => [name, String(value)]),
    );
    const env = { PATH: process.env['PATH'], ...environment, TRAINING_JOB_NAME: this.name };
    const child = spawn(program, parameters, { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (message) => this.lines.push({ timestamp: Date.now(), message }));
    child.on('error', (error) => this.#end('Failed', `AlgorithmError: ${error.message}`));
    child.on('close', (code) => {
      if (this.#status === 'Stopping') this.#end('Stopped');
      else if (code === 0) this.#end('Completed');
      else this.#end('Failed', `AlgorithmError: ${this.lines.at(-1)?.message ?? ''}, exit code: ${code ?? 137}`);
    });
  }

  /** The last value that each metric's regular expression finds in the log. */
  #metrics(): readonly Document[] {
    const definitions = listOf(documentOf(this.request['AlgorithmSpecification'])['MetricDefinitions']).map(documentOf);
    return definitions.flatMap(({ Name, Regex }) => {
      const found = this.lines.flatMap(({ message, timestamp }) => {
        const value = new RegExp(String(Regex)).exec(message)?.[1];
        return value === undefined ? [] : [{ MetricName: Name, Value: Number(value), Timestamp: timestamp / 1000 }];
      });
      return found.slice(-1);
    });
  }

  #end(status: string, reason?: string): void {
    if (this.isOver) return;
    this.#status = status;
    this.#step = status;
    this.#reason = reason;
    this.#endedAt = now();
  }
}
