import { isUnsent, toRetryAfterMs, type JsonObject } from '@flyte-agents/core';
import type { BigQuery } from '@google-cloud/bigquery';
import { z } from 'zod';
import { scopes, toAuthClient, type Credentials } from './credentials.ts';
import { BigQueryError } from './errors.ts';

/** What the agent asks of BigQuery. Errors are {@link BigQueryError}s. */
export interface BigQueryClient {
  /** Takes a job; each id is taken once. Has no signal: a submit is never given up half-way. */
  insert(job: NewJob): Promise<Job>;
  /** Says what a job would do, and does nothing. */
  dryRun(job: NewJob, signal: AbortSignal): Promise<DryRun>;
  get(job: JobName, signal: AbortSignal): Promise<Job>;
  /** The job of an id, wherever it is; `undefined` if there is none. */
  find(job: JobName, signal: AbortSignal): Promise<Job | undefined>;
  /** The latest thousand jobs of its account. */
  list(filter: JobFilter, signal: AbortSignal): Promise<readonly Job[]>;
  /** The first two rows that a query gave. */
  firstRows(job: JobName, signal: AbortSignal): Promise<Rows>;
  /** Asks a job to stop; one that is over stays as it is. */
  cancel(job: JobName): Promise<void>;
  /** How many projects its account may use. */
  countProjects(signal: AbortSignal): Promise<number>;
}

/** What the sensor asks of BigQuery. Nothing of it costs anything. */
export interface TableClient {
  /** What a table is like, `undefined` if there is none. */
  table(table: TableReference, signal: AbortSignal): Promise<Table | undefined>;
  /** The ids of a table's partitions: `20260102`. */
  partitions(table: TableReference, signal: AbortSignal): Promise<readonly string[]>;
}

/** Makes the client for a project. */
export type Connect<Client = BigQueryClient> = (project: string, credentials: Credentials) => Promise<Client>;

/** What leads to a job. Without a location, BigQuery looks in US and EU only. */
export interface JobName {
  readonly project: string;
  readonly jobId: string;
  readonly location: string | null;
}

/** A job to be done. */
export interface NewJob extends JobName {
  /** https://cloud.google.com/bigquery/docs/reference/rest/v2/Job#JobConfiguration */
  readonly configuration: JsonObject;
  /** Who asks for it, for Google's accounting. */
  readonly userAgent: string;
}

/** Which jobs are listed. */
export interface JobFilter {
  readonly project: string;
  /** The jobs of this script. Default: those that are of none. */
  readonly parentJobId?: string;
}

const int64 = z.string().regex(/^-?\d+$/);
const tableReference = z.object({ projectId: z.string(), datasetId: z.string(), tableId: z.string() });
const withTable = z.object({ destinationTable: tableReference.nullish() });
const withFiles = z.object({ destinationUris: z.array(z.string()).nullish() });
const errorProto = z.object({ reason: z.string().nullish(), location: z.string().nullish(), message: z.string().nullish() });
const queryStatistics = z.object({
  statementType: z.string().nullish(),
  totalBytesBilled: int64.nullish(),
  cacheHit: z.boolean().nullish(),
});
const job = z.object({
  jobReference: z.object({ jobId: z.string(), location: z.string().nullish() }),
  status: z.object({ state: z.string(), errorResult: errorProto.nullish(), errors: z.array(errorProto).nullish() }),
  configuration: z.object({
    labels: z.record(z.string(), z.string()).nullish(),
    query: withTable.extend({ query: z.string().nullish() }).nullish(),
    load: withTable.nullish(),
    copy: withTable.nullish(),
    extract: withFiles.nullish(),
  }),
  statistics: z
    .object({
      creationTime: int64.nullish(),
      startTime: int64.nullish(),
      totalBytesProcessed: int64.nullish(),
      totalSlotMs: int64.nullish(),
      reservation_id: z.string().nullish(),
      query: queryStatistics.nullish(),
    })
    .nullish(),
});
/** A dry run is no job: it has no id. */
const dryRun = job.pick({ statistics: true });
const jobs = z.object({ jobs: z.array(job).nullish() });
const projects = z.object({ projects: z.array(z.unknown()).nullish() });
const rows = z.object({
  schema: z.object({ fields: z.array(z.object({ name: z.string(), type: z.string(), mode: z.string().nullish() })).nullish() }).nullish(),
  rows: z.array(z.object({ f: z.array(z.object({ v: z.json() })) })).nullish(),
});

