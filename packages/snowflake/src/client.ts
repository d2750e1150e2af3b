import { z } from 'zod';
import { toRetryAfterMs, type JsonObject } from '@flyte-agents/core';
import type { Credentials } from './credentials.ts';
import { SnowflakeError, toReason } from './errors.ts';
import { request, within, type HttpAnswer } from './http.ts';
import { Session } from './session.ts';
import { TokenSource } from './tokens.ts';

/** What the agent asks of Snowflake. Errors are {@link SnowflakeError}s. */
export interface SnowflakeClient {
  /** Takes a statement; each request id is taken once. Has no signal: a submit is never given up half-way. */
  submit(statement: NewStatement): Promise<Statement>;
  /** A statement that the SQL API took. */
  get(handle: string, signal: AbortSignal): Promise<Statement>;
  /** The rows of one partition of a result; the first one's, number 0, are in its statement. */
  rows(handle: string, partition: number, signal: AbortSignal): Promise<readonly Row[]>;
  /** Where any query of its user stands, also what it waits for; `undefined` when Snowflake shows none. */
  progress(queryId: string, signal: AbortSignal): Promise<Progress | undefined>;
  /** The first query of its user whose tag begins so, among the latest ten thousand. */
  findByTag(tag: string, where: LookupPlace, signal: AbortSignal): Promise<string | undefined>;
  /** Asks a statement to stop; one that is over stays as it is. */
  cancel(handle: string): Promise<void>;
  /** The same for a query that a session submitted. */
  cancelQuery(queryId: string): Promise<void>;
}

/** Makes the client of a user of an account. */
export type Connect = (options: ConnectOptions) => SnowflakeClient;

/** Who asks, and where. */
interface ConnectOptions {
  /** `https://myorg-myaccount.snowflakecomputing.com` */
  readonly origin: string;
  readonly credentials: Credentials;
  /** Who gives out OAuth tokens. Default: the account. */
  readonly oauthTokenUrl?: string | undefined;
  /** Hides a token in all that the server says. */
  readonly hide: (token: string) => void;
}

/** What a look-up runs in. */
interface LookupPlace {
  readonly database: string;
  readonly warehouse: string;
  readonly role: string | null;
}

/** A statement to be run: https://docs.snowflake.com/en/developer-guide/sql-api/reference#body-of-the-post-request */
export interface NewStatement {
  /** A UUID. */
  readonly requestId: string;
  readonly body: JsonObject;
}

const column = z.object({ name: z.string(), type: z.string(), scale: z.number().nullish() });
const partition = z.object({ uncompressedSize: z.number().nullish() });
const answer = z.object({
  code: z.string().nullish(),
  sqlState: z.string().nullish(),
  message: z.string().nullish(),
  statementHandle: z.string().nullish(),
  statementHandles: z.array(z.string()).nullish(),
  data: z.array(z.array(z.string().nullable())).nullish(),
  resultSetMetaData: z
    .object({ numRows: z.number().nullish(), rowType: z.array(column).nullish(), partitionInfo: z.array(partition).nullish() })
    .nullish(),
  stats: z.record(z.string(), z.number()).nullish(),
});

/** A column of a result, its type in Snowflake's words: `fixed`, `text`, `timestamp_ntz`. */
export type Column = z.infer<typeof column>;

/** A row, every value as text. */
export type Row = readonly (string | null)[];

/** How a statement stands. */
export interface Statement {
  readonly handle: string;
  readonly state: 'RUNNING' | 'SUCCESS' | 'FAILED';
  readonly code?: string | undefined;
  readonly sqlState?: string | undefined;
  readonly message?: string | undefined;
  /** Of several statements in one request: that of each. */
  readonly handles: readonly string[];
  readonly rowCount?: number | undefined;
  readonly columns: readonly Column[];
  /** The first partition of the result. */
  readonly rows: readonly Row[];
  /** How large each partition of the result is, in bytes. */
  readonly partitions: readonly number[];
  /** How many rows a statement changed: `numRowsInserted`. */
  readonly stats: Readonly<Record<string, number>>;
}

/** Where a query stands in the words of a session: `QUEUED`. */
export interface Progress {
  readonly state: string;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}

const states: Readonly<Record<number, Statement['state']>> = { 200: 'SUCCESS', 202: 'RUNNING', 422: 'FAILED' };
/** How long a look-up may take, in seconds. */
const lookupLimit = 30;

/** Snowflake by its SQL API, and by a session for what the SQL API does not tell. */
export const connect: Connect = (options) => new SqlApiClient(options);

class SqlApiClient implements SnowflakeClient {
  readonly #origin: string;
  readonly #tokens: TokenSource;
  readonly #session: Session;

  constructor({ origin, credentials, oauthTokenUrl, hide }: ConnectOptions) {
    this.#origin = origin;
    this.#tokens = new TokenSource({ credentials, tokenUrl: oauthTokenUrl ?? `${origin}/oauth/token-request`, hide });
    this.#session = new Session({ origin, credentials, tokens: this.#tokens, hide });
  }

