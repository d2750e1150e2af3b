import { setTimeout as sleep } from 'node:timers/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { leastBilled, type Database, type Outcome, type QuerySettings, type TableReference } from './database.ts';
import { toStatements } from './dialect.ts';
import { JobFailure, toJobFailure, type Problem } from './failure.ts';
import { copy, extract, load, type CopySettings, type ExtractSettings, type LoadSettings } from './transfer.ts';

/** A job's `configuration`, as far as the server reads it. */
export interface JobConfiguration {
  readonly query?: QuerySettings;
  readonly load?: LoadSettings;
  readonly extract?: ExtractSettings;
  readonly copy?: CopySettings;
  readonly labels?: Readonly<Record<string, string>>;
  readonly jobTimeoutMs?: string;
  readonly dryRun?: boolean;
}

/** What leads to a job. */
export interface JobReference {
  readonly projectId: string;
  readonly jobId: string;
  readonly location: string;
}

/** What a job needs of its server. */
export interface JobOptions {
  readonly database: Database;
  /** Where the objects of buckets are. */
  readonly buckets: string;
  /** How long a job waits before it runs, in milliseconds. */
  readonly pendingMs: number;
  /** How long it runs at least, in milliseconds. */
  readonly runningMs: number;
  /** Takes a script's own jobs. */
  readonly takeChild: (job: Job) => void;
}

/** A job: it waits, runs its SQL on DuckDB, and is done. */
export class Job {
  readonly reference: JobReference;
  readonly configuration: JobConfiguration;
  readonly parentJobId: string | undefined;
  /** When it was taken, in milliseconds since 1970. */
  readonly createdAt: number = Date.now();
  /** Resolves when it is done. */
  readonly done: Promise<void>;
  readonly #options: JobOptions;
  readonly #stopped = new AbortController();
  #connection: DuckDBConnection | undefined;
  #startedAt: number | undefined;
  #endedAt: number | undefined;
  #outcome: Outcome | undefined;
  #error: Problem | undefined;
  #children = 0;

  constructor(reference: JobReference, configuration: JobConfiguration, options: JobOptions, parentJobId?: string) {
    this.reference = reference;
    this.configuration = configuration;
    this.parentJobId = parentJobId;
    this.#options = options;
    this.done = this.#live();
  }

  get state(): 'PENDING' | 'RUNNING' | 'DONE' {
    if (this.#endedAt !== undefined) return 'DONE';
    return this.#startedAt === undefined ? 'PENDING' : 'RUNNING';
  }

  /** Why it failed; `undefined` if it did not. */
  get error(): Problem | undefined {
    return this.#error;
  }

  /** The table that it made. */
  get destinationTable(): TableReference | undefined {
    const { load: loading, copy: copying, query } = this.configuration;
    return this.#outcome?.destinationTable ?? query?.destinationTable ?? loading?.destinationTable ?? copying?.destinationTable;
  }

  /** Stops it, unless it is done. */
  cancel(): void {
    if (this.state === 'DONE') return;
    this.#stopped.abort();
    this.#connection?.interrupt();
  }

  /** https://cloud.google.com/bigquery/docs/reference/rest/v2/Job */
  get resource(): object {
    const { projectId, jobId, location } = this.reference;
    const { query, ...rest } = this.configuration;
    const status = { state: this.state, ...(this.#error && { errorResult: this.#error, errors: [this.#error] }) };
    const destinationTable = this.destinationTable;
    return {
      kind: 'bigquery#job',
      id: `${projectId}:${location}.${jobId}`,
      jobReference: this.reference,
      status,
      configuration: { ...rest, ...(query && { query: { ...query, ...(destinationTable && { destinationTable }) } }) },
      statistics: this.#statistics,
    };
  }

  get #statistics(): object {
    const bytes = this.#outcome?.bytesProcessed ?? 0n;
    const billed = bytes === 0n ? 0n : bytes > leastBilled ? bytes : leastBilled;
    const ended = this.#endedAt !== undefined && this.#startedAt !== undefined;
    return {
      creationTime: String(this.createdAt),
      ...(this.#startedAt !== undefined && { startTime: String(this.#startedAt) }),
      ...(this.#endedAt !== undefined && { endTime: String(this.#endedAt) }),
      ...(ended && { totalBytesProcessed: String(bytes), totalSlotMs: String((this.#endedAt ?? 0) - (this.#startedAt ?? 0)) }),
      ...(this.#children > 0 && { numChildJobs: String(this.#children) }),
      ...(this.parentJobId !== undefined && { parentJobId: this.parentJobId }),
      ...(this.#outcome && {
        query: {
          statementType: this.#outcome.statementType,
          cacheHit: this.#outcome.cacheHit,
          totalBytesProcessed: String(bytes),
          totalBytesBilled: String(billed),
        },
      }),
    };
  }

  async #live(): Promise<void> {
    const { pendingMs, runningMs, database } = this.#options;
    const limit = this.configuration.jobTimeoutMs;
    const timer = limit === undefined ? undefined : setTimeout(() => this.cancel(), Number(limit));
    const { signal } = this.#stopped;
    try {
      await sleep(pendingMs, undefined, { signal });
      this.#startedAt = Date.now();
      await sleep(runningMs, undefined, { signal });
      this.#connection = await database.connect();
      await this.#run(this.#connection);
    } catch (error) {
      this.#error = toJobFailure(signal.aborted ? new Error('INTERRUPT Error: Interrupted!') : error).problem;
    } finally {
      clearTimeout(timer);
      this.#endedAt = Date.now();
      this.#connection?.closeSync();
    }
  }

  async #run(connection: DuckDBConnection): Promise<void> {
    const { database, buckets } = this.#options;
    const { query, load: loading, extract: extracting, copy: copying } = this.configuration;
    const { projectId: project, jobId } = this.reference;
    if (loading !== undefined) return load(database, connection, loading, buckets);
    if (extracting !== undefined) return extract(connection, extracting, buckets);
    if (copying !== undefined) return copy(database, connection, copying);
    if (query === undefined) return;
    const statements = toStatements(query.query);
    if (statements.length > 1) return this.#runScript(query, statements);
    this.#outcome = await database.query(connection, query, { project, jobId });
  }

  /** Each statement is a job of its own. A failed one ends the script. */
  async #runScript(query: QuerySettings, statements: readonly string[]): Promise<void> {
    this.#outcome = { statementType: 'SCRIPT', bytesProcessed: 0n, cacheHit: false };
    for (const [index, statement] of statements.entries()) {
      this.#stopped.signal.throwIfAborted();
      const reference = { ...this.reference, jobId: `script_job_${this.reference.jobId}_${index}` };
      const options = { ...this.#options, pendingMs: 0, runningMs: 0 };
      const child = new Job(reference, { query: { ...query, query: statement } }, options, this.reference.jobId);
      this.#children++;
      this.#options.takeChild(child);
      await child.done;
      if (child.error !== undefined) throw new JobFailure(child.error.reason, child.error.message);
    }
  }
}
