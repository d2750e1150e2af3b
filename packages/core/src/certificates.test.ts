import { generateKeyPairSync } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { rejection } from './__fixtures__/agents.ts';
import { authority, certificate, tlsFolder, type Pair } from './__fixtures__/certificates.ts';
import { readIdentity, validity, type TlsFiles } from './certificates.ts';

let root: Pair;
let intermediate: Pair;
let server: Pair;
/** OpenSSL itself accepts it with a certificate of an elliptic curve. */
const { privateKey: rsaKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const folders: string[] = [];

beforeAll(async () => {
  root = await authority('Root');
  intermediate = await certificate('Intermediate', { issuer: root, isAuthority: true });
  server = await certificate('server', { issuer: intermediate });
});
afterEach(async () => {
  await Promise.all(folders.splice(0).map((folder) => rm(folder, { recursive: true })));
});

async function written(pair: Pair, clientCa?: string): Promise<TlsFiles> {
  const { folder, files } = await tlsFolder(pair, clientCa);
  folders.push(folder);
  return files;
}

describe('P9: a certificate and its key', () => {
  test('are taken with the certificates that issued it, in order', async () => {
    const files = await written({ cert: `${server.cert}\n${intermediate.cert}\n${root.cert}`, key: server.key });
    const { certificate: first, disorder, ca } = await readIdentity(files);
    expect([first.subject, disorder, ca]).toEqual(['CN=server', undefined, undefined]);
  });

  test('are given back as they were while the files are the same', async () => {
    const files = await written(server, root.cert);
    const known = await readIdentity(files);
    expect(await readIdentity(files, known)).toBe(known);
    await writeFile(`${files.clientCa}`, intermediate.cert);
    expect(await readIdentity(files, known)).not.toBe(known);
  });

  test('are taken with certificates in disorder, and it is said which one is wrong', async () => {
    const files = await written({ cert: `${server.cert}\n${root.cert}\n${intermediate.cert}`, key: server.key });
    expect((await readIdentity(files)).disorder).toBe(
      `certificate 2 in ${files.cert} did not issue certificate 1, some clients will not accept it`,
    );
  });

  test.each([
    { problem: 'an empty certificate', cert: () => '', reason: 'tls.crt has no certificate in PEM' },
    { problem: 'no certificate', cert: () => 'garbage', reason: 'tls.crt has no certificate in PEM' },
    {
      problem: 'a certificate of garbage',
      cert: () => '-----BEGIN CERTIFICATE-----\ngarbage\n-----END CERTIFICATE-----',
      reason: /certificate 1 in .*tls\.crt cannot be read: ./,
    },
    {
      problem: 'a certificate that is half written',
      cert: () => `${server.cert}\n${intermediate.cert.slice(0, 200)}`,
      reason: 'tls.crt ends within a certificate',
    },
    {
      problem: 'an issuer of garbage',
      cert: () => `${server.cert}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----`,
      reason: /certificate 2 in .*tls\.crt cannot be read: ./,
    },
    {
      problem: 'the issuer first',
      cert: () => `${intermediate.cert}\n${server.cert}`,
      reason: 'tls.key is not the key of the first certificate',
    },
    { problem: 'an empty key', key: () => '', reason: /tls\.key has no private key in PEM that can be read: ./ },
    { problem: 'a key that is a certificate', key: () => server.cert, reason: 'tls.key has no private key in PEM' },
    {
      problem: 'a key that is half written',
      key: () => server.key.slice(0, 90),
      reason: 'tls.key has no private key in PEM',
    },
    {
      problem: 'a key of another certificate',
      key: () => root.key,
      reason: 'tls.key is not the key of the first certificate',
    },
    { problem: 'a key of another kind', key: () => rsaKey, reason: 'tls.key is not the key of the first certificate' },
  ])('are refused with $problem, and the file is named', async ({ cert = () => server.cert, key = () => server.key, reason }) => {
    const files = await written({ cert: cert(), key: key() });
    await expect(readIdentity(files)).rejects.toThrow(reason);
  });

  test('are refused when the key is encrypted: there is nobody to ask for the word', async () => {
    const { key, cert } = await certificate('server', { passphrase: 'sesame' });
    await expect(readIdentity(await written({ cert, key }))).rejects.toThrow('tls.key has no private key in PEM that can be read');
  });

  test('R8: are refused without a word of the key', async () => {
    const files = await written({ cert: server.cert, key: server.key.replaceAll('\n', '') });
    const body = server.key.split('\n')[1] ?? '';
    const message = String(await rejection(readIdentity(files)));
    expect(message).toContain('tls.key');
    expect(message).not.toContain(body.slice(0, 16));
  });

  test.each(['cert', 'key', 'clientCa'] as const)('are refused when the %s is not there', async (name) => {
    const files = await written(server, root.cert);
    const path = `${files[name]}`;
    await rm(path);
    await expect(readIdentity(files)).rejects.toThrow(`${path} cannot be read: ENOENT`);
  });

  test('are refused when the authority of clients is none', async () => {
    const files = await written(server, 'garbage');
    await expect(readIdentity(files)).rejects.toThrow('ca.crt has no certificate in PEM');
  });
});

describe('P9: the dates of a certificate', () => {
  const day = 86_400_000;
  test.each([
    { dates: 'now', from: -day, to: day, said: /^fine$/ },
    { dates: 'the past', from: -2 * day, to: -day, said: /^the certificate in tls\.crt expired on .* GMT$/ },
    { dates: 'the future', from: day, to: 2 * day, said: /^the certificate in tls\.crt is not valid before .* GMT$/ },
  ])('in $dates', async ({ from, to, said }) => {
    const pair = await certificate('server', { notBefore: new Date(Date.now() + from), notAfter: new Date(Date.now() + to) });
    const identity = await readIdentity(await written(pair));
    expect(validity(identity.certificate, 'tls.crt') ?? 'fine').toMatch(said);
  });
});
