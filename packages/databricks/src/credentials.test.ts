import { mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretSource } from '@flyte-agents/core';
import { FaultyUpstream } from '@flyte-agents/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect } from './client.ts';
import { readCredentials, tokenSource } from './credentials.ts';
import { toSubmitFault } from './errors.ts';

const jwt = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl';
const { signal } = new AbortController();

function read(auth: Parameters<typeof readCredentials>[0], environment = {}, options = {}, connection = {}) {
  const secrets = new SecretSource(environment, { files: false }).of({
    project: 'p',
    domain: 'd',
    connection: { secrets: connection, configs: {} },
  });
  return readCredentials(auth, { secrets, options });
}

test.each([
  ["its connection's", {}, { databricks_token: 'from-connection' }, 'from-connection'],
  ["the secret's that it names", { tokenSecret: 'team-a' }, {}, 'from-team-a'],
  ['the default secret’s', {}, {}, 'from-default'],
])('C12, C13: a task is run with the token of %s', async (_whose, auth, connection, token) => {
  const environment = { '_FSEC_TEAM-A': 'from-team-a', '_FSEC_DATABRICKS-TOKEN': 'from-default', FLYTE_DATABRICKS_ACCESS_TOKEN: 'last' };
  expect(await read(auth, environment, {}, connection)).toEqual({ type: 'pat', token });
});

test('C12: without any, the server’s token is taken, and nothing of its environment that a task names', async () => {
  const environment = { FLYTE_DATABRICKS_ACCESS_TOKEN: 'the-servers', PRIVATE: 'not-for-tasks' };
  expect(await read({ tokenSecret: 'PRIVATE' }, environment)).toEqual({ type: 'pat', token: 'the-servers' });
  await expect(read({})).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
    message: expect.stringContaining('FLYTE_DATABRICKS_ACCESS_TOKEN'),
  });
});

test('DB6: a service principal is a secret of two parts, or the server’s', async () => {
  const own = { '_FSEC_TEAM-A.CLIENT_ID': 'id-a', '_FSEC_TEAM-A.CLIENT_SECRET': 'secret-a' };
  const servers = { DATABRICKS_CLIENT_ID: 'id-s', DATABRICKS_CLIENT_SECRET: 'secret-s' };
  const auth = { type: 'oauth_m2m', oauthSecret: 'team-a', clientId: 'id-task' } as const;
  expect(await read(auth, { ...own, ...servers })).toEqual({ type: 'oauth_m2m', clientId: 'id-a', clientSecret: 'secret-a' });
  expect(await read(auth, servers)).toEqual({ type: 'oauth_m2m', clientId: 'id-task', clientSecret: 'secret-s' });
  expect(await read({}, servers, { authType: 'oauth_m2m' })).toEqual({ type: 'oauth_m2m', clientId: 'id-s', clientSecret: 'secret-s' });
});

test('DB14: a task names no token file outside the folders for it', async () => {
  const root = await mkdtemp(join(tmpdir(), 'databricks-'));
  const folder = join(root, 'tokens');
  await mkdir(folder);
  await writeFile(join(folder, 'token'), jwt);
  await writeFile(join(root, 'private'), jwt);
  await symlink(join(root, 'private'), join(folder, 'out'));
  await symlink(join(folder, 'token'), join(folder, 'in'));
  const options = { oidcTokenFolders: [folder], clientId: 'c' };
  const federated = (oidcTokenFile: string) => read({ type: 'oidc_federation', oidcTokenFile }, {}, options);
  expect(await federated(join(folder, 'in'))).toMatchObject({ tokenFile: join(folder, 'token') });
  for (const path of ['/etc/passwd', 'token', join(folder, '../private'), join(folder, 'out'), `${folder}-other/token`, folder]) {
    await expect(federated(path)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('databricksOidcTokenFile'),
    });
  }
  expect(await read({ type: 'oidc_federation' }, {}, { ...options, oidcTokenFile: '/mnt/token' })).toMatchObject({
    tokenFile: '/mnt/token',
  });
  await expect(read({ type: 'oidc_federation' })).rejects.toMatchObject({ message: expect.stringContaining('databricksClientId') });
});

