import { join } from 'node:path';
import { startServer } from '../process.ts';
import { goTool } from '../tools.ts';

/** The test server of the Databricks CLI: each token has a workspace of its own. */
export interface DatabricksTestServer {
  readonly endpoint: string;
  /** The next requests of a token, such as `POST /api/2.2/jobs/runs/submit`, are answered with a status. */
  fault(token: string, pattern: string, status: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it on the loopback address; needs go, and builds it for minutes the first time. */
export async function startDatabricksTestServer(): Promise<DatabricksTestServer> {
  const binary = await goTool('databricks-testserver', join(import.meta.dirname, '../../go/databricks-testserver'));
  const server = await startServer({
    name: 'databricks-testserver',
    command: binary,
    arguments: (port) => ['-port', String(port)],
    ready: async (port) => (await fetch(`http://127.0.0.1:${port}/.well-known/databricks-config`)).ok,
  });
  const endpoint = `http://127.0.0.1:${server.port}`;
  return {
    endpoint,
    fault: async (token, pattern, status) => {
      const response = await fetch(`${endpoint}/__testserver/fault`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          pattern,
          status_code: status,
          body: '{"error_code":"REQUEST_LIMIT_EXCEEDED","message":"slow down"}',
          times: 1,
        }),
      });
      if (!response.ok) throw new Error(`databricks-testserver took no fault: ${response.status} ${await response.text()}`);
    },
    stop: server.stop,
  };
}
