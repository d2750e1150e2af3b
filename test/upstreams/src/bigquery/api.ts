import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database, TableReference } from './database.ts';
import { toDuckDb, toStatementType } from './dialect.ts';
import { ApiFailure, toJobFailure } from './failure.ts';
import { Job, type JobConfiguration, type JobReference } from './job.ts';

/** What can be asked, in the words of Google's documentation. */
export type Operation =
  | 'projects.list'
  | 'jobs.insert'
  | 'jobs.get'
  | 'jobs.list'
  | 'jobs.cancel'
  | 'jobs.getQueryResults'
  | 'datasets.insert'
  | 'tables.get'
  | 'tabledata.list';

/** A request, taken apart. */
export interface Call {
  /** What the path names: the project, then a job, or a dataset and a table. */
  readonly names: readonly [project: string, first: string, second: string];
  readonly query: URLSearchParams;
  readonly body: RequestBody;
}

/** What is sent with an insert, of a job or of a dataset. */
export interface RequestBody {
  readonly jobReference?: Partial<JobReference>;
  readonly configuration?: JobConfiguration;
  readonly datasetReference?: { readonly datasetId: string };
}

/** How jobs behave. */
export interface ApiOptions {
  /** Where the objects of buckets are. */
  readonly buckets: string;
  /** How long a job waits before it runs, in milliseconds. */
  readonly pendingMs: number;
  /** How long it runs at least, in milliseconds. */
  readonly runningMs: number;
}

/** Locations that are looked into when none is named. */
const multiRegions: ReadonlySet<string> = new Set(['US', 'EU']);
const kinds = ['query', 'load', 'extract', 'copy'] as const;
/** How long results are waited for, unless the caller says so, in milliseconds. */
const resultsMs = 10_000;

/** BigQuery's operations. */
export class Api {
  /** Every job, oldest first. */
  readonly jobs: Job[] = [];
  readonly #database: Database;
  readonly #options: ApiOptions;

  constructor(database: Database, options: ApiOptions) {
    this.#database = database;
    this.#options = options;
  }

  /** The answer's body. @throws ApiFailure */
  async answer(operation: Operation, call: Call): Promise<object> {
    switch (operation) {
      case 'projects.list':
        return this.#projects();
      case 'jobs.insert':
        return this.#insert(call);
      case 'jobs.get':
        return this.#job(call).resource;
      case 'jobs.cancel':
        return this.#cancel(call);
      case 'jobs.list':
        return this.#list(call);
      case 'jobs.getQueryResults':
        return this.#results(call);
      case 'datasets.insert':
        return this.#dataset(call);
      case 'tables.get':
        return this.#table(call);
      case 'tabledata.list':
        return this.#rows(call);
    }
  }

