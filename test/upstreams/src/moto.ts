import { join } from 'node:path';
import { credentials, type AwsEnvironment } from './aws-environment.ts';
import { startServer } from './process.ts';
import { pythonTool } from './tools.ts';

/** A moto server: many AWS services, in memory. */
export interface Moto {
  /** Base URL, of every service. */
  readonly endpoint: string;
  readonly environment: Required<AwsEnvironment>;
  /** Forgets everything that was created. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts moto on the loopback address; needs python3, and installs moto the first time.
 *
 * @param environment added to this process's own: where Docker is, for services that run containers
 */
export async function startMoto(environment: Readonly<Record<string, string>> = {}): Promise<Moto> {
  const python = await pythonTool('moto', join(import.meta.dirname, '../python/moto.txt'));
  const server = await startServer({
    name: 'moto',
    command: python,
    arguments: (port) => ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)],
    environment,
    ready: async (port) => (await fetch(`http://127.0.0.1:${port}/moto-api/`)).ok,
  });
  const endpoint = `http://127.0.0.1:${server.port}`;
  return {
    endpoint,
    environment: { ...credentials, AWS_ENDPOINT_URL: endpoint, AWS_ENDPOINT_URL_S3: endpoint },
    reset: async () => {
      const response = await fetch(`${endpoint}/moto-api/reset`, { method: 'POST' });
      if (!response.ok) throw new Error(`moto was not reset: HTTP ${response.status}\n${server.output()}`);
    },
    stop: server.stop,
  };
}
