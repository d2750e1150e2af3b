import { randomUUID } from 'node:crypto';
import { StableIds } from '../stable-ids.ts';
import { Statement, type StatementBody } from './statement.ts';

/** A request as it came. */
export interface ApiRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** What is answered. */
export interface ApiAnswer {
  readonly status?: number | undefined;
  readonly body?: unknown;
}

const underWay = { code: '333334', message: 'Asynchronous execution in progress.' };
const expired = { body: { success: false, code: '390112', message: 'Your session has expired.' } };

/**
 * Snowflake's SQL API, and what its drivers' sessions tell of queries, as its documentation has them: the statement of a request
 * id runs once, a history knows tags, a cancel ends what has not ended. Nobody is asked who he is.
 */
export class SnowflakeApi {
  readonly statements: Statement[] = [];
  /** How many logins there were. */
  logins = 0;
  /** Tokens of sessions that are over. */
  readonly ended = new Set<string>();
  /** The handle of new statements. Default: one that follows from the request's id. */
  nextHandle: string | undefined;
  /** What logins answer. Default: a token. */
  loginAnswer: ApiAnswer | undefined;
  readonly #ids = new StableIds();
  readonly #run: (statement: Statement) => void;

  /** @param run begins a statement. Default: it waits until a test says how it stands */
  constructor(run: (statement: Statement) => void = () => undefined) {
    this.#run = run;
  }

  /** The only statement that was submitted. */
  get only(): Statement {
    const [statement, second] = this.statements;
    if (statement === undefined || second !== undefined) throw new Error(`${this.statements.length} statements were submitted`);
    return statement;
  }

  answer({ method, path, headers, body }: ApiRequest): ApiAnswer {
    const { pathname, searchParams } = new URL(path, 'http://localhost');
    if (pathname === '/session/v1/login-request') return this.#login();
    const [, queryId] = /^\/monitoring\/queries\/(.*)$/.exec(pathname) ?? [];
    if (queryId !== undefined) return this.#monitor(queryId, String(headers['authorization']));
    const [, handle, action] = /^\/api\/v2\/statements(?:\/([^/]+)(?:\/(cancel))?)?$/.exec(pathname) ?? [];
    if (handle === undefined) return method === 'POST' ? this.#submit(searchParams, JSON.parse(body)) : { status: 404, body: {} };
    const statement = this.statements.find((each) => each.handle === handle);
    if (statement === undefined) return { status: 404, body: { code: '391918', message: 'Statement not found.' } };
    if (action === 'cancel') return cancelled(statement);
    return status(statement, Number(searchParams.get('partition') ?? 0));
  }

  #submit(query: URLSearchParams, body: StatementBody): ApiAnswer {
    const [, tag] = /STARTSWITH\(QUERY_TAG, '(.*?)'\)/.exec(body.statement) ?? [];
    if (tag !== undefined) return found(this.statements.filter((each) => each.tag.startsWith(tag)).map(({ handle }) => handle));
    const [, cancelledId] = /^SELECT SYSTEM\$CANCEL_QUERY\('(.*)'\)$/.exec(body.statement) ?? [];
    if (cancelledId !== undefined) {
      this.statements.find(({ handle, isOver }) => handle === cancelledId && !isOver)?.cancel();
      return found(['query [...] terminated.']);
    }
    const requestId = query.get('requestId') ?? '';
    const known = this.statements.find((each) => each.requestId === requestId);
    if (known !== undefined && query.get('retry') === 'true') return status(known);
    const statement = new Statement(requestId, body, this.nextHandle ?? this.#ids.next(requestId));
    this.statements.push(statement);
    this.#run(statement);
    return status(statement);
  }

  #login(): ApiAnswer {
    this.logins += 1;
    return this.loginAnswer ?? { body: { success: true, data: { token: `session-token-${this.logins}`, validityInSeconds: 3600 } } };
  }

  #monitor(queryId: string, authorization: string): ApiAnswer {
    const [, token = ''] = /^Snowflake Token="(.*)"$/.exec(authorization) ?? [];
    if (token === '' || this.ended.has(token)) return expired;
    const queries = this.statements.filter(({ handle }) => handle === queryId).map(({ state }) => ({ id: queryId, status: state }));
    return { body: { success: true, data: { queries } } };
  }
}

function status({ state, handle, answer, partitions, isOver }: Statement, partition = 0): ApiAnswer {
  if (state === 'SUCCESS' && partition > 0) {
    const data = partitions[partition - 1];
    return data === undefined ? { status: 422, body: { code: '391914', message: 'No such partition.' } } : { body: { data } };
  }
  if (state === 'SUCCESS') return { status: 200, body: { code: '090001', statementHandle: handle, ...answer } };
  return isOver
    ? { status: 422, body: { statementHandle: handle, ...answer } }
    : { status: 202, body: { ...underWay, statementHandle: handle } };
}

function cancelled(statement: Statement): ApiAnswer {
  if (statement.isOver)
    return { status: 422, body: { code: '000709', message: 'Statement is not running.', statementHandle: statement.handle } };
  statement.cancel();
  return { status: 200, body: { code: '000604', message: 'SQL execution canceled', statementHandle: statement.handle } };
}

/** The result of a statement that the server runs at once. */
function found(values: readonly string[]): ApiAnswer {
  return { status: 200, body: { code: '090001', statementHandle: randomUUID(), data: values.slice(0, 1).map((value) => [value]) } };
}