  /** Those that have jobs: there are no others. */
  #projects(): object {
    const ids = [...new Set(this.jobs.map(({ reference }) => reference.projectId))];
    return { kind: 'bigquery#projectList', projects: ids.map((id) => ({ kind: 'bigquery#project', id })), totalItems: ids.length };
  }

  async #insert({ names: [projectId], body }: Call): Promise<object> {
    const { jobReference = {}, configuration } = body;
    const { jobId = randomUUID(), location = 'US' } = jobReference;
    if (configuration === undefined || kinds.filter((kind) => configuration[kind] !== undefined).length !== 1) {
      throw new ApiFailure(400, 'invalid', 'Required parameter is missing: a query, load, extract or copy');
    }
    if (!/^[\w-]{1,1024}$/.test(jobId)) throw new ApiFailure(400, 'invalid', `Invalid job ID "${jobId}"`);
    checkLabels(configuration.labels);
    if (configuration.dryRun === true) return this.#dryRun(projectId, configuration);
    if (
      this.jobs.some(({ reference }) => reference.projectId === projectId && reference.jobId === jobId && reference.location === location)
    ) {
      throw new ApiFailure(409, 'duplicate', `Already Exists: Job ${projectId}:${location}.${jobId}`);
    }
    const options = { ...this.#options, database: this.#database, takeChild: (child: Job) => void this.jobs.push(child) };
    const job = new Job({ projectId, jobId, location }, configuration, options);
    this.jobs.push(job);
    return job.resource;
  }

  /** Nothing is run and nothing is kept. */
  async #dryRun(projectId: string, configuration: JobConfiguration): Promise<object> {
    const { query = '', queryParameters = [] } = configuration.query ?? {};
    const connection = await this.#database.connect();
    try {
      const sql = toDuckDb(query, queryParameters);
      (await connection.prepare(sql)).destroySync();
      const bytes = String(await this.#database.bytesOf(connection, sql));
      const statistics = { totalBytesProcessed: bytes, query: { statementType: toStatementType(query), totalBytesProcessed: bytes } };
      return {
        kind: 'bigquery#job',
        jobReference: { projectId, location: 'US' },
        configuration,
        status: { state: 'DONE' },
        statistics,
      };
    } finally {
      connection.closeSync();
    }
  }

  /** A job by its id; in which location, only US and EU may leave open. */
  #job({ names: [projectId, jobId], query }: Call): Job {
    const location = query.get('location');
    const found = this.jobs.find(
      ({ reference }) =>
        reference.projectId === projectId &&
        reference.jobId === jobId &&
        (location === null ? multiRegions.has(reference.location) : reference.location.toLowerCase() === location.toLowerCase()),
    );
    if (found === undefined) throw new ApiFailure(404, 'notFound', `Not found: Job ${projectId}:${jobId}`);
    return found;
  }

  #cancel(call: Call): object {
    const job = this.#job(call);
    job.cancel();
    return { kind: 'bigquery#jobCancelResponse', job: job.resource };
  }

  #list({ names: [project], query }: Call): object {
    const parent = query.get('parentJobId') ?? undefined;
    const found = this.jobs.filter((job) => job.reference.projectId === project && job.parentJobId === parent).toReversed();
    const start = Number(query.get('pageToken') ?? 0);
    const end = start + Number(query.get('maxResults') ?? 50);
    return {
      kind: 'bigquery#jobList',
      jobs: found.slice(start, end).map(({ resource }) => resource),
      ...(end < found.length && { nextPageToken: String(end) }),
    };
  }

  async #results(call: Call): Promise<object> {
    const job = this.#job(call);
    await Promise.race([job.done, sleep(Number(call.query.get('timeoutMs') ?? resultsMs), undefined, { ref: false })]);
    const jobReference = job.reference;
    if (job.state !== 'DONE') return { kind: 'bigquery#getQueryResultsResponse', jobReference, jobComplete: false };
    if (job.error !== undefined) throw new ApiFailure(400, job.error.reason, job.error.message);
    // A script's result is that of the last statement that gave one.
    const children = this.jobs.filter(({ parentJobId }) => parentJobId === jobReference.jobId);
    const table = job.destinationTable ?? children.findLast(({ destinationTable }) => destinationTable !== undefined)?.destinationTable;
    const done = { kind: 'bigquery#getQueryResultsResponse', jobReference, jobComplete: true };
    if (table === undefined) return { ...done, totalRows: '0' };
    const { rows, fields, totalRows, next } = await this.#page(table, call.query);
    return { ...done, schema: { fields }, totalRows: String(totalRows), rows, ...next };
  }

  async #dataset({ body: { datasetReference } }: Call): Promise<object> {
    await this.#database.execute(`CREATE SCHEMA "${datasetReference?.datasetId}"`);
    return { kind: 'bigquery#dataset', datasetReference };
  }

  async #table({ names: [projectId, datasetId, tableId], query }: Call): Promise<object> {
    const tableReference = { projectId, datasetId, tableId };
    const { fields, totalRows } = await this.#page(tableReference, query);
    return { kind: 'bigquery#table', tableReference, type: 'TABLE', schema: { fields }, numRows: String(totalRows) };
  }

  async #rows({ names: [projectId, datasetId, tableId], query }: Call): Promise<object> {
    const { rows, totalRows, next } = await this.#page({ projectId, datasetId, tableId }, query);
    return { kind: 'bigquery#tableDataList', totalRows: String(totalRows), rows, ...next };
  }

  async #page(table: TableReference, query: URLSearchParams) {
    const start = Number(query.get('pageToken') ?? query.get('startIndex') ?? 0);
    const limit = Number(query.get('maxResults') ?? 1000);
    try {
      const page = await this.#database.page(table, { start, limit });
      const end = start + page.rows.length;
      return { ...page, next: end < page.totalRows ? { pageToken: String(end) } : {} };
    } catch (error) {
      const { projectId, datasetId, tableId } = table;
      throw new ApiFailure(404, 'notFound', `Not found: Table ${projectId}:${datasetId}.${tableId} (${toJobFailure(error).message})`);
    }
  }
}

/** https://cloud.google.com/bigquery/docs/labels-intro#requirements */
function checkLabels(labels: Readonly<Record<string, string>> = {}): void {
  for (const [key, value] of Object.entries(labels)) {
    if (!/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\d_-]{0,62}$/u.test(key)) throw new ApiFailure(400, 'invalid', `Label key "${key}" is invalid`);
    if (!/^[\p{Ll}\p{Lo}\d_-]{0,63}$/u.test(value)) throw new ApiFailure(400, 'invalid', `Label value "${value}" is invalid`);
  }
}
