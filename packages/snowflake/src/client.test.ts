import { FaultyUpstream } from '@flyte-agents/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keys, privateKey } from './__fixtures__/keys.ts';
import { SnowflakeApi } from '@flyte-agents/test-upstreams';
import { connect, type SnowflakeClient } from './client.ts';
import type { Credentials } from './credentials.ts';
import { rethrow, toSubmitFault } from './errors.ts';

const requestId = '8c0e2f7a-0000-5000-8000-000000000001';
const statement = { requestId, body: { statement: 'SELECT 1', parameters: { QUERY_TAG: '{"flyte_key":"k1"' } } };
const user = { account: 'ORG-ACC', user: 'FLYTE' };
const keyPair: Credentials = { ...user, authenticator: 'SNOWFLAKE_JWT', privateKey };
const { signal } = new AbortController();
const hidden: string[] = [];
let api: SnowflakeApi;
let upstream: FaultyUpstream;

beforeEach(async () => {
  api = new SnowflakeApi();
  upstream = await FaultyUpstream.start({ handler: (request) => api.answer(request) });
  hidden.length = 0;
});
afterEach(async () => {
  vi.useRealTimers();
  await upstream.close();
});

function client(credentials: Credentials = keyPair, oauthTokenUrl?: string): SnowflakeClient {
  return connect({ origin: upstream.url, credentials, oauthTokenUrl, hide: (token) => hidden.push(token) });
}

test('SF1: a submit carries its request id and may be repeated: Snowflake runs it once', async () => {
  const one = await client().submit(statement);
  const again = await client().submit(statement);
  expect(again.handle).toBe(one.handle);
  expect(api.only).toMatchObject({ requestId });
  expect(upstream.requests[0]).toMatchObject({
    method: 'POST',
    path: `/api/v2/statements?requestId=${requestId}&retry=true&async=true`,
    headers: { 'x-snowflake-authorization-token-type': 'KEYPAIR_JWT', authorization: expect.stringMatching(/^Bearer ey/) },
  });
});

