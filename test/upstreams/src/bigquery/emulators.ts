import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { startServer, type RunningServer } from '../process.ts';
import { goTool, pythonTool } from '../tools.ts';

/** Somebody else's stand-in for BigQuery, for project `p`. */
export interface BigQueryEmulator {
  /** Base URL, without the API's path. */
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Starts bqemulator, which runs SQL on DuckDB; needs python3, and installs it the first time. */
export async function startBqEmulator(): Promise<BigQueryEmulator> {
  const scripts = join(import.meta.dirname, '../../python');
  const python = await pythonTool('bqemulator', join(scripts, 'bqemulator.txt'));
  // Its DuckDB keeps extensions there.
  const home = join(dirname(dirname(python)), 'home');
  mkdirSync(home, { recursive: true });
  return toEmulator(
    await startServer({
      name: 'bqemulator',
      command: python,
      arguments: (port) => [join(scripts, 'bqemulator_start.py'), String(port)],
      environment: { HOME: home },
      ready: isReady,
    }),
  );
}

/** Starts the emulator in Go, which runs SQL with Google's own analyser; needs go, and builds it for many minutes the first time. */
export async function startGoEmulator(): Promise<BigQueryEmulator> {
  const binary = await goTool('bigquery-emulator', join(import.meta.dirname, '../../go/bigquery-emulator'));
  return toEmulator(
    await startServer({ name: 'bigquery-emulator', command: binary, arguments: (port) => ['-port', String(port)], ready: isReady }),
  );
}

async function isReady(port: number): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${port}/bigquery/v2/projects/p/jobs`)).ok;
}

function toEmulator({ port, stop }: RunningServer): BigQueryEmulator {
  return { endpoint: `http://127.0.0.1:${port}`, stop };
}
