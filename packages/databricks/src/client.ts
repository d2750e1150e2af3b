import { isUnsent, networkCode, toRetryAfterMs, type JsonObject } from '@flyte-agents/core';
import { z } from 'zod';
import type { TokenSource } from './credentials.ts';
import { DatabricksError } from './errors.ts';
import { parseJson, writeJson } from './json.ts';

/** What the agents ask of a workspace. Ids are texts of digits. Errors are {@link DatabricksError}s. */
export interface DatabricksClient {
  /** Starts a one-time run. The same token gives the same run. Has no signal: a submit is never given up half-way. */
  submitRun(run: JsonObject): Promise<string>;
  /** Starts a run of a job. The same token gives the same run. */
  runJob(jobId: string, run: JsonObject): Promise<string>;
  /** Starts the failed tasks of a run again. Only the latest repair may be followed by another. */
  repairRun(runId: string, latestRepairId: string | undefined): Promise<void>;
  getRun(runId: string, signal: AbortSignal): Promise<Run>;
  /** What a run of one task gave. */
  getOutput(runId: string, signal: AbortSignal): Promise<RunOutput>;
  /** The latest runs of a job, or the latest one-time runs: those that are not over, or all. */
  listRuns(filter: RunFilter, signal: AbortSignal): Promise<readonly ListedRun[]>;
  /** Asks a run to stop; one that is over stays as it is. */
  cancelRun(runId: string): Promise<void>;
  /** The ids of the jobs of a name. */
  findJobs(name: string, signal: AbortSignal): Promise<readonly string[]>;
  /** Takes an SQL statement. It has no token: the same statement twice is two. The signal is for those that only read. */
  executeStatement(statement: JsonObject, signal?: AbortSignal): Promise<Statement>;
  getStatement(statementId: string, signal: AbortSignal): Promise<Statement>;
  cancelStatement(statementId: string): Promise<void>;
  /** The latest statements of a warehouse, with their text. */
  listStatements(warehouseId: string, signal: AbortSignal): Promise<readonly ListedStatement[]>;
  /** Whether Unity Catalog has a table, `catalog.schema.table`. */
  hasTable(name: string, signal: AbortSignal): Promise<boolean>;
  /** How a warehouse stands: `RUNNING`. */
  warehouseState(warehouseId: string, signal: AbortSignal): Promise<string>;
  /** Tells a warehouse to start or to stop, and does not wait until it has. */
  changeWarehouse(warehouseId: string, action: 'start' | 'stop'): Promise<void>;
}

/** Which runs are listed. */
export interface RunFilter {
  readonly isActive: boolean;
  /** Default: runs of no job. */
  readonly jobId?: string | undefined;
}

/** Makes the client of a workspace. */
export type Connect = (host: string, tokens: TokenSource) => DatabricksClient;

const id = z.union([z.int().nonnegative(), z.string().regex(/^\d+$/)]).transform(String);
const text = z.string().nullish();
const state = z.object({ life_cycle_state: text, result_state: text, state_message: text, queue_reason: text });
const termination = z.object({ code: text, type: text, message: text });
const status = z.object({
  state: text,
  termination_details: termination.nullish(),
  queue_details: z.object({ code: text, message: text }).nullish(),
});
const record = z.object({
  run_id: id,
  state: state.nullish(),
  status: status.nullish(),
  job_id: id.nullish(),
  attempt_number: z.int().nullish(),
  run_page_url: text,
  start_time: z.int().nullish(),
  setup_duration: z.int().nullish(),
  execution_duration: z.int().nullish(),
});
const run = record.extend({
  tasks: z.array(record.extend({ task_key: text })).nullish(),
  repair_history: z.array(z.object({ id: id.nullish(), type: text })).nullish(),
  next_page_token: text,
});
const runOutput = z.object({
  error: text,
  error_trace: text,
  logs: text,
  notebook_output: z.object({ result: text, truncated: z.boolean().nullish() }).nullish(),
});
const listedRun = z.object({
  run_id: id,
  run_name: text,
  job_parameters: z.array(z.object({ name: text, value: text })).nullish(),
});
const runs = z.object({ runs: z.array(listedRun).nullish(), next_page_token: text });
const jobs = z.object({ jobs: z.array(z.object({ job_id: id })).nullish() });
const statement = z.object({
  statement_id: z.string().min(1),
  status: z.object({ state: z.string(), error: z.object({ error_code: text, message: text }).nullish() }),
  manifest: z
    .object({
      schema: z.object({ columns: z.array(z.object({ name: z.string(), type_name: text })).nullish() }).nullish(),
      total_row_count: z.int().nullish(),
      total_byte_count: z.int().nullish(),
      truncated: z.boolean().nullish(),
    })
    .nullish(),
  result: z.object({ data_array: z.array(z.array(z.string().nullable())).nullish() }).nullish(),
});
const listedStatement = z.object({ query_id: z.string(), query_text: text });
const statements = z.object({ res: z.array(listedStatement).nullish(), next_page_token: text });