test('SF2: a statement runs, waits, succeeds or fails, and what it waits for is asked of one session', async () => {
  const one = client();
  const { handle } = await one.submit(statement);
  expect(await one.get(handle, signal)).toMatchObject({ state: 'RUNNING' });
  expect(await one.progress(handle, signal)).toMatchObject({ state: 'QUEUED' });
  Object.assign(api.only, { state: 'RESUMING_WAREHOUSE' });
  expect(await one.progress(handle, signal)).toMatchObject({ state: 'RESUMING_WAREHOUSE' });
  expect(await one.progress('01b2c3d4-0000-1111-0000-000000000001', signal)).toBeUndefined();
  Object.assign(api.only, {
    state: 'SUCCESS',
    answer: { resultSetMetaData: { numRows: 1, rowType: [{ name: 'A', type: 'fixed' }] }, data: [['1']] },
  });
  expect(await one.get(handle, signal)).toMatchObject({ state: 'SUCCESS', rowCount: 1, rows: [['1']] });
  Object.assign(api.only, { state: 'FAILED_WITH_ERROR', answer: { code: '000904', sqlState: '42000', message: 'invalid identifier' } });
  expect(await one.get(handle, signal)).toMatchObject({
    state: 'FAILED',
    code: '000904',
    sqlState: '42000',
    message: 'invalid identifier',
  });
  await expect(one.get('unknown', signal).catch(rethrow('query unknown'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(api.logins).toBe(1);
});

test('SF14: the partitions of a result after the first one are asked for one by one', async () => {
  const one = client();
  const { handle } = await one.submit(statement);
  const partitionInfo = [{ rowCount: 1, uncompressedSize: 5 }, { rowCount: 2 }];
  const answer = { resultSetMetaData: { numRows: 3, rowType: [{ name: 'A', type: 'fixed' }], partitionInfo }, data: [['1']] };
  Object.assign(api.only, { state: 'SUCCESS', answer, partitions: [[['2'], [null]]] });
  expect(await one.get(handle, signal)).toMatchObject({ rows: [['1']], partitions: [5, 0] });
  expect(await one.rows(handle, 1, signal)).toEqual([['2'], [null]]);
  expect(upstream.requests.at(-1)).toMatchObject({ method: 'GET', path: `/api/v2/statements/${handle}?partition=1` });
  await expect(one.rows(handle, 2, signal).catch(rethrow('result'))).rejects.toMatchObject({
    message: 'Snowflake result: 422 391914 No such partition.',
  });
});

test('SF7: a statement that is refused at once is told with its code', async () => {
  const refusal = { code: '001003', sqlState: '42000', message: 'SQL compilation error' };
  const refusing = await FaultyUpstream.start({ handler: () => ({ status: 422, body: refusal }) });
  const refused = connect({ origin: refusing.url, credentials: keyPair, hide: () => undefined }).submit(statement);
  await expect(refused.catch(rethrow('submit'))).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    submitted: 'no',
    message: 'Snowflake submit: 422 001003 (42000) SQL compilation error',
  });
  await refusing.close();
});

test('C2: a statement is found by the beginning of its tag, or is not', async () => {
  const { handle } = await client().submit(statement);
  const where = { database: 'DB', warehouse: 'WH', role: 'ANALYST' };
  expect(await client().findByTag('{"flyte_key":"k1"', where, signal)).toBe(handle);
  expect(await client().findByTag('{"flyte_key":"k2"', where, signal)).toBeUndefined();
  expect(JSON.parse(upstream.requests[1]?.body ?? '')).toMatchObject({
    database: 'DB',
    warehouse: 'WH',
    role: 'ANALYST',
    statement: expect.stringContaining(`STARTSWITH(QUERY_TAG, '{"flyte_key":"k1"')`),
  });
});

test.each([
  [
    { code: '000630', message: 'Statement reached its timeout' },
    { code: 'UNAVAILABLE', passes: true },
  ],
  [
    { code: '002043', sqlState: '02000', message: 'Object does not exist' },
    { code: 'INVALID_ARGUMENT', passes: false },
  ],
])('C2: a look-up that ends with %j is told so', async (refusal, fault) => {
  const refusing = await FaultyUpstream.start({ handler: () => ({ status: 422, body: { statementHandle: 'h', ...refusal } }) });
  const one = connect({ origin: refusing.url, credentials: keyPair, hide: () => undefined });
  const found = one.findByTag('{', { database: 'DB', warehouse: 'WH', role: null }, signal);
  await expect(found.catch(rethrow('look-up'))).rejects.toMatchObject(fault);
  await refusing.close();
});

test('SF8: a cancel names its statement, and one that is over before is cancelled too', async () => {
  const { handle } = await client().submit(statement);
  await client().cancel(handle);
  expect(api.only.state).toBe('ABORTED');
  Object.assign(api.only, { state: 'SUCCESS' });
  await client().cancel(handle);
  expect(api.only.state).toBe('SUCCESS');
  await client().cancelQuery("01b2'c3");
  expect(JSON.parse(upstream.requests.at(-1)?.body ?? '')).toEqual({ statement: String.raw`SELECT SYSTEM$CANCEL_QUERY('01b2\'c3')` });
});

test.each([
  ['throttled', { code: 'RESOURCE_EXHAUSTED', submitted: 'no', retryAfterMs: 2000 }],
  ['unavailable', { code: 'UNAVAILABLE', submitted: 'unknown' }],
  ['refused', { code: 'PERMISSION_DENIED', passes: false }],
  ['lost-after', { code: 'UNAVAILABLE', submitted: 'unknown' }],
  ['malformed', { code: 'UNAVAILABLE', submitted: 'unknown' }],
  ['truncated', { code: 'UNAVAILABLE', submitted: 'unknown' }],
] as const)('C15: a submit that is %s is said so', async (kind, error) => {
  upstream.fault({ kind, retryAfterMs: 2000 });
  await expect(client().submit(statement).catch(rethrow('submit'))).rejects.toMatchObject(error);
});

test('C15: a submit that never left is known not to be taken', async () => {
  const one = client();
  await upstream.close();
  await expect(one.submit(statement).catch(rethrow('submit'))).rejects.toMatchObject({ code: 'UNAVAILABLE', submitted: 'no' });
});

test('R5: reads end with their signal', async () => {
  const one = client();
  const { handle } = await one.submit(statement);
  for (const read of [one.get.bind(one), one.progress.bind(one)]) {
    upstream.fault({ kind: 'stall-before', times: 2 });
    const controller = new AbortController();
    const answered = read(handle, controller.signal).catch(rethrow('query'));
    setTimeout(() => controller.abort(), 50);
    await expect(answered).rejects.toMatchObject({ passes: true });
    upstream.heal();
  }
});

test('R8: no redirect is followed: a token goes to its account alone', async () => {
  const leading = await FaultyUpstream.start({
    handler: () => ({ status: 307, headers: { location: `${upstream.url}/api/v2/statements` } }),
  });
  await expect(connect({ origin: leading.url, credentials: keyPair, hide: () => undefined }).submit(statement)).rejects.toThrow(
    'no answer',
  );
  expect(upstream.requests).toEqual([]);
  await leading.close();
});

function tokens(): ReadonlySet<string | undefined> {
  return new Set(upstream.requests.map(({ headers }) => headers.authorization));
}

test('SF4: one token serves many calls, and is made anew before an hour has passed', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const one = client();
  await Promise.all([one.submit(statement), one.submit(statement), one.submit(statement)]);
  expect(tokens().size).toBe(1);
  vi.setSystemTime(Date.now() + 45 * 60_000);
  await one.submit(statement);
  expect(tokens().size).toBe(1);
  vi.setSystemTime(Date.now() + 6 * 60_000);
  await one.submit(statement);
  expect(tokens().size).toBe(2);
  expect(hidden).toEqual([...tokens()].map((header) => header?.replace('Bearer ', '')));
});

