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

test('DB14: a service principal of Azure is a secret of three parts, or the server’s', async () => {
  const own = { '_FSEC_TEAM-A.CLIENT_ID': 'id-a', '_FSEC_TEAM-A.CLIENT_SECRET': 'secret-a', '_FSEC_TEAM-A.TENANT_ID': 'tenant-a' };
  const servers = { ARM_CLIENT_ID: 'id-s', ARM_CLIENT_SECRET: 'secret-s', ARM_TENANT_ID: 'acme.onmicrosoft.com' };
  const auth = { type: 'azure_client_secret', oauthSecret: 'team-a' } as const;
  const authority = 'https://login.microsoftonline.com';
  expect(await read(auth, { ...own, ...servers })).toEqual({
    type: 'azure_client_secret',
    tenantId: 'tenant-a',
    clientId: 'id-a',
    clientSecret: 'secret-a',
    authority,
  });
  expect(await read({}, servers, { authType: 'azure_client_secret', azureAuthority: 'https://login.microsoftonline.us' })).toEqual({
    type: 'azure_client_secret',
    tenantId: 'acme.onmicrosoft.com',
    clientId: 'id-s',
    clientSecret: 'secret-s',
    authority: 'https://login.microsoftonline.us',
  });
  for (const tenant of ['../x', 'a/b', '..', '']) {
    await expect(read(auth, { ...servers, ARM_TENANT_ID: tenant })).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  }
});

test('DB14: the server’s managed identity is used only where its operator says so', async () => {
  await expect(read({ type: 'azure_msi', clientId: 'another' })).rejects.toMatchObject({
    code: 'UNAUTHENTICATED',
    message: expect.stringContaining('FLYTE_DATABRICKS_AUTH_TYPE'),
  });
  const options = { authType: 'azure_msi', azureClientId: 'mine' };
  expect(await read({ clientId: 'another' }, {}, options)).toEqual({
    type: 'azure_msi',
    clientId: 'mine',
    metadata: 'http://169.254.169.254',
  });
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
      if (/^\/(?:oidc\/v1|tenant-a\/oauth2\/v2.0|metadata\/identity\/oauth2)\/token/.test(path)) {
        const token = `issued-${++issued}`;
        valid.add(token);
        return { body: { access_token: token, expires_in: path.startsWith('/metadata') ? '3600' : 3600 } };
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

test('DB14: a service principal of Azure gets a token for Databricks from Microsoft', async () => {
  const credentials = { ...principal, type: 'azure_client_secret', tenantId: 'tenant-a', authority: upstream.url } as const;
  await clientOf(credentials).getRun('1', signal);
  const [exchange] = upstream.requests;
  expect(exchange).toMatchObject({ method: 'POST', path: '/tenant-a/oauth2/v2.0/token' });
  expect(Object.fromEntries(new URLSearchParams(exchange?.body))).toEqual({
    grant_type: 'client_credentials',
    scope: '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default',
    client_id: 'id',
    client_secret: 'secret',
  });
  expect(hidden).toContain('issued-1');
});

test.each([
  [undefined, ''],
  ['mine', '&client_id=mine'],
])('DB14: a managed identity gets its token from its machine, in time: %s', async (clientId, more) => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const client = clientOf({ type: 'azure_msi', clientId, metadata: upstream.url });
  await client.getRun('1', signal);
  expect(upstream.requests[0]).toMatchObject({
    method: 'GET',
    path: `/metadata/identity/oauth2/token?api-version=2018-02-01&resource=2ff814a6-3304-4ab8-85cb-cd0e6f879c1d${more}`,
    headers: { metadata: 'true' },
  });
  await client.getRun('1', signal);
  expect(issued).toBe(1);
  vi.setSystemTime(Date.now() + 3_550_000);
  await client.getRun('1', signal);
  expect(issued).toBe(2);
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
