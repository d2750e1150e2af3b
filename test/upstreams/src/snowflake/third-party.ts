import { join } from 'node:path';
import { startServer } from '../process.ts';
import { pythonTool } from '../tools.ts';

/** A third-party stand-in for Snowflake. */
export interface SnowflakeStandIn {
  /** Base URL. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Starts snowduck, which speaks the SQL API, on the loopback address; needs python3, and installs it the first time. */
export async function startSnowduck(): Promise<SnowflakeStandIn> {
  return start('snowduck', (port) => ['-m', 'uvicorn', 'snowduck.server.server:app', '--host', '127.0.0.1', '--port', String(port)]);
}

/** Starts fakesnow, which speaks what Snowflake's drivers speak. */
export async function startFakesnow(): Promise<SnowflakeStandIn> {
  return start('fakesnow', (port) => ['-m', 'uvicorn', 'fakesnow.server:app', '--host', '127.0.0.1', '--port', String(port)]);
}

async function start(name: string, arguments_: (port: number) => readonly string[]): Promise<SnowflakeStandIn> {
  const python = await pythonTool(name, join(import.meta.dirname, `../../python/${name}.txt`));
  const server = await startServer({
    name,
    command: python,
    arguments: arguments_,
    ready: async (port) => (await fetch(`http://127.0.0.1:${port}/`)).status > 0,
    timeoutMs: 60_000,
  });
  return { endpoint: `http://127.0.0.1:${server.port}`, stop: server.stop };
}
