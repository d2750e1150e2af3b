import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { startChild, type Child, type ChildOptions } from './child.ts';

/** How to start a server and to know that it is there. */
export interface ServerOptions extends ChildOptions {
  /** What errors call it. */
  readonly name: string;
  readonly command: string;
  /** The command's arguments; the server must listen on this port of 127.0.0.1. */
  readonly arguments: (port: number) => readonly string[];
  /** Whether the server answers; asked again and again, a rejection means not yet. */
  readonly ready: (port: number, output: string) => Promise<boolean>;
  /** How long the server may take until it is ready, in milliseconds; default 30 000. */
  readonly timeoutMs?: number;
}

/** A server in a process of its own. */
export interface RunningServer {
  readonly port: number;
  readonly pid: number;
  /** The end of what it wrote to stdout and stderr. */
  readonly output: () => string;
  /** Ends it: SIGTERM, and SIGKILL after a grace of 5 seconds. */
  readonly stop: () => Promise<void>;
}

/** Starts a server on a free port of the loopback address, and waits until it is ready. It never outlives this process. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const port = await freePort();
  const child = startChild(options.command, options.arguments(port), options);
  const failure = await whenReady(child, port, options);
  if (failure === undefined && child.pid !== undefined) return { port, pid: child.pid, output: child.output, stop: child.stop };
  await child.stop();
  // Between our look and its start somebody else may have taken the port.
  if (/EADDRINUSE|address already in use/i.test(child.output())) return startServer(options);
  throw new Error(`${options.name} did not start: ${failure}\n${child.output()}`);
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const server = createServer();
  server.once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    server.close(() => {
      if (address !== null && typeof address === 'object') resolve(address.port);
      else reject(new Error('no free port: the socket has no address'));
    });
  });
  return promise;
}

/** Waits until the server is ready; what went wrong, if anything. */
async function whenReady(child: Child, port: number, options: ServerOptions): Promise<string | undefined> {
  const timeoutMs = options.timeoutMs ?? 30_000;
  const late = sleep(timeoutMs, `not ready after ${timeoutMs} ms`, { ref: false });
  const failed = Promise.race([child.ended, late]);
  for (;;) {
    const ready = options.ready(port, child.output()).catch(() => false);
    const answer = await Promise.race([failed, ready]);
    if (typeof answer === 'string') return answer;
    if (answer) return undefined;
    await sleep(50);
  }
}
