import { rename, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { Client, credentials, Server, status, type ChannelCredentials, type sendUnaryData } from '@grpc/grpc-js';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { gate, recordingLogger } from './__fixtures__/agents.ts';
import { authority, certificate, tlsFolder, type Pair } from './__fixtures__/certificates.ts';
import type { TlsFiles } from './certificates.ts';
import { Metrics } from './metrics.ts';
import { FileCredentials } from './tls.ts';

const lookEveryMs = 10;
const path = '/test.Test/Say';
const same = (bytes: Buffer): Buffer => bytes;

let root: Pair;
let one: Pair;
let two: Pair;
beforeAll(async () => {
  root = await authority('Root');
  one = await certificate('one', { issuer: root });
  two = await certificate('two', { issuer: root });
});

const open: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of open.splice(0).toReversed()) await close();
});

/** A server with these files, that answers once `wait` lets it. */
async function serve(files: TlsFiles, wait: () => Promise<void> = async () => {}) {
  const logger = recordingLogger();
  const metrics = new Metrics();
  const tls = await FileCredentials.open(files, { logger, metrics, lookEveryMs });
  open.push(() => tls.close());
  const server = new Server();
  const definition = {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  } as const;
  server.addService(
    { say: definition },
    {
      say: (_call: unknown, callback: sendUnaryData<Buffer>) => {
        const answer = async (): Promise<void> => {
          await wait();
          callback(null, Buffer.from('said'));
        };
        void answer();
      },
    },
  );
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', tls, (error, bound) => (error === null ? resolve(bound) : reject(error)));
  });
  open.push(() => server.forceShutdown());
  return { port, logger, metrics, tls };
}

async function served(pair: Pair, clientCa?: string) {
  const { folder, files } = await tlsFolder(pair, clientCa);
  open.push(() => rm(folder, { recursive: true }));
  return { folder, files, ...(await serve(files)) };
}

function clientOf(port: number, channel: ChannelCredentials): Client {
  const client = new Client(`localhost:${port}`, channel, { 'grpc.use_local_subchannel_pool': 1 });
  open.push(() => client.close());
  return client;
}

/** What a client trusts, and what it shows. */
function trusting({ cert }: Pair, own?: Pair): ChannelCredentials {
  const ca = Buffer.from(cert);
  return own === undefined ? credentials.createSsl(ca) : credentials.createSsl(ca, Buffer.from(own.key), Buffer.from(own.cert));
}

function say(client: Client): Promise<string> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, same, same, Buffer.alloc(0), { deadline: Date.now() + 5000 }, (error, response) => {
      if (error === null) resolve(String(response));
      else reject(error);
    });
  });
}

/** Whom a new connection meets. */
async function shown(port: number): Promise<string | undefined> {
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: root.cert, ALPNProtocols: ['h2'] });
  const subject = await new Promise<string | undefined>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('secureConnect', () => resolve(socket.getPeerX509Certificate()?.subject));
  });
  socket.destroy();
  return subject;
}

/** Puts a file in the place of another, at once. */
async function put(file: string, content: string): Promise<void> {
  await writeFile(`${file}.new`, content);
  await rename(`${file}.new`, file);
}

/** The files were looked at by now. */
const looked = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 20 * lookEveryMs);
  });

