import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@flyte-agents/proto/client';
import { AgentMetadataService } from '@flyte-agents/proto/flyte1';
import { built } from './child.ts';
import { median, megabytes, type StartFigures } from './figures.ts';

/** A server to start, and the file that must have been built. */
interface Startable {
  readonly name: string;
  readonly needs: string;
  readonly arguments: readonly string[];
}

interface Start {
  readonly wallMs: number;
  readonly cpuMs: number | undefined;
  readonly rssMb: number | undefined;
}

const root = join(import.meta.dirname, '../../..');
const ports = ['--port', '0', '--metrics-port', '0'];
const servers: readonly Startable[] = [
  { name: 'dummy agents', needs: 'test/bench/dist/serve.js', arguments: [join(built, 'serve.js'), ...ports] },
  {
    name: 'every agent',
    needs: 'packages/cli/dist/main.js',
    arguments: ['packages/cli/dist/main.js', '--root', 'packages/all', 'serve', ...ports],
  },
];

/** How long a server rests before its memory is looked at, in milliseconds. */
const restMs = 1000;
/** /proc counts CPU time in hundredths of a second. */
const tickMs = 10;

/** Starts every server a number of times. */
export async function measureStarts(times: number, nodeFlags: readonly string[]): Promise<readonly StartFigures[]> {
  const figures: StartFigures[] = [];
  for (const server of servers) {
    const skipped = existsSync(join(root, server.needs)) ? undefined : `${server.needs} is not built`;
    const starts: Start[] = [];
    for (let left = skipped === undefined ? times : 0; left > 0; left--) starts.push(await startOnce(server, nodeFlags));
    figures.push({
      name: server.name,
      skipped,
      wallMs: median(starts.map(({ wallMs }) => wallMs)),
      bestWallMs: Math.min(...starts.map(({ wallMs }) => wallMs)),
      cpuMs: medianOf(starts.map(({ cpuMs }) => cpuMs)),
      rssMb: medianOf(starts.map(({ rssMb }) => rssMb)),
    });
  }
  return figures;
}

async function startOnce(server: Startable, nodeFlags: readonly string[]): Promise<Start> {
  const started = performance.now();
  const child = spawn(process.execPath, [...nodeFlags, ...server.arguments], {
    cwd: root,
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${server.name}: ended with exit code ${code} instead of serving`)));
  });
  try {
    const port = await Promise.race([loggedPort(child.stderr), ended]);
    const connection = connect(`127.0.0.1:${port}`);
    await connection.client(AgentMetadataService).listAgents({}, { timeoutMs: 10_000 });
    const wallMs = performance.now() - started;
    const cpuMs = cpuMsOf(child.pid);
    connection.close();
    await sleep(restMs);
    return { wallMs, cpuMs, rssMb: rssMbOf(child.pid) };
  } finally {
    child.kill();
    await ended.catch(() => {});
  }
}

/** The port, out of the log line that says so. */
async function loggedPort(log: Readable): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  let text = '';
  log.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    const port = /"port":(\d+)/.exec(text)?.[1];
    if (port !== undefined) resolve(Number(port));
  });
  return promise;
}

function cpuMsOf(pid: number | undefined): number | undefined {
  // The name, in parentheses, may hold spaces; the 12th and 13th fields after it are user and system time.
  const fields = readProc(pid, 'stat')
    ?.replace(/^.*\) /s, '')
    .split(' ');
  return fields && (Number(fields[11]) + Number(fields[12])) * tickMs;
}

function rssMbOf(pid: number | undefined): number | undefined {
  const kilobytes = /VmRSS:\s+(\d+) kB/.exec(readProc(pid, 'status') ?? '')?.[1];
  return kilobytes === undefined ? undefined : megabytes(Number(kilobytes) * 1024);
}

function readProc(pid: number | undefined, file: string): string | undefined {
  const path = `/proc/${pid}/${file}`;
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}

function medianOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : median(known);
}
