import { afterEach, beforeEach, expect, test } from 'vitest';
import type { FaultKind } from './faults.ts';
import { FaultyUpstream } from './faulty-upstream.ts';

let upstream: FaultyUpstream;
let taken: number;

beforeEach(async () => {
  taken = 0;
  upstream = await FaultyUpstream.start({
    handler: ({ body }) => ({ status: 201, body: { job: ++taken, body } }),
    operation: ({ path }) => path.slice(1),
  });
});
afterEach(() => upstream.close());

async function submit(path: string = 'jobs'): Promise<Response> {
  return fetch(`${upstream.url}/${path}`, { method: 'POST', body: 'work', signal: AbortSignal.timeout(2000) });
}

test('an upstream without faults answers what its handler says, and remembers the request', async () => {
  const response = await submit();
  expect(response.status).toBe(201);
  expect(await response.json()).toEqual({ job: 1, body: 'work' });
  expect(upstream.requests).toMatchObject([{ method: 'POST', path: '/jobs', body: 'work', fault: undefined }]);
});

test.each<[FaultKind, number]>([
  ['unavailable', 503],
  ['throttled', 429],
  ['refused', 403],
])('%s is an answer of status %d, and the handler sees nothing', async (kind, status) => {
  upstream.fault({ kind, retryAfterMs: 1500 });
  const response = await submit();
  expect(response.status).toBe(status);
  expect(response.headers.get('retry-after')).toBe('2');
  expect(taken).toBe(0);
});

test.each<[FaultKind, number]>([
  ['lost-before', 0],
  ['lost-after', 1],
])('%s is a reset connection after %d jobs were taken', async (kind, jobs) => {
  upstream.fault({ kind });
  await expect(submit()).rejects.toThrow('fetch failed');
  expect([taken, upstream.requests.length]).toEqual([jobs, 1]);
});

test.each<[FaultKind, number]>([
  ['stall-before', 0],
  ['stall-after', 1],
])('%s is no answer at all, after %d jobs were taken', async (kind, jobs) => {
  upstream.fault({ kind });
  await expect(fetch(upstream.url, { method: 'POST', body: 'work', signal: AbortSignal.timeout(100) })).rejects.toThrow('timeout');
  expect(taken).toBe(jobs);
});

test('a truncated body ends in the middle', async () => {
  upstream.fault({ kind: 'truncated' });
  const response = await submit();
  await expect(response.text()).rejects.toThrow('terminated');
  expect(taken).toBe(1);
});

test('a malformed body is whole and not JSON', async () => {
  upstream.fault({ kind: 'malformed' });
  const response = await submit();
  await expect(response.json()).rejects.toThrow(SyntaxError);
});

test('a slow request is taken late', async () => {
  upstream.fault({ kind: 'slow', delayMs: 50 });
  const began = performance.now();
  expect((await submit()).status).toBe(201);
  expect(performance.now() - began).toBeGreaterThanOrEqual(45);
});

test('a slow body follows its head bit by bit', async () => {
  upstream.fault({ kind: 'slow-body', delayMs: 50 });
  const response = await submit();
  expect(response.status).toBe(201);
  const began = performance.now();
  expect(await response.json()).toEqual({ job: 1, body: 'work' });
  expect(performance.now() - began).toBeGreaterThanOrEqual(30);
});

test('a fault meets its operation only, as often as it says', async () => {
  upstream.fault({ kind: 'unavailable', operation: 'other', times: 2 });
  expect((await submit()).status).toBe(201);
  expect([(await submit('other')).status, (await submit('other')).status, (await submit('other')).status]).toEqual([503, 503, 201]);
});

test('a service says no in its own words', async () => {
  const own = await FaultyUpstream.start({ handler: () => ({}), refusal: ({ kind }) => ({ body: `<Error>${kind}</Error>` }) });
  own.fault({ kind: 'refused' });
  const response = await fetch(own.url);
  expect([response.status, await response.text()]).toEqual([403, '<Error>refused</Error>']);
  await own.close();
});

test('a handler that throws is an answer of status 500', async () => {
  const broken = await FaultyUpstream.start({
    handler: () => {
      throw new Error('out of memory');
    },
  });
  expect((await fetch(broken.url)).status).toBe(500);
  await broken.close();
});