describe('P9: TLS', () => {
  test('serves clients that trust the certificate’s authority, and those only', async () => {
    const { port } = await served(one);
    expect(await say(clientOf(port, trusting(root)))).toBe('said');
    const stranger = clientOf(port, trusting(await authority('Other')));
    await expect(say(stranger)).rejects.toMatchObject({ code: status.UNAVAILABLE });
    await expect(say(clientOf(port, credentials.createInsecure()))).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  test('says in the log and in a metric what it shows and until when', async () => {
    const { logger, metrics } = await served(one);
    const [line] = logger.lines;
    expect(line).toMatchObject({
      level: 'info',
      fields: { subject: 'CN=one', names: 'DNS:localhost, IP Address:127.0.0.1', expires: expect.any(Date) },
      message: 'TLS certificate loaded',
    });
    const [, seconds] = /^flyte_agents_tls_certificate_expiry_timestamp_seconds (\d+)$/m.exec(await metrics.text()) ?? [];
    expect(Number(seconds) - Date.now() / 1000).toBeGreaterThan(86_000);
    expect(Number(seconds) - Date.now() / 1000).toBeLessThan(86_401);
  });

  test('with authorities of clients serves those that show their certificates, and nobody else', async () => {
    const clients = await authority('Clients');
    const mine = await certificate('mine', { issuer: clients });
    const { port } = await served(one, clients.cert);
    expect(await say(clientOf(port, trusting(root, mine)))).toBe('said');
    await expect(say(clientOf(port, trusting(root)))).rejects.toMatchObject({ code: status.UNAVAILABLE });
    const ofOthers = await certificate('mine', { issuer: await authority('Clients') });
    await expect(say(clientOf(port, trusting(root, ofOthers)))).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });

  test('does not start with files that do not belong together', async () => {
    const { folder, files } = await tlsFolder({ cert: one.cert, key: two.key });
    open.push(() => rm(folder, { recursive: true }));
    await expect(serve(files)).rejects.toThrow(`${files.key} is not the key of the first certificate in ${files.cert}`);
  });

  test('starts with a certificate that expired, and with certificates in disorder, and warns of both', async () => {
    const past = await certificate('past', { issuer: root, notBefore: new Date(0), notAfter: new Date(86_400_000) });
    const { logger, files } = await served({ cert: `${past.cert}\n${two.cert}`, key: past.key });
    await looked();
    expect(logger.lines.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
      `certificate 2 in ${files.cert} did not issue certificate 1, some clients will not accept it`,
      `the certificate in ${files.cert} expired on Jan  2 00:00:00 1970 GMT`,
    ]);
  });

  test('warns once of a certificate that expires while it is shown', async () => {
    const { logger } = await served(one);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 2 * 86_400_000 });
    await looked();
    expect(logger.lines.slice(1)).toEqual([{ level: 'warn', fields: {}, message: expect.stringMatching(/tls\.crt expired on /) }]);
  });
});

