import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { toAuthClient } from './credentials.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const serviceAccount = JSON.stringify({
  type: 'service_account',
  project_id: 'p1',
  client_email: 'agent@p1.iam.gserviceaccount.com',
  private_key: privateKey,
  private_key_id: 'key-1',
  token_uri: 'https://attacker.example/token',
});

/** What Google's servers of tokens are asked, and what they answer. */
class Tokens {
  readonly requests: { readonly url: string; readonly body: string }[] = [];
  readonly transporterOptions = {
    fetchImplementation: async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
      const request = new Request(input, { ...init, duplex: 'half' });
      const { url } = request;
      this.requests.push({ url, body: await request.text() });
      const answer = url.includes('generateAccessToken')
        ? { accessToken: 'impersonated', expireTime: new Date(Date.now() + 3_600_000).toISOString() }
        : { access_token: 'exchanged', expires_in: 3600, token_type: 'Bearer' };
      return Response.json(answer);
    },
  };
}

async function authorization(client: Awaited<ReturnType<typeof toAuthClient>>): Promise<string> {
  const headers = await client?.getRequestHeaders('https://bigquery.googleapis.com/');
  return headers?.get('authorization') ?? '';
}

describe('BQ6: credentials', () => {
  test('of a service account sign their own tokens: nobody is asked for one', async () => {
    const tokens = new Tokens();
    const [, header = '', claims = '', signature = ''] =
      /^Bearer ([^.]+)\.([^.]+)\.([^.]+)$/.exec(await authorization(await toAuthClient('p1', { key: serviceAccount }, tokens))) ?? [];
    expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({
      iss: 'agent@p1.iam.gserviceaccount.com',
      scope: 'https://www.googleapis.com/auth/cloud-platform',
    });
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toMatchObject({ alg: 'RS256', kid: 'key-1' });
    const signed = Buffer.from(`${header}.${claims}`);
    expect(verify('RSA-SHA256', signed, createPublicKey(publicKey), Buffer.from(signature, 'base64url'))).toBe(true);
    expect(tokens.requests).toEqual([]);
  });

  test('of a user are exchanged at Google', async () => {
    const tokens = new Tokens();
    const key = JSON.stringify({ type: 'authorized_user', client_id: 'c', client_secret: 's', refresh_token: 'r' });
    expect(await authorization(await toAuthClient('p1', { key }, tokens))).toBe('Bearer exchanged');
    expect(tokens.requests).toMatchObject([{ url: 'https://oauth2.googleapis.com/token' }]);
  });

  test('act as another account through those between', async () => {
    const tokens = new Tokens();
    const impersonate = ['between@p1.iam', 'runner@p1.iam'];
    expect(await authorization(await toAuthClient('p1', { key: serviceAccount, impersonate }, tokens))).toBe('Bearer impersonated');
    const asked = tokens.requests.at(-1);
    expect(asked?.url).toBe('https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/runner@p1.iam:generateAccessToken');
    expect(JSON.parse(asked?.body ?? '')).toMatchObject({ delegates: ['projects/-/serviceAccounts/between@p1.iam'] });
  });

  test('are left to the SDK where there are none', async () => {
    expect(await toAuthClient('p1', {})).toBeUndefined();
  });
});

describe('the application default credentials', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'flyte-agents-adc-'));
    writeFileSync(join(folder, 'key.json'), serviceAccount);
    vi.stubEnv('GOOGLE_APPLICATION_CREDENTIALS', join(folder, 'key.json'));
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  test('BQ6: may act as another account too', async () => {
    const client = await toAuthClient('p1', { impersonate: ['runner@p1.iam'] }, new Tokens());
    expect(client?.constructor.name).toBe('Impersonated');
  });

  test('R8: are not shown to an emulator', async () => {
    vi.stubEnv('BIGQUERY_EMULATOR_HOST', 'http://127.0.0.1:1');
    expect(await authorization(await toAuthClient('p1', { key: serviceAccount }))).toBe('');
  });
});

describe('R8, C14: a key that is none', () => {
  test.each([
    ['no JSON', 'not json at all'],
    ['another JSON', '{"type":"service_account"}'],
    [
      'one that names a program to run',
      JSON.stringify({ type: 'external_account', credential_source: { executable: { command: '/bin/sh' } } }),
    ],
    ['one that names a file to read', JSON.stringify({ type: 'external_account', credential_source: { file: '/etc/passwd' } })],
  ])('as %s is refused without repeating it', async (_name, key) => {
    const refused = toAuthClient('p1', { key });
    await expect(refused).rejects.toMatchObject({ code: 'UNAUTHENTICATED', message: expect.not.stringContaining(key) });
  });
});