const table = z.object({ numRows: int64.nullish(), numBytes: int64.nullish() });

/** A table's name. */
export type TableReference = z.infer<typeof tableReference>;

/** What BigQuery says of a table: only what the sensor reads. */
export type Table = z.infer<typeof table>;

/** What BigQuery says of a job: only what the agent reads. https://cloud.google.com/bigquery/docs/reference/rest/v2/Job */
export type Job = z.infer<typeof job>;

/** What a query would read. */
type DryRun = z.infer<typeof dryRun>;

/** What is wrong with a job, in BigQuery's words. */
export type ErrorProto = z.infer<typeof errorProto>;

/** Rows in the REST API's form, in which every value is a text. */
export type Rows = z.infer<typeof rows>;

/** Loads Google's SDK, which takes a tenth of a second. */
export async function loadSdk(): Promise<void> {
  await Promise.all([import('@google-cloud/bigquery'), import('google-auth-library')]);
}

/** BigQuery by Google's SDK. `BIGQUERY_EMULATOR_HOST` leads to another server. */
export const connect: Connect<BigQueryClient & TableClient> = async (projectId, credentials) => {
  const authClient = await toAuthClient(projectId, credentials);
  const sdk = await import('@google-cloud/bigquery');
  return new SdkClient(new sdk.BigQuery({ projectId, scopes, ...(authClient && { authClient }) }));
};

/** After this, a request without an answer is given up, in milliseconds. */
const requestLimitMs = 60_000;

/**
 * Sends its requests by the SDK's authenticated transport. The SDK's methods for jobs take no signal, wait for ever on a
 * connection that stalls, and end the process when the answer to a submit is not a job (docs/decisions/0010).
 */
class SdkClient implements BigQueryClient, TableClient {
  readonly #sdk: BigQuery;

  constructor(sdk: BigQuery) {
    this.#sdk = sdk;
  }

  async insert({ project, jobId, location, configuration, userAgent }: NewJob): Promise<Job> {
    const jobReference = { projectId: project, jobId, ...(location !== null && { location }) };
    return this.#ask(job, [project, 'jobs'], { body: { jobReference, configuration }, userAgent });
  }

  async dryRun({ project, location, configuration, userAgent }: NewJob, signal: AbortSignal): Promise<DryRun> {
    const jobReference = { projectId: project, ...(location !== null && { location }) };
    const body = { jobReference, configuration: { ...configuration, dryRun: true } };
    return this.#ask(dryRun, [project, 'jobs'], { body, userAgent, signal });
  }

  async get({ project, jobId, location }: JobName, signal: AbortSignal): Promise<Job> {
    return this.#ask(job, [project, 'jobs', jobId], { query: { location }, signal });
  }

  async find(name: JobName, signal: AbortSignal): Promise<Job | undefined> {
    try {
      return await this.get(name, signal);
    } catch (error) {
      if (!isNotFound(error)) throw error;
      // Without a location it was looked for in US and EU only; if it is young, it is among the latest.
      const latest = name.location === null ? await this.list(name, signal) : [];
      return latest.find(({ jobReference }) => jobReference.jobId === name.jobId);
    }
  }