describe('P9: a certificate that is replaced', () => {
  test('counts for new connections, and a call under way ends on its own', async () => {
    const { wait, open: letGo } = gate();
    const { folder, files } = await tlsFolder(one);
    open.push(() => rm(folder, { recursive: true }));
    const { port, logger, metrics } = await serve(files, wait);
    const before = await metrics.text();
    const client = clientOf(port, trusting(root));
    const underWay = say(client);
    expect(await shown(port)).toBe('CN=one');

    const later = await certificate('later', { issuer: root, notAfter: new Date(Date.now() + 2 * 86_400_000) });
    await put(files.cert, later.cert);
    await put(files.key, later.key);
    await vi.waitFor(async () => expect(await shown(port)).toBe('CN=later'), 20_000);
    expect(logger.lines.filter(({ message }) => message === 'TLS certificate replaced')).toMatchObject([
      { fields: { subject: 'CN=later' } },
    ]);
    expect(await metrics.text()).not.toBe(before);
    letGo();
    expect(await underWay).toBe('said');
    const channel = client.getChannel().getConnectivityState(false);
    expect([await say(client), channel]).toEqual(['said', 2]);
    expect(await say(clientOf(port, trusting(root)))).toBe('said');
  });

  test.each(['cert', 'key'] as const)('by halves, its %s first, counts when both halves are there', async (first) => {
    const { port, files, logger } = await served(one);
    const second = first === 'cert' ? 'key' : 'cert';
    await put(files[first], two[first]);
    await vi.waitFor(() => expect(logger.lines).toHaveLength(2), 20_000);
    await looked();
    expect(await shown(port)).toBe('CN=one');
    expect(await say(clientOf(port, trusting(root)))).toBe('said');
    expect(logger.lines.slice(1)).toEqual([
      {
        level: 'warn',
        fields: {},
        message: `TLS certificate not replaced, the one before stays: ${files.key} is not the key of the first certificate in ${files.cert}`,
      },
    ]);
    await put(files[second], two[second]);
    await vi.waitFor(async () => expect(await shown(port)).toBe('CN=two'), 20_000);
  });

  test('by Kubernetes, which turns a symbolic link from one folder to the next, counts', async () => {
    const [{ folder: mount }, { folder: old }, { folder: next }] = await Promise.all([tlsFolder(one), tlsFolder(one), tlsFolder(two)]);
    open.push(async () => void (await Promise.all([mount, old, next].map((folder) => rm(folder, { recursive: true })))));
    await symlink(old, join(mount, '..data'));
    const files = { cert: join(mount, 'tls.crt'), key: join(mount, 'tls.key') };
    for (const file of [files.cert, files.key]) {
      await rm(file);
      await symlink(join('..data', basename(file)), file);
    }
    const { port, logger } = await serve(files);
    expect(await shown(port)).toBe('CN=one');
    await symlink(next, join(mount, '..data_tmp'));
    await rename(join(mount, '..data_tmp'), join(mount, '..data'));
    await vi.waitFor(async () => expect(await shown(port)).toBe('CN=two'), 20_000);
    expect(logger.lines.map(({ message }) => message)).toEqual(['TLS certificate loaded', 'TLS certificate replaced']);
  });

  test.each([
    { problem: 'is gone', change: (file: string) => rm(file) },
    { problem: 'is empty', change: (file: string) => put(file, '') },
    { problem: 'is garbage', change: (file: string) => put(file, '\u0000garbage') },
    { problem: 'is half written', change: (file: string) => put(file, two.cert.slice(0, 100)) },
    { problem: 'has no key', change: (file: string) => put(file, two.cert) },
    {
      problem: 'became a folder',
      change: async (file: string) => {
        await symlink('/', `${file}.new`);
        await rename(`${file}.new`, file);
      },
    },
  ])('by a file that $problem changes nothing until the files are good again', async ({ change }) => {
    const { port, files, logger } = await served(one);
    const client = clientOf(port, trusting(root));
    await change(files.cert);
    await vi.waitFor(() => expect(logger.lines).toHaveLength(2), 20_000);
    await looked();
    expect(logger.lines.slice(1)).toEqual([{ level: 'warn', fields: {}, message: expect.stringContaining(files.cert) }]);
    expect([await say(client), await shown(port)]).toEqual(['said', 'CN=one']);
    await rm(files.cert, { force: true });
    await put(files.key, two.key);
    await put(files.cert, two.cert);
    await vi.waitFor(async () => expect(await shown(port)).toBe('CN=two'), 20_000);
    expect(await say(client)).toBe('said');
  });

  test('with the authority of clients shuts out those of the authority before, also where they resume a session', async () => {
    const [before, after] = await Promise.all([authority('Before'), authority('After')]);
    const [old, fresh] = await Promise.all([certificate('client', { issuer: before }), certificate('client', { issuer: after })]);
    const { port, files, logger } = await served(one, before.cert);
    expect(await say(clientOf(port, trusting(root, old)))).toBe('said');
    const session = await sessionOf(port, old);
    expect(await resumed(port, old, session)).toBe('resumed');

    await put(`${files.clientCa}`, after.cert);
    await vi.waitFor(() => expect(logger.lines.at(-1)?.message).toBe('TLS certificate replaced'), 20_000);
    expect(await resumed(port, old, session)).not.toBe('resumed');
    await expect(say(clientOf(port, trusting(root, old)))).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(await say(clientOf(port, trusting(root, fresh)))).toBe('said');
  });

  test('after the end is not looked at', async () => {
    const { files, logger, tls } = await served(one);
    tls.close();
    await put(files.cert, 'garbage');
    await looked();
    expect(logger.lines).toHaveLength(1);
  });
});

function clientSocket(port: number, { cert, key }: Pair, session?: Buffer): TLSSocket {
  const options = { port, host: '127.0.0.1', servername: 'localhost', ca: root.cert, cert, key, ALPNProtocols: ['h2'] };
  return connect(session === undefined ? options : { ...options, session });
}

async function sessionOf(port: number, client: Pair): Promise<Buffer> {
  const socket = clientSocket(port, client);
  const session = await new Promise<Buffer>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('session', resolve);
  });
  socket.destroy();
  return session;
}

/** Whether the server takes up a session: it would not ask for the certificate again. */
async function resumed(port: number, client: Pair, session: Buffer): Promise<'resumed' | 'new' | 'refused'> {
  const socket = clientSocket(port, client, session);
  const outcome = await new Promise<'resumed' | 'new' | 'refused'>((resolve) => {
    socket.on('error', () => resolve('refused'));
    socket.on('close', () => resolve('refused'));
    // A server that takes the client speaks first in HTTP/2.
    socket.on('data', () => resolve(socket.isSessionReused() ? 'resumed' : 'new'));
  });
  socket.destroy();
  return outcome;
}