/** What Databricks says of a run, or of one task of it: only what the agent reads. https://docs.databricks.com/api/workspace/jobs/getrun */
export interface Run extends Partial<Omit<z.infer<typeof run>, 'run_id' | 'next_page_token' | 'tasks'>> {
  readonly run_id: string;
  readonly task_key?: string | null | undefined;
  readonly tasks?: readonly Run[] | null | undefined;
}

/** Why a run ended. */
export type Termination = z.infer<typeof termination>;

/** https://docs.databricks.com/api/workspace/jobs/getrunoutput */
export type RunOutput = Partial<z.infer<typeof runOutput>>;

/** A run in a listing. https://docs.databricks.com/api/workspace/jobs/listruns */
export type ListedRun = z.infer<typeof listedRun>;

/** https://docs.databricks.com/api/workspace/statementexecution/getstatement */
export type Statement = z.infer<typeof statement>;

/** https://docs.databricks.com/api/workspace/queryhistory/list */
type ListedStatement = z.infer<typeof listedStatement>;

/** Where a workspace's API is. `FLYTE_DATABRICKS_ENDPOINT` leads to another server, whatever the workspace. */
export function baseUrl(host: string): string {
  return process.env['FLYTE_DATABRICKS_ENDPOINT'] ?? `https://${host}`;
}

/** Databricks' REST API. */
export const connect: Connect = (host, tokens) => new RestClient(baseUrl(host), tokens);

/** After this, a request without an answer is given up, in milliseconds. */
const requestLimitMs = 50_000;
/** How many pages of a listing are read. One has 25 runs at most, or 100 tasks of a run. */
const mostPages = 8;

class RestClient implements DatabricksClient {
  readonly #base: string;
  readonly #tokens: TokenSource;

  constructor(base: string, tokens: TokenSource) {
    this.#base = base;
    this.#tokens = tokens;
  }

