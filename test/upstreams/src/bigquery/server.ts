import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { Api, type ApiOptions, type Operation, type RequestBody } from './api.ts';
import { Database } from './database.ts';
import { toDuckDb, toStatements } from './dialect.ts';
import { ApiFailure, toJobFailure } from './failure.ts';
import type { Job } from './job.ts';

/** How to start the server. */
export interface BigQueryOptions {
  /** How long a job waits before it runs, in milliseconds. Default 100. */
  readonly pendingMs?: number;
  /** How long it runs at least, in milliseconds. Default 100. */
  readonly runningMs?: number;
  /** Where the objects of buckets are: `gs://bucket/a` is `<folder>/bucket/a`. Default: nowhere. */
  readonly buckets?: string;
}

/** A request that came. */
export interface BigQueryRequest {
  /** `undefined` for what the server does not know. */
  readonly operation: Operation | undefined;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: RequestBody;
}

/** An answer that coming requests get instead of theirs. */
interface BigQueryRefusal {
  readonly operation: Operation;
  readonly status: number;
  readonly reason: string;
  /** How many requests get it. Default 1. */
  readonly times?: number;
}

/** BigQuery's REST API on a loopback socket; its SQL runs on DuckDB, in this process. */
export interface BigQueryServer {
  /** Base URL, without the API's path. */
  readonly endpoint: string;
  /** Leads Google's SDKs to it. A type, not an interface: it is spread into `env`. */
  readonly environment: { readonly BIGQUERY_EMULATOR_HOST: string };
  /** Everything that came, oldest first. */
  readonly requests: readonly BigQueryRequest[];
  /** Every job, oldest first. */
  readonly jobs: readonly Job[];
  /** Runs statements of BigQuery's SQL at once, such as those that make tables. */
  execute(sql: string): Promise<void>;
  /** Lets coming requests be refused. Several refusals are served in their order. */
  refuse(refusal: BigQueryRefusal): void;
  stop(): Promise<void>;
}

/**
 * Starts the server.
 *
 * Jobs wait, run their SQL for real, and are done; ids are taken once; cancels interrupt; what fails says why. Of SQL it knows what
 * DuckDB knows and `dialect.ts` translates. Locations are names only, projects share their datasets, and nobody is asked who he is.
 */
export async function startBigQuery({
  pendingMs = 100,
  runningMs = 100,
  buckets = '/nowhere',
}: BigQueryOptions = {}): Promise<BigQueryServer> {
  const server = new EmbeddedBigQuery(await Database.create(), { pendingMs, runningMs, buckets });
  await server.listen();
  return server;
}

const routes: readonly { readonly operation: Operation; readonly method: string; readonly path: RegExp }[] = [
  { operation: 'projects.list', method: 'GET', path: /^\/projects$/ },
  { operation: 'jobs.insert', method: 'POST', path: /^\/projects\/([^/]+)\/jobs$/ },
  { operation: 'jobs.list', method: 'GET', path: /^\/projects\/([^/]+)\/jobs$/ },
  { operation: 'jobs.get', method: 'GET', path: /^\/projects\/([^/]+)\/jobs\/([^/]+)$/ },
  { operation: 'jobs.cancel', method: 'POST', path: /^\/projects\/([^/]+)\/jobs\/([^/]+)\/cancel$/ },
  { operation: 'jobs.getQueryResults', method: 'GET', path: /^\/projects\/([^/]+)\/queries\/([^/]+)$/ },
  { operation: 'datasets.insert', method: 'POST', path: /^\/projects\/([^/]+)\/datasets$/ },
  { operation: 'tables.get', method: 'GET', path: /^\/projects\/([^/]+)\/datasets\/([^/]+)\/tables\/([^/]+)$/ },
  { operation: 'tabledata.list', method: 'GET', path: /^\/projects\/([^/]+)\/datasets\/([^/]+)\/tables\/([^/]+)\/data$/ },
];

class EmbeddedBigQuery implements BigQueryServer {
  readonly requests: BigQueryRequest[] = [];
  readonly #database: Database;
  readonly #api: Api;
  readonly #refusals: { readonly refusal: BigQueryRefusal; left: number }[] = [];
  readonly #server: Server = createServer((request, response) => {
    // Who goes away in the middle of a request leaves nobody to answer.
    this.#serve(request, response).catch(() => response.destroy());
  });

  constructor(database: Database, options: ApiOptions) {
    this.#database = database;
    this.#api = new Api(database, options);
  }

  get jobs(): readonly Job[] {
    return this.#api.jobs;
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The BigQuery server has been stopped');
    return `http://127.0.0.1:${address.port}`;
  }

  get environment(): { readonly BIGQUERY_EMULATOR_HOST: string } {
    return { BIGQUERY_EMULATOR_HOST: this.endpoint };
  }

  async listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(0, '127.0.0.1', resolve);
    await promise;
  }

  async execute(sql: string): Promise<void> {
    for (const statement of toStatements(sql)) await this.#database.execute(toDuckDb(statement, []));
  }

  refuse(refusal: BigQueryRefusal): void {
    this.#refusals.push({ refusal, left: refusal.times ?? 1 });
  }

  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.#server.closeAllConnections();
    for (const job of this.jobs) job.cancel();
    await Promise.all([promise, ...this.jobs.map(({ done }) => done)]);
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url: path = '/', headers } = incoming;
    const content = await text(incoming);
    const body: RequestBody = content === '' ? {} : JSON.parse(content);
    const { status, answer } = await this.#answer({ method, path, headers, body });
    response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify(answer));
  }

  async #answer(request: Omit<BigQueryRequest, 'operation'> & { readonly method: string }): Promise<{ status: number; answer: object }> {
    const { method, path, headers, body } = request;
    const { pathname, searchParams: query } = new URL(path, 'http://localhost');
    const resource = pathname.replace(/^\/bigquery\/v2/, '');
    const route = routes.find((each) => each.method === method && each.path.test(resource));
    this.requests.push({ operation: route?.operation, path, headers, body });
    try {
      if (route === undefined) throw new ApiFailure(404, 'notFound', `This server does not know ${method} ${resource}`);
      this.#refuse(route.operation);
      const [, project = '', first = '', second = ''] = (route.path.exec(resource) ?? []).map(decodeURIComponent);
      return { status: 200, answer: await this.#api.answer(route.operation, { names: [project, first, second], query, body }) };
    } catch (error) {
      const { problem } = toJobFailure(error);
      const failure = error instanceof ApiFailure ? error : new ApiFailure(400, problem.reason, problem.message);
      return { status: failure.status, answer: failure.body };
    }
  }

  #refuse(operation: Operation): void {
    const index = this.#refusals.findIndex(({ refusal }) => refusal.operation === operation);
    const entry = this.#refusals[index];
    if (entry === undefined) return;
    entry.left -= 1;
    if (entry.left <= 0) this.#refusals.splice(index, 1);
    throw new ApiFailure(entry.refusal.status, entry.refusal.reason, 'A refusal asked for by the test');
  }
}
