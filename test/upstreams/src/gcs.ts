import { join } from 'node:path';
import { startServer } from './process.ts';
import { goTool } from './tools.ts';

/** Environment variables that lead a client of Google Cloud Storage to a server of ours. */
export type GcsEnvironment = {
  readonly STORAGE_EMULATOR_HOST: string;
};

/** A fake-gcs-server: Google Cloud Storage in memory. */
export interface Gcs {
  readonly environment: GcsEnvironment;
  createBucket(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts fake-gcs-server on the loopback address; needs go, and builds it for minutes the first time. */
export async function startGcs(): Promise<Gcs> {
  const binary = await goTool('fake-gcs-server', join(import.meta.dirname, '../go/fake-gcs-server'));
  const server = await startServer({
    name: 'fake-gcs-server',
    command: binary,
    arguments: (port) => ['-port', String(port)],
    ready: async (port) => (await fetch(`http://127.0.0.1:${port}/storage/v1/b?project=any`)).ok,
  });
  const endpoint = `http://127.0.0.1:${server.port}`;
  return {
    environment: { STORAGE_EMULATOR_HOST: endpoint },
    createBucket: async (name) => {
      const response = await fetch(`${endpoint}/storage/v1/b?project=any`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name }),
      });
      if (!response.ok) throw new Error(`fake-gcs-server made no bucket ${name}: ${response.status} ${await response.text()}`);
    },
    stop: server.stop,
  };
}
