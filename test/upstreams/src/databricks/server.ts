import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parse, Refusal, write, type Body } from './answer.ts';
import { Runs, type RunTimes } from './runs.ts';
import { Statements } from './statements.ts';

/** Environment variables that lead the agents to a workspace of ours. */
type DatabricksEnvironment = {
  readonly FLYTE_DATABRICKS_ENDPOINT: string;
  readonly FLYTE_DATABRICKS_INSTANCE: string;
  readonly FLYTE_DATABRICKS_ACCESS_TOKEN: string;
};

/** A request that came. */
export interface DatabricksRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly authorization: string;
  readonly body: Body;
}

/** A workspace of Databricks in memory: runs, jobs' runs, SQL statements, and tokens of a service principal. */
export interface DatabricksServer {
  readonly endpoint: string;
  readonly environment: DatabricksEnvironment;
  /** Everything that came, oldest first. */
  readonly requests: readonly DatabricksRequest[];
  readonly runs: () => number;
  readonly statements: () => number;
  stop(): Promise<void>;
}

/** How the workspace is. */
export interface DatabricksServerOptions extends Partial<RunTimes> {
  /** The personal access token that it takes. */
  readonly token?: string;
  /** Whether it takes any token. */
  readonly takesAnyToken?: boolean;
}

const issued = 'issued-by-oauth';

/** Starts a workspace on the loopback address. */
export async function startDatabricks(options: DatabricksServerOptions = {}): Promise<DatabricksServer> {
  const { token = 'dapi-made-up-for-tests', queuedMs = 500, pendingMs = 500, runningMs = 1000, takesAnyToken = false } = options;
  const requests: DatabricksRequest[] = [];
  const runs = new Runs({ queuedMs, pendingMs, runningMs }, () => 'https://acme.cloud.databricks.com');
  const statements = new Statements(runningMs);
  const server = createServer((incoming, response) => {
    void answer(incoming).then(({ status, body }) => response.writeHead(status, { 'content-type': 'application/json' }).end(body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A listening TCP server's address is never a path.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function answer(incoming: IncomingMessage): Promise<{ readonly status: number; readonly body: string }> {
    const { method = 'GET', url = '/', headers } = incoming;
    const { pathname: path, searchParams } = new URL(url, endpoint);
    const text = await textOf(incoming);
    try {
      if (path === '/oidc/v1/token') return { status: 200, body: write({ access_token: issued, expires_in: 3600, token_type: 'Bearer' }) };
      const authorization = headers.authorization ?? '';
      const body = text === '' ? {} : parse(text);
      requests.push({ method, path, authorization, body });
      const isKnown = takesAnyToken || [`Bearer ${token}`, `Bearer ${issued}`].includes(authorization);
      if (!isKnown) throw new Refusal(401, 'UNAUTHENTICATED', 'Credential was not sent or was of an unsupported type for this API.');
      return { status: 200, body: write(await route(`${method} ${path}`, body, searchParams)) };
    } catch (error) {
      if (!(error instanceof Refusal)) return { status: 500, body: write({ error_code: 'INTERNAL_ERROR', message: String(error) }) };
      return { status: error.status, body: write({ error_code: error.code, message: error.message }) };
    }
  }

  async function route(operation: string, body: Body, query: URLSearchParams): Promise<Body> {
    const [, id = '', cancel] = /\/sql\/statements\/([\w-]+)(\/cancel)?$/.exec(operation) ?? [];
    if (id !== '') return cancel === undefined ? statements.get(id) : statements.cancel(id);
    // Jobs 2.1 and 2.2 differ in nothing that is here.
    switch (operation.replace(/\/api\/2\.\d\//, '')) {
      case 'POST jobs/runs/submit':
        return runs.submit(body);
      case 'POST jobs/run-now':
        return runs.runJob(body);
      case 'POST jobs/runs/repair':
        return runs.repair(body);
      case 'POST jobs/runs/cancel':
        return runs.cancel(body['run_id']);
      case 'GET jobs/runs/get':
        return runs.get(query.get('run_id'));
      case 'GET jobs/runs/get-output':
        return runs.output(query.get('run_id'));
      case 'GET jobs/runs/list':
        return runs.list(query.get('active_only') === 'true', query.get('job_id'));
      case 'GET jobs/list':
        return { jobs: query.get('name') === 'nightly' ? [{ job_id: 9_007_199_254_740_999n }] : [] };
      case 'POST sql/statements':
        return statements.execute(body);
      case 'GET sql/history/queries':
        return statements.history();
      default:
        throw new Refusal(404, 'ENDPOINT_NOT_FOUND', `No API found for '${operation}'`);
    }
  }

  return {
    endpoint,
    environment: {
      FLYTE_DATABRICKS_ENDPOINT: endpoint,
      FLYTE_DATABRICKS_INSTANCE: 'acme.cloud.databricks.com',
      FLYTE_DATABRICKS_ACCESS_TOKEN: token,
    },
    requests,
    runs: () => runs.count,
    statements: () => statements.count,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}

async function textOf(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