  async list({ project, parentJobId }: JobFilter, signal: AbortSignal): Promise<readonly Job[]> {
    const query = { projection: 'full', maxResults: '1000', parentJobId };
    return (await this.#ask(jobs, [project, 'jobs'], { query, signal })).jobs ?? [];
  }

  async firstRows({ project, jobId, location }: JobName, signal: AbortSignal): Promise<Rows> {
    const query = { location, maxResults: '2', 'formatOptions.useInt64Timestamp': 'true' };
    return this.#ask(rows, [project, 'queries', jobId], { query, signal });
  }

  async cancel({ project, jobId, location }: JobName): Promise<void> {
    await this.#ask(z.unknown(), [project, 'jobs', jobId, 'cancel'], { query: { location }, body: {} });
  }

  async countProjects(signal: AbortSignal): Promise<number> {
    return (await this.#ask(projects, [], { signal })).projects?.length ?? 0;
  }

  async table({ projectId, datasetId, tableId }: TableReference, signal: AbortSignal): Promise<Table | undefined> {
    try {
      return await this.#ask(table, [projectId, 'datasets', datasetId, 'tables', tableId], { signal });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async partitions({ projectId, datasetId, tableId }: TableReference, signal: AbortSignal): Promise<readonly string[]> {
    // The table of a table's partitions, which google-cloud-bigquery reads too.
    const name = `${tableId}$__PARTITIONS_SUMMARY__`;
    const query = { selectedFields: 'partition_id', maxResults: '20000' };
    const { rows: found } = await this.#ask(rows, [projectId, 'datasets', datasetId, 'tables', name, 'data'], { query, signal });
    return (found ?? []).flatMap(({ f: [cell] }) => (typeof cell?.v === 'string' ? [cell.v] : []));
  }

  async #ask<Answer>(answer: z.ZodType<Answer>, path: readonly string[], request: Request): Promise<Answer> {
    const { query = {}, body, userAgent = 'flyte-agents', signal } = request;
    const url = new URL(['bigquery/v2/projects', ...path.map(encodeURIComponent)].join('/'), `${this.#sdk.apiEndpoint}/`);
    for (const [name, value] of Object.entries(query)) if (typeof value === 'string') url.searchParams.set(name, value);
    try {
      const { data } = await this.#sdk.authClient.request({
        url,
        method: body === undefined ? 'GET' : 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': userAgent },
        // An object would be copied first.
        ...(body !== undefined && { data: JSON.stringify(body) }),
        responseType: 'json',
        timeout: requestLimitMs,
        ...(signal && { signal }),
      });
      return answer.parse(data);
    } catch (error) {
      throw await toBigQueryError(error);
    }
  }
}

interface Request {
  readonly query?: Readonly<Record<string, string | null | undefined>>;
  /** With one, it is a POST. */
  readonly body?: object;
  readonly userAgent?: string;
  readonly signal?: AbortSignal;
}

function isNotFound(error: unknown): boolean {
  return error instanceof BigQueryError && error.facts.status === 404;
}

const refusal = z.object({ error: z.object({ message: z.string().nullish(), errors: z.array(errorProto).nullish() }) });

async function toBigQueryError(cause: unknown): Promise<BigQueryError> {
  if (cause instanceof z.ZodError) return new BigQueryError('the answer is not one of BigQuery', { from: 'nobody', cause });
  const { gaxios } = await import('google-auth-library');
  // No request: there was nothing to sign it with.
  if (!(cause instanceof gaxios.GaxiosError)) {
    return new BigQueryError(cause instanceof Error ? cause.message : String(cause), { from: 'credentials', cause });
  }
  const { response, config, code } = cause;
  const from = config.url.pathname.startsWith('/bigquery/') ? 'service' : 'credentials';
  if (response === undefined) {
    const said = `no answer (${code ?? 'the connection broke'})`;
    return new BigQueryError(said, { from: 'nobody', isUnsent: from === 'credentials' || isUnsent(code), cause });
  }
  const said = refusal.safeParse(response.data).data?.error;
  return new BigQueryError(said?.message ?? '', {
    from,
    status: response.status,
    reason: said?.errors?.[0]?.reason ?? undefined,
    retryAfterMs: toRetryAfterMs(response.headers.get('retry-after')),
    cause,
  });
}
