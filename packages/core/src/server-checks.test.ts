import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { authority, certificate, tlsFolder, type Pair } from './__fixtures__/certificates.ts';
import type { Check } from './check.ts';
import { Checkup, type Finding } from './checkup.ts';
import { storeCheck, tlsChecks } from './server-checks.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flyte-agents-checks-'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await chmod(folder, 0o700);
  await rm(folder, { recursive: true });
});

function found(check: Check): Promise<Finding> {
  return new Checkup({ project: '', domain: '', limitMs: 5000 }).run(check);
}

describe('OP10: a folder of the store', () => {
  test('is fine when it may be read and written, and nothing is written there', async () => {
    const { mtimeMs } = await stat(folder);
    expect(await found(storeCheck(folder))).toMatchObject({ outcome: 'ok', message: `${folder}: may be read and written` });
    expect((await stat(folder)).mtimeMs).toBe(mtimeMs);
  });

  test('is tried out when that is wanted, and left as it was', async () => {
    expect(await found(storeCheck(`file://${folder}/`, { write: true }))).toMatchObject({
      outcome: 'ok',
      message: `file://${folder}/: was written and read`,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('that is not there, or is a file, is a problem', async () => {
    await writeFile(join(folder, 'file'), '');
    for (const name of ['nowhere', 'file']) {
      expect(await found(storeCheck(join(folder, name), { write: true }))).toMatchObject({
        outcome: 'problem',
        message: expect.stringContaining(join(folder, name)),
        fix: 'create the folder, or correct the path',
      });
    }
    expect(await readdir(folder)).toEqual(['file']);
  });

  test('where there is no store for it is a problem of the setting', async () => {
    expect(await found(storeCheck('ftp://host/x'))).toMatchObject({
      outcome: 'problem',
      message: expect.stringMatching(/^storeRoots: "ftp:\/\/host\/x": /),
      fix: 'correct the setting',
    });
  });
});

describe('OP10: a bucket of the store', () => {
  let server: Server;
  let requests: string[];
  let answer: (request: IncomingMessage, response: ServerResponse, body: string) => void;

  beforeEach(async () => {
    requests = [];
    server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        requests.push(`${request.method} ${request.url?.replace(/flyte-agents-doctor-[\w-]+/, 'PROBE').split('?')[0]}`);
        answer(request, response, Buffer.concat(chunks).toString());
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    vi.stubEnv('STORAGE_EMULATOR_HOST', `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  /** A bucket that keeps one object; `refused` methods are forbidden. */
  function bucket(refused: readonly string[] = [], kept: (body: string) => string = (body) => body): void {
    let content = '';
    answer = ({ method = '', url = '' }, response, body) => {
      if (refused.includes(method))
        response.writeHead(403, { 'content-type': 'application/json' }).end('{"error":{"errors":[{"reason":"forbidden"}]}}');
      else if (method === 'GET' && url.includes('alt=media'))
        response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(content);
      else {
        if (method === 'POST') content = kept(body);
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
      }
    };
  }

  test('is listed, and not written', async () => {
    bucket();
    expect(await found(storeCheck('gs://bucket/in'))).toMatchObject({
      outcome: 'ok',
      message: 'gs://bucket/in: can be listed; writing was not tried',
    });
    expect(requests).toEqual(['GET /storage/v1/b/bucket/o']);
  });

  test('is written, read and cleaned up when that is wanted', async () => {
    bucket();
    expect(await found(storeCheck('gs://bucket', { write: true }))).toMatchObject({
      outcome: 'ok',
      message: 'gs://bucket: was written and read',
    });
    expect(requests).toEqual([
      'GET /storage/v1/b/bucket/o',
      'POST /upload/storage/v1/b/bucket/o',
      'GET /storage/v1/b/bucket/o/PROBE',
      'DELETE /storage/v1/b/bucket/o/PROBE',
    ]);
  });

  test('that may not be written is a problem that names the role', async () => {
    bucket(['POST']);
    expect(await found(storeCheck('gs://bucket/in', { write: true }))).toMatchObject({
      outcome: 'problem',
      fix: 'grant the role Storage Object User',
    });
  });

  test('whose objects may not be deleted is fine, and what stays is told', async () => {
    bucket(['DELETE']);
    expect(await found(storeCheck('gs://bucket/in', { write: true }))).toMatchObject({
      outcome: 'ok',
      message: expect.stringMatching(/was written and read; gs:\/\/bucket\/in\/flyte-agents-doctor-[\w-]+ could not be deleted and stays$/),
    });
  });

  test('that gives something else than it was given is a problem, and is cleaned up', async () => {
    bucket([], (body) => body.toUpperCase());
    expect(await found(storeCheck('gs://bucket/in', { write: true }))).toMatchObject({
      outcome: 'problem',
      message: expect.stringContaining('was read otherwise than it was written'),
    });
    expect(requests.at(-1)).toBe('DELETE /storage/v1/b/bucket/o/in%2FPROBE');
  });
});

async function examined(pair: Pair): Promise<readonly Finding[]> {
  const { folder: files, files: tls } = await tlsFolder(pair);
  try {
    return await Promise.all(tlsChecks({ cert: tls.cert, key: tls.key }).map(found));
  } finally {
    await rm(files, { recursive: true });
  }
}

describe('OP10, P9: the files of TLS', () => {
  test('are told with their names and their end', async () => {
    const root = await authority('Root');
    const server = await certificate('server', { issuer: root });
    expect(await examined({ cert: `${server.cert}\n${root.cert}`, key: server.key })).toMatchObject([
      {
        name: 'certificate',
        outcome: 'ok',
        message: expect.stringMatching(/tls\.crt: DNS:localhost, IP Address:127\.0\.0\.1, until .*GMT$/),
      },
      { name: 'certificate chain', outcome: 'ok', message: 'in order' },
    ]);
  });

  test('are a problem when the certificate is too old, and a warning when it is in disorder', async () => {
    const [root, other] = [await authority('Root'), await authority('Other')];
    const server = await certificate('server', { issuer: root, notBefore: new Date(0), notAfter: new Date(86_400_000) });
    expect(await examined({ cert: `${server.cert}\n${other.cert}`, key: server.key })).toMatchObject([
      { outcome: 'problem', message: expect.stringContaining('expired on'), fix: 'put a certificate there that is valid now' },
      { outcome: 'warning', message: expect.stringContaining('did not issue'), fix: 'put every certificate before the one that issued it' },
    ]);
  });

  test('are a problem when they cannot be read', async () => {
    const [finding] = await Promise.all(tlsChecks({ cert: join(folder, 'tls.crt'), key: join(folder, 'tls.key') }).map(found));
    expect(finding).toMatchObject({
      outcome: 'problem',
      message: expect.stringContaining('cannot be read: ENOENT'),
      fix: 'correct the file, or the setting that names it',
    });
  });
});