  async submitRun(body: JsonObject): Promise<string> {
    // Later versions do not take what flytekit's tasks have, a run of one task without a list of tasks.
    return (await this.#ask(z.object({ run_id: id }), '2.1/jobs/runs/submit', { body: JSON.stringify(body) })).run_id;
  }

  async runJob(jobId: string, body: JsonObject): Promise<string> {
    return (await this.#ask(z.object({ run_id: id }), '2.2/jobs/run-now', { body: writeJson({ job_id: jobId }, body) })).run_id;
  }

  async repairRun(runId: string, latestRepairId: string | undefined): Promise<void> {
    const ids = { run_id: runId, ...(latestRepairId !== undefined && { latest_repair_id: latestRepairId }) };
    await this.#ask(z.unknown(), '2.2/jobs/runs/repair', { body: writeJson(ids, { rerun_all_failed_tasks: true }) });
  }

  async getRun(runId: string, signal: AbortSignal): Promise<Run> {
    const query = { run_id: runId, include_history: 'true' };
    const first = await this.#ask(run, '2.2/jobs/runs/get', { query, signal });
    const tasks = [...(first.tasks ?? [])];
    let next = first.next_page_token;
    for (let page = 1; next && page < mostPages; page++) {
      const more = await this.#ask(run, '2.2/jobs/runs/get', { query: { ...query, page_token: next }, signal });
      tasks.push(...(more.tasks ?? []));
      next = more.next_page_token;
    }
    return { ...first, tasks };
  }

  async getOutput(runId: string, signal: AbortSignal): Promise<RunOutput> {
    return this.#ask(runOutput, '2.2/jobs/runs/get-output', { query: { run_id: runId }, signal });
  }

  async listRuns({ isActive, jobId }: RunFilter, signal: AbortSignal): Promise<readonly ListedRun[]> {
    const kind = jobId === undefined ? { run_type: 'SUBMIT_RUN' } : { run_type: 'JOB_RUN', job_id: jobId };
    const query = { ...kind, limit: '25', ...(isActive && { active_only: 'true' }) };
    const listed: ListedRun[] = [];
    let next: string | null | undefined;
    for (let page = 0; page === 0 || (next && page < mostPages); page++) {
      const answer = await this.#ask(runs, '2.2/jobs/runs/list', { query: { ...query, ...(next && { page_token: next }) }, signal });
      listed.push(...(answer.runs ?? []));
      next = answer.next_page_token;
    }
    return listed;
  }

  async cancelRun(runId: string): Promise<void> {
    await this.#ask(z.unknown(), '2.2/jobs/runs/cancel', { body: writeJson({ run_id: runId }) });
  }

  async findJobs(name: string, signal: AbortSignal): Promise<readonly string[]> {
    const answer = await this.#ask(jobs, '2.2/jobs/list', { query: { name, limit: '2' }, signal });
    return (answer.jobs ?? []).map(({ job_id: jobId }) => jobId);
  }

  async executeStatement(body: JsonObject, signal?: AbortSignal): Promise<Statement> {
    return this.#ask(statement, '2.0/sql/statements', { body: JSON.stringify(body), ...(signal !== undefined && { signal }) });
  }

  async getStatement(statementId: string, signal: AbortSignal): Promise<Statement> {
    return this.#ask(statement, `2.0/sql/statements/${encodeURIComponent(statementId)}`, { signal });
  }

  async cancelStatement(statementId: string): Promise<void> {
    await this.#ask(z.unknown(), `2.0/sql/statements/${encodeURIComponent(statementId)}/cancel`, { body: '{}' });
  }

  async listStatements(warehouseId: string, signal: AbortSignal): Promise<readonly ListedStatement[]> {
    const query = { 'filter_by.warehouse_ids': warehouseId, max_results: '1000' };
    return (await this.#ask(statements, '2.0/sql/history/queries', { query, signal })).res ?? [];
  }

  async hasTable(name: string, signal: AbortSignal): Promise<boolean> {
    const path = `2.1/unity-catalog/tables/${encodeURIComponent(name)}/exists`;
    try {
      return (await this.#ask(z.object({ table_exists: z.boolean() }), path, { signal })).table_exists;
    } catch (error) {
      if (error instanceof DatabricksError && error.facts.reason === 'TABLE_DOES_NOT_EXIST') return false;
      throw error;
    }
  }

  async warehouseState(warehouseId: string, signal: AbortSignal): Promise<string> {
    const path = `2.0/sql/warehouses/${encodeURIComponent(warehouseId)}`;
    return (await this.#ask(z.object({ state: z.string() }), path, { signal })).state;
  }

  async changeWarehouse(warehouseId: string, action: 'start' | 'stop'): Promise<void> {
    await this.#ask(z.unknown(), `2.0/sql/warehouses/${encodeURIComponent(warehouseId)}/${action}`, { body: '{}' });
  }

  /** A token that is refused may have been taken back before its time: it is asked for anew, once. */
  async #ask<Answer>(answer: z.ZodType<Answer>, path: string, request: Request): Promise<Answer> {
    const token = await this.#tokens.token();
    try {
      return await this.#send(answer, path, request, token);
    } catch (error) {
      const isRefused = error instanceof DatabricksError && error.facts.status === 401;
      if (!isRefused || !this.#tokens.renew(token)) throw error;
      return this.#send(answer, path, request, await this.#tokens.token());
    }
  }

  async #send<Answer>(answer: z.ZodType<Answer>, path: string, { query = {}, body, signal }: Request, token: string): Promise<Answer> {
    const url = new URL(`/api/${path}`, this.#base);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    const limit = AbortSignal.timeout(requestLimitMs);
    try {
      const response = await fetch(url, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', 'user-agent': 'flyte-agents' },
        ...(body !== undefined && { body }),
        // A redirect would take the token along.
        redirect: 'manual',
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      });
      const content = await response.text();
      if (!response.ok) throw refusal(response, content, 'service');
      return answer.parse(parseJson(content === '' ? '{}' : content));
    } catch (error) {
      throw toDatabricksError(error);
    }
  }
}

interface Request {
  readonly query?: Readonly<Record<string, string>>;
  /** JSON. With it, it is a POST. */
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** Both forms: that of the API, and that of OAuth. */
const refusalBody = z.object({ error_code: text, message: text, error: text, error_description: text });

/** What an answer says that is not a success. */
export function refusal({ status: httpStatus, headers }: Response, content: string, from: 'service' | 'credentials'): DatabricksError {
  const said = readRefusal(content);
  return new DatabricksError(said?.message ?? said?.error_description ?? '', {
    from,
    status: httpStatus,
    reason: said?.error_code ?? said?.error ?? undefined,
    retryAfterMs: toRetryAfterMs(headers.get('retry-after')),
  });
}

function readRefusal(content: string): z.infer<typeof refusalBody> | undefined {
  try {
    return refusalBody.safeParse(parseJson(content)).data;
  } catch (error) {
    // A gateway's page.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Why there was no answer, or none that can be read. */
export function toDatabricksError(cause: unknown): DatabricksError {
  if (cause instanceof DatabricksError) return cause;
  if (cause instanceof z.ZodError || cause instanceof SyntaxError) {
    return new DatabricksError('the answer is not one of Databricks', { from: 'nobody', cause });
  }
  const code = networkCode(cause);
  const reason = code ?? (cause instanceof Error ? cause.name : 'the connection broke');
  return new DatabricksError(`no answer (${reason})`, { from: 'nobody', isUnsent: isUnsent(code), cause });
}