  async submit({ requestId, body }: NewStatement): Promise<Statement> {
    // With `retry`, Snowflake looks for a statement of this request id before it runs one.
    return toStatement(await this.#ask('', { query: { requestId, retry: 'true', async: 'true' }, body }));
  }

  async get(handle: string, signal: AbortSignal): Promise<Statement> {
    return toStatement(await this.#ask(`/${encodeURIComponent(handle)}`, { signal }), handle);
  }

  async rows(handle: string, number: number, signal: AbortSignal): Promise<readonly Row[]> {
    const found = await this.#ask(`/${encodeURIComponent(handle)}`, { query: { partition: String(number) }, signal });
    const { state, rows } = toStatement(found, handle);
    if (state !== 'SUCCESS') throw toError(found);
    return rows;
  }

  async progress(queryId: string, signal: AbortSignal): Promise<Progress | undefined> {
    return this.#session.progress(queryId, signal);
  }

  async findByTag(tag: string, { database, warehouse, role }: LookupPlace, signal: AbortSignal): Promise<string | undefined> {
    const history = 'TABLE(INFORMATION_SCHEMA.QUERY_HISTORY_BY_USER(RESULT_LIMIT => 10000))';
    const statement = `SELECT QUERY_ID FROM ${history} WHERE STARTSWITH(QUERY_TAG, ${quoted(tag)}) ORDER BY START_TIME LIMIT 1`;
    const parameters = { QUERY_TAG: 'flyte-agents look-up' };
    const body = { statement, timeout: lookupLimit, database, warehouse, parameters, ...(role !== null && { role }) };
    const { state, code, sqlState, message, rows } = toStatement(await this.#ask('', { body, signal }));
    if (state === 'SUCCESS') return rows[0]?.[0] ?? undefined;
    // What is cancelled or over its time may do better later; what is wrong stays wrong.
    const isLate = state === 'RUNNING' || code === '000630' || code === '000604';
    throw new SnowflakeError(message ?? '', isLate ? { status: 503 } : { status: 422, reason: toReason(code, sqlState) });
  }

  async cancel(handle: string): Promise<void> {
    const { status, ...rest } = await this.#ask(`/${encodeURIComponent(handle)}/cancel`, { body: {} });
    // 422: it was over before.
    if (status !== 200 && status !== 422) throw toError({ status, ...rest });
  }

  async cancelQuery(queryId: string): Promise<void> {
    const found = toStatement(await this.#ask('', { body: { statement: `SELECT SYSTEM$CANCEL_QUERY(${quoted(queryId)})` } }));
    if (found.state === 'FAILED') throw new SnowflakeError(found.message ?? '', { status: 422, reason: found.code });
  }

  /** @throws SnowflakeError for an answer that says nothing of a statement */
  async #ask(path: string, { query = {}, body, signal }: Request): Promise<HttpAnswer> {
    const url = new URL(`/api/v2/statements${path}`, this.#origin);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    for (let isRenewed = false; ; isRenewed = true) {
      const authorization = await within(this.#authorization(), signal);
      const found = await request(url, { headers: authorization, body, signal });
      if (found.status === 401 && !isRenewed && this.#forget()) continue;
      if (found.status in states) return found;
      throw toError(found);
    }
  }

  async #authorization(): Promise<Readonly<Record<string, string>>> {
    return this.#tokens.headers ? this.#tokens.headers() : this.#session.headers();
  }

  /** Whether another token may be better than the one that was refused. */
  #forget(): boolean {
    return this.#tokens.forget() || this.#session.forget();
  }
}

interface Request {
  readonly query?: Readonly<Record<string, string>>;
  /** With one, it is a POST. */
  readonly body?: JsonObject;
  readonly signal?: AbortSignal;
}

function toStatement({ status, headers, body }: HttpAnswer, handle?: string): Statement {
  const { success, data: found, error } = answer.safeParse(body);
  const state = states[status];
  const name = (success ? found.statementHandle : undefined) ?? handle;
  if (!success || state === undefined) throw new SnowflakeError('the answer is not one of the SQL API', { cause: error });
  // A statement that was refused before it became a query.
  if (name === undefined) throw toError({ status, headers, body });
  return {
    handle: name,
    state,
    code: found.code ?? undefined,
    sqlState: found.sqlState ?? undefined,
    message: found.message ?? undefined,
    handles: found.statementHandles ?? [],
    rowCount: found.resultSetMetaData?.numRows ?? undefined,
    columns: found.resultSetMetaData?.rowType ?? [],
    rows: found.data ?? [],
    partitions: found.resultSetMetaData?.partitionInfo?.map(({ uncompressedSize }) => uncompressedSize ?? 0) ?? [],
    stats: found.stats ?? {},
  };
}

function toError({ status, headers, body }: HttpAnswer): SnowflakeError {
  const said = answer.safeParse(body).data;
  return new SnowflakeError(said?.message ?? '', {
    status,
    reason: toReason(said?.code, said?.sqlState),
    retryAfterMs: toRetryAfterMs(headers.get('retry-after')),
  });
}

/** A text in SQL. */
function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