let upstream: FaultyUpstream;
let issued = 0;
/** Tokens that the workspace takes. */
let valid = new Set<string>();
const hidden: string[] = [];

beforeEach(async () => {
  issued = 0;
  valid = new Set();
  upstream = await FaultyUpstream.start({
    handler: ({ path, headers }) => {
      if (path === '/oidc/v1/token') {
        const token = `issued-${++issued}`;
        valid.add(token);
        return { body: { access_token: token, expires_in: 3600 } };
      }
      const isValid = valid.has((headers.authorization ?? '').replace('Bearer ', ''));
      return isValid ? { body: { run_id: 1 } } : { status: 401, body: { error_code: 'UNAUTHENTICATED', message: 'expired' } };
    },
  });
  vi.stubEnv('FLYTE_DATABRICKS_ENDPOINT', upstream.url);
});
afterEach(async () => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  await upstream.close();
});

const principal = { type: 'oauth_m2m', clientId: 'id', clientSecret: 'secret' } as const;
const clientOf = (credentials: Parameters<typeof tokenSource>[0]) =>
  connect(
    'acme.cloud.databricks.com',
    tokenSource(credentials, upstream.url, (token) => hidden.push(token)),
  );

test('C16: a service principal gets one token for all calls, which is hidden', async () => {
  const client = clientOf(principal);
  await Promise.all([client.getRun('1', signal), client.getRun('2', signal), client.submitRun({})]);
  expect(issued).toBe(1);
  expect(hidden).toContain('issued-1');
  const [exchange] = upstream.requests;
  expect(Object.fromEntries(new URLSearchParams(exchange?.body))).toEqual({
    grant_type: 'client_credentials',
    scope: 'all-apis',
    client_id: 'id',
    client_secret: 'secret',
  });
});

test('C16: a token is got anew a minute before its end', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const tokens = tokenSource(principal, upstream.url, () => undefined);
  expect(await tokens.token()).toBe('issued-1');
  vi.setSystemTime(Date.now() + 3_530_000);
  expect(await tokens.token()).toBe('issued-1');
  vi.setSystemTime(Date.now() + 20_000);
  expect(await tokens.token()).toBe('issued-2');
});

test('DB6: a token that is refused is got anew, once', async () => {
  const client = clientOf(principal);
  await client.getRun('1', signal);
  valid.clear();
  await client.getRun('1', signal);
  expect(issued).toBe(2);
});

test('a personal token that is refused is not sent again', async () => {
  await expect(clientOf({ type: 'pat', token: 'dapi-made-up' }).getRun('1', signal)).rejects.toThrow('expired');
  expect(upstream.requests).toHaveLength(1);
});

test('DB14: a mounted token is exchanged, read anew each time', async () => {
  const tokenFile = join(await mkdtemp(join(tmpdir(), 'databricks-')), 'token');
  await writeFile(tokenFile, `${jwt}\n`);
  await clientOf({ type: 'oidc_federation', clientId: 'id', tokenFile }).getRun('1', signal);
  expect(Object.fromEntries(new URLSearchParams(upstream.requests[0]?.body))).toEqual({
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: jwt,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    client_id: 'id',
    scope: 'all-apis',
  });
});

test('DB14: a file that is no token is sent nowhere', async () => {
  const tokenFile = join(await mkdtemp(join(tmpdir(), 'databricks-')), 'token');
  await writeFile(tokenFile, 'root:x:0:0');
  await expect(clientOf({ type: 'oidc_federation', clientId: 'id', tokenFile }).getRun('1', signal)).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
  });
  expect(upstream.requests).toEqual([]);
});

test.each([
  ['unavailable', { code: 'UNAVAILABLE', submitted: 'no', passes: true }],
  ['refused', { code: 'PERMISSION_DENIED', submitted: 'no', passes: false }],
  ['malformed', { code: 'UNAVAILABLE', submitted: 'no' }],
] as const)('C15: while tokens are %s, nothing is submitted', async (kind, fault) => {
  upstream.fault({ kind });
  const client = clientOf(principal);
  expect(await client.submitRun({}).catch((error: unknown) => toSubmitFault(error, 'submit'))).toMatchObject(fault);
  expect(await client.submitRun({})).toBe('1');
});
