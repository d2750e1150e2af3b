import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createConnection, createServer } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

/** The workspace's root, where servers are started. */
export const root: string = join(import.meta.dirname, '../../..');

/** The command line's server with every agent, as it was built, on any free ports. */
export const everyAgent: readonly string[] = [
  'packages/cli/dist/main.js',
  '--root',
  'packages/all',
  'serve',
  '--port',
  '0',
  '--metrics-port',
  '0',
];

/** How often a port is tried, in milliseconds. */
const tryAgainMs = 5;

/** A server in a process of its own that says its port in a log line. */
export interface Served {
  readonly process: ChildProcess;
  readonly address: string;
  stop(): Promise<void>;
}

/** How to start a server. */
export interface ServedOptions {
  readonly program?: string;
  /** Variables added to this process's own environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** The port that it was told to take. Default: the one that it names in a line of its log. */
  readonly port?: number;
}

/** Starts a server; gives it when it listens. @throws Error when it ends instead */
export async function startServed(words: readonly string[], options: ServedOptions = {}): Promise<Served> {
  const { program = process.execPath, environment, port: given } = options;
  const child = spawn(program, words, {
    cwd: root,
    // Both as in the images.
    env: { ...process.env, NODE_ENV: 'production', MALLOC_ARENA_MAX: '2', ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${program} ${words.join(' ')} ended with exit code ${code} instead of serving`)));
  });
  ended.catch(() => {});
  const port = await Promise.race([given === undefined ? loggedPort(child.stderr) : openPort(child.stderr, given), ended]);
  return {
    process: child,
    address: `127.0.0.1:${port}`,
    stop: async () => {
      child.kill();
      await ended.catch(() => {});
    },
  };
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}

/** The port when it takes connections. */
async function openPort(log: Readable, port: number): Promise<number> {
  log.resume();
  for (;;) {
    const socket = createConnection(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return port;
    await sleep(tryAgainMs);
  }
}

/** The port, out of the first line that says so; what else it writes is read and dropped. */
async function loggedPort(log: Readable): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  let text: string | undefined = '';
  log.setEncoding('utf8').on('data', (chunk: string) => {
    if (text === undefined) return;
    text += chunk;
    const port = /"port":(\d+)/.exec(text)?.[1];
    if (port === undefined) return;
    text = undefined;
    resolve(Number(port));
  });
  return promise;
}
