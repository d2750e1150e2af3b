import { FaultyUpstream } from '@flyte-agents/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect } from './client.ts';
import { rethrow, rethrowSubmit } from './errors.ts';

const job = { id: 'j1', state: 'RUNNING', hasStarted: true, owner: 'unread' };
const request = { command: 'make', queue: 'q', environment: {}, labels: {} };
const { signal } = new AbortController();
let upstream: FaultyUpstream;

beforeEach(async () => {
  upstream = await FaultyUpstream.start({ handler: ({ method, path }) => answer(method, path) });
  vi.stubEnv('ACME_URL', upstream.url);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await upstream.close();
});

function answer(method: string, path: string) {
  if (path.endsWith('/jobs/unknown')) return { status: 404, body: { message: 'no such job' } };
  if (method === 'GET' && path.includes('?token=')) return { status: 200, body: path.endsWith('=none') ? [] : [job] };
  return { status: 200, body: job };
}

test('C2: a submit carries the token and the API token', async () => {
  expect(await connect('secret').submit('key', request)).toEqual({ id: 'j1', state: 'RUNNING', hasStarted: true });
  expect(upstream.requests).toMatchObject([
    { method: 'POST', path: '/jobs', headers: { authorization: 'Bearer secret', 'idempotency-key': 'key' } },
  ]);
});

test('a job is found by its id and by its token, or is not', async () => {
  const client = connect('secret');
  expect(await client.describe('j1', signal)).toMatchObject({ id: 'j1' });
  expect(await client.byToken('key', signal)).toMatchObject({ id: 'j1' });
  expect(await client.byToken('none', signal)).toBeUndefined();
  await expect(client.describe('unknown', signal).catch(rethrow('job unknown'))).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: 'Acme job unknown: 404 no such job',
  });
});

test('a cancel names the job', async () => {
  await connect('secret').cancel('j1');
  expect(upstream.requests).toMatchObject([{ method: 'POST', path: '/jobs/j1/cancel' }]);
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
  await expect(connect('secret').submit('key', request).catch(rethrowSubmit('submit'))).rejects.toMatchObject(error);
});

test('R5: a read ends with its signal', async () => {
  upstream.fault({ kind: 'stall-before' });
  const controller = new AbortController();
  const answered = connect('secret').describe('j1', controller.signal).catch(rethrow('job j1'));
  controller.abort();
  await expect(answered).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});