test('SF4: sessions are made anew before they end and when Snowflake ended them, once however many ask', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const one = client();
  const { handle } = await one.submit(statement);
  await Promise.all([one.progress(handle, signal), one.progress(handle, signal)]);
  expect(api.logins).toBe(1);
  api.ended.add('session-token-1');
  expect(await one.progress(handle, signal)).toMatchObject({ state: 'QUEUED' });
  expect(api.logins).toBe(2);
  vi.setSystemTime(Date.now() + 55 * 60_000);
  await one.progress(handle, signal);
  expect(api.logins).toBe(3);
  expect(hidden).toContain('session-token-3');
});

test('SF4: a login that is refused is not tried again at every poll: Snowflake locks such users out', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  api.loginAnswer = { body: { success: false, code: '390100', message: 'Incorrect username or password was specified.' } };
  const one = client();
  for (let poll = 0; poll < 5; poll++) await expect(one.progress('q', signal)).rejects.toMatchObject({ facts: { status: 401 } });
  expect(api.logins).toBe(1);
  vi.setSystemTime(Date.now() + 61_000);
  api.loginAnswer = undefined;
  expect(await one.progress('q', signal)).toBeUndefined();
  expect(api.logins).toBe(2);
});

test('SF12: a programmatic access token is sent as one, and logs in as one', async () => {
  const one = client({ ...user, authenticator: 'PROGRAMMATIC_ACCESS_TOKEN', token: 'pat-1' });
  const { handle } = await one.submit(statement);
  await one.progress(handle, signal);
  expect(upstream.requests[0]?.headers).toMatchObject({
    authorization: 'Bearer pat-1',
    'x-snowflake-authorization-token-type': 'PROGRAMMATIC_ACCESS_TOKEN',
  });
  expect(JSON.parse(upstream.requests[1]?.body ?? '')).toMatchObject({
    data: { ACCOUNT_NAME: 'ORG-ACC', LOGIN_NAME: 'FLYTE', AUTHENTICATOR: 'PROGRAMMATIC_ACCESS_TOKEN', TOKEN: 'pat-1' },
  });
});

test("SF12: a workload's token logs in, and the session asks the SQL API", async () => {
  const one = client({ ...user, authenticator: 'WORKLOAD_IDENTITY', token: 'oidc-token' });
  const { handle } = await one.submit(statement);
  await one.get(handle, signal);
  expect(api.logins).toBe(1);
  expect(JSON.parse(upstream.requests[0]?.body ?? '')).toMatchObject({
    data: { AUTHENTICATOR: 'WORKLOAD_IDENTITY', PROVIDER: 'OIDC', TOKEN: 'oidc-token' },
  });
  expect(upstream.requests[2]?.headers.authorization).toBe('Snowflake Token="session-token-1"');
});

test.each([
  [{ authenticator: 'OAUTH_CLIENT_CREDENTIALS', clientId: 'id', clientSecret: 'secret' }, 'grant_type=client_credentials'],
  [
    { authenticator: 'OAUTH', clientId: 'id', clientSecret: 'secret', refreshToken: 'refresh' },
    'grant_type=refresh_token&refresh_token=refresh',
  ],
] as const)('SF12: OAuth tokens of %j are fetched, kept and fetched anew when one is refused', async (credentials, grant) => {
  const asked: string[] = [];
  const issuer = await FaultyUpstream.start({
    handler: ({ body, headers }) => {
      asked.push(body);
      expect(headers.authorization).toBe(`Basic ${Buffer.from('id:secret').toString('base64')}`);
      return { body: { access_token: `access-${asked.length}`, expires_in: 600 } };
    },
  });
  const one = client({ ...user, ...credentials }, `${issuer.url}/oauth/token`);
  await Promise.all([one.submit(statement), one.submit(statement)]);
  expect(asked).toEqual([grant]);
  expect(upstream.requests[0]?.headers).toMatchObject({
    authorization: 'Bearer access-1',
    'x-snowflake-authorization-token-type': 'OAUTH',
  });
  expect(hidden).toEqual(['access-1']);
  await issuer.close();
});

test('SF12: who gives out no token is named, and nothing was submitted', async () => {
  const issuer = await FaultyUpstream.start({ handler: () => ({ status: 401, body: { error: 'invalid_client' } }) });
  const credentials = { ...user, authenticator: 'OAUTH_CLIENT_CREDENTIALS', clientId: 'id', clientSecret: 'secret' } as const;
  const fault = await client(credentials, issuer.url)
    .submit(statement)
    .then(
      () => undefined,
      (error: unknown) => toSubmitFault(error, 'submit'),
    );
  expect(fault).toMatchObject({
    code: 'UNAUTHENTICATED',
    submitted: 'no',
    message: expect.stringContaining('snowflake_oauth_client_secret'),
  });
  expect(api.statements).toEqual([]);
  await issuer.close();
});

test('SF3: a public key is never taken for a private one', async () => {
  const publicKey = keys.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  await expect(client({ ...keyPair, privateKey: publicKey }).submit(statement)).rejects.toThrow('snowflake_private_key');
});
