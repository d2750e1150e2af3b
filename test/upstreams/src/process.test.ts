import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startChild } from './child.ts';
import { freePort, startServer, type ServerOptions } from './process.ts';

const serverScript = `
  const server = require('node:http').createServer((request, response) => response.end('here'));
  console.log('starting');
  server.listen(Number(process.argv[1]), '127.0.0.1');`;

/** A server of this script, which gets its port as its only argument. */
function node(script: string, ready: ServerOptions['ready'], timeoutMs?: number): ServerOptions {
  return {
    name: 'the server',
    command: process.execPath,
    arguments: (port) => ['--eval', script, String(port)],
    ready,
    ...(timeoutMs !== undefined && { timeoutMs }),
  };
}

async function answers(port: number): Promise<boolean> {
  return (await fetch(`http://127.0.0.1:${port}`)).ok;
}

test('a server is there when its start is over, and gone when its stop is', async () => {
  const server = await startServer(node(serverScript, answers));
  expect(await answers(server.port)).toBe(true);
  expect(server.output()).toBe('starting\n');
  await server.stop();
  await expect(answers(server.port)).rejects.toThrow('fetch failed');
  expect(isAlive(server.pid)).toBe(false);
});

test('a server that ends at its start is an error with its output', async () => {
  const started = startServer(node(`console.error('no such database'); process.exit(3)`, answers));
  await expect(started).rejects.toThrow(/the server did not start: exit code 3\nno such database/);
});

test('a server that is never ready is ended, and an error with its output', async () => {
  let pid = 0;
  const script = `console.log(process.pid); setInterval(() => {}, 1000)`;
  const ready: ServerOptions['ready'] = async (_port, output) => {
    pid = Number(output);
    return false;
  };
  await expect(startServer(node(script, ready, 500))).rejects.toThrow(/the server did not start: not ready after 500 ms\n\d+/);
  expect(isAlive(pid)).toBe(false);
});

test('a command that does not exist is an error that names it', async () => {
  const started = startServer({ ...node('', answers), command: 'no-such-command' });
  await expect(started).rejects.toThrow(/the server did not start: .*no-such-command/);
});

test('a server does not outlive the process that started it, however that one ends', async () => {
  const port = await freePort();
  const starter = `
    import { startChild } from ${JSON.stringify(join(import.meta.dirname, 'child.ts'))};
    startChild(process.execPath, ['--eval', ${JSON.stringify(serverScript)}, '${port}']);
    setInterval(() => {}, 1000);`;
  const parent = startChild(process.execPath, ['--input-type=module', '--eval', starter]);
  const served = () => answers(port).catch(() => false);
  await expect.poll(served, { timeout: 10_000 }).toBe(true);
  if (parent.pid !== undefined) process.kill(parent.pid, 'SIGKILL');
  await expect.poll(served, { timeout: 10_000 }).toBe(false);
}, 30_000);

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
