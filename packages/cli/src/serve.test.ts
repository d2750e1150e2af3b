import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@flyte-agents/proto/client';
import { AgentMetadataService } from '@flyte-agents/proto/flyte1';
import { credentials, status } from '@grpc/grpc-js';
import { generate } from 'selfsigned';
import { afterEach, describe, expect, test } from 'vitest';
import { allAgents, startCli, type Cli } from './__fixtures__/cli.ts';
import { createProgram } from './program.ts';

const anywhere = ['--host', '127.0.0.1', '--port', '0', '--metrics-port', '0'];
const addresses = /gRPC +127\.0\.0\.1:(\d+)\nmetrics +(http:\S+)/;
let running: Cli | undefined;

afterEach(async () => {
  running?.kill('SIGKILL');
  await running?.ended;
});

function serve(words: readonly string[], environment?: Readonly<Record<string, string>>): Cli {
  running = startCli(['--root', allAgents, 'serve', ...words], environment);
  return running;
}

describe('serve', () => {
  test('is ready without any credential, prints what it has and where, logs JSON and ends with 0 on SIGTERM', async () => {
    const cli = serve(['s3-sensor', ...anywhere], { AWS_PROFILE: 'none-such', AWS_ACCESS_KEY_ID: '' });
    const [, port, metrics = ''] = await cli.wrote(addresses);
    expect(cli.stdout()).toMatch(/^AGENT +PACKAGE +KIND +TASK TYPES\n/);
    expect(cli.stdout()).toMatch(/^Sensor \(File, HTTP\) +@flyte-agents\/s3-sensor@\S+ +async +sensor, file_sensor$/m);
    const connection = connect(`127.0.0.1:${port}`);
    const { agents } = await connection.client(AgentMetadataService).listAgents({});
    connection.close();
    expect(agents.map(({ name }) => name)).toEqual(['Sensor']);
    expect((await fetch(metrics)).status).toBe(200);
    expect(JSON.parse(cli.stderr().split('\n')[0] ?? '')).toMatchObject({ level: 30, msg: 'serving' });
    cli.kill('SIGTERM');
    expect(await cli.ended).toBe(0);
  });

  test('serves only the packages and task types that are named', async () => {
    const cli = serve(['s3-sensor', ...anywhere, '--task-types', 'sensor']);
    await cli.wrote(addresses);
    expect(cli.stdout()).toMatch(/async +sensor$/m);
  });

  test('P9: shows a certificate, and asks clients for theirs, when it is told to', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flyte-agents-serve-'));
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], { keyType: 'ec', algorithm: 'sha256' });
    const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
    await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key)]);
    const cli = serve(['s3-sensor', ...anywhere, '--tls-cert', certFile, '--tls-key', keyFile, '--tls-client-ca', certFile]);
    const [, port] = await cli.wrote(addresses);
    const ca = Buffer.from(cert);
    const known = connect(`localhost:${port}`, credentials.createSsl(ca, Buffer.from(key), ca));
    const unknown = connect(`localhost:${port}`, credentials.createSsl(ca));
    expect((await known.client(AgentMetadataService).listAgents({})).agents).toHaveLength(1);
    await expect(unknown.client(AgentMetadataService).listAgents({}, { timeoutMs: 5000 })).rejects.toMatchObject({
      code: status.UNAVAILABLE,
    });
    known.close();
    unknown.close();
    await rm(folder, { recursive: true });
  });

  test.each(['agent', 'connector'])('OP1: takes the flags of the Python server: serve %s', async (word) => {
    const flags = [
      '--port',
      '0',
      '--prometheus_port',
      '0',
      '--connect_port',
      '8090',
      '--worker',
      '10',
      '--timeout',
      '0',
      '--modules',
      'a.b',
      'c',
    ];
    const cli = serve([word, ...flags]);
    expect(await cli.ended).toBe(0);
    expect(cli.stdout()).toMatch(/^gRPC +0\.0\.0\.0:\d+$/m);
    expect(cli.stderr()).toContain('"msg":"--worker has no effect: one event loop serves all calls"');
    expect(cli.stderr()).toContain('"msg":"--connect_port has no effect: all calls come through gRPC"');
    expect(cli.stderr()).toContain('"modules":["a.b","c"],"msg":"--modules has no effect: Python modules are never loaded"');
  });
});

describe('serve refuses', () => {
  test.each([
    { words: ['nosuch'], exitCode: 2, message: /@flyte-agents\/nosuch is not installed in .*all: npm install @flyte-agents\/nosuch/ },
    { words: ['--port', 'x'], exitCode: 2, message: /^--port: expected a port: 0 to 65535, got "x"$/ },
    { words: ['--prometheus_port', 'x'], exitCode: 2, message: /^--metrics-port: expected a port/ },
    { words: ['--port', '9000', '--metrics-port', '9000'], exitCode: 2, message: /^--port and --metrics-port are both 9000/ },
    { words: [...anywhere, '--allow-hosts', 'http://x'], exitCode: 2, message: /^allowHosts: "http:\/\/x": expected a host \(/ },
    { words: ['--tls-cert', '/x.crt'], exitCode: 2, message: /^TLS needs both --tls-cert and --tls-key$/ },
    { words: ['--tls-client-ca', '/x.crt'], exitCode: 2, message: /^TLS needs both --tls-cert and --tls-key$/ },
    {
      words: [...anywhere, '--tls-cert', '/no/such.crt', '--tls-key', '/no/such.key'],
      exitCode: 1,
      message: /^\/no\/such\.(crt|key) cannot be read: ENOENT/,
    },
    { words: ['--timeout', 'soon'], exitCode: 2, message: /^--timeout: expected a number of seconds/ },
    { words: [...anywhere, '--task-types', 'unheard_of'], exitCode: 2, message: /^no installed agent serves task type unheard_of/ },
    { words: [...anywhere, '--host', '192.0.2.1'], exitCode: 1, message: /^192\.0\.2\.1 is no address of this machine: correct --host/ },
  ])('$words', async ({ words, exitCode, message }) => {
    const started = createProgram().parseAsync(['--root', allAgents, 'serve', ...words, '--log-level', 'silent'], { from: 'user' });
    await expect(started).rejects.toThrow(expect.objectContaining({ exitCode, message: expect.stringMatching(message) }));
  });

  test('a flag that it does not know, without a stack', async () => {
    const cli = serve(['--nosuch']);
    expect(await cli.ended).toBe(2);
    expect(cli.stderr()).toMatch(/^error: unknown option '--nosuch'\n/);
    expect(cli.stderr()).not.toContain('    at ');
  });

  test.each([
    { flag: '--port', other: '--metrics-port' },
    { flag: '--metrics-port', other: '--port' },
  ])('a taken port, and names it and $flag', async ({ flag, other }) => {
    const taken = createServer();
    const port = await new Promise<string>((resolve) => {
      taken.listen(0, '127.0.0.1', () => resolve(JSON.stringify(taken.address()).replace(/^.*"port":(\d+).*$/, '$1')));
    });
    const cli = serve(['--host', '127.0.0.1', flag, port, other, '0']);
    expect(await cli.ended).toBe(1);
    expect(cli.stderr()).toBe(`error: port ${port} is in use: choose another with ${flag}; 0 takes any free one\n`);
    taken.close();
  });
});
