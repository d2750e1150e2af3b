import { join } from 'node:path';
import { startServer } from './process.ts';
import { pythonTool } from './tools.ts';

/** An llmock server: a third party's stand-in for OpenAI and others. */
export interface Llmock {
  /** With `/v1`. */
  readonly baseUrl: string;
  stop(): Promise<void>;
}

/** Starts llmock on the loopback address; needs python3, and installs llmock the first time. */
export async function startLlmock(): Promise<Llmock> {
  const python = await pythonTool('llmock', join(import.meta.dirname, '../python/llmock.txt'));
  const server = await startServer({
    name: 'llmock',
    command: python,
    arguments: (port) => ['-m', 'llmock.cli', 'serve', '--host', '127.0.0.1', '--port', String(port), '--log-level', 'warning'],
    ready: async (port) => (await fetch(`http://127.0.0.1:${port}/v1/models`)).status < 500,
  });
  return { baseUrl: `http://127.0.0.1:${server.port}/v1`, stop: server.stop };
}
