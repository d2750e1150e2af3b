import { startS3, type S3Server } from '@flyte-agents/test-upstreams';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { S3Client } from './client.ts';
import { rethrow } from './errors.ts';

let s3: S3Server;
const location = { bucket: 'bucket', key: 'in/_SUCCESS' };
const signal = new AbortController().signal;

beforeAll(async () => {
  s3 = await startS3({ objects: { 'bucket/in/_SUCCESS': 'x', 'bucket/folder/part-0': 'x', 'secret/a': 'x' } });
  for (const [name, value] of Object.entries(s3.environment)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await s3.stop();
});

/** What a failed look becomes for the dispatcher. */
async function fault(look: Promise<boolean>): Promise<object> {
  const error = rethrow(await look.catch((caught: unknown) => caught), location);
  return { code: error.code, passes: error.passes, message: error.message };
}

test('an object is found by its exact key', async () => {
  const client = new S3Client();
  expect(await client.hasObject(location, signal)).toBe(true);
  expect(await client.hasObject({ bucket: 'bucket', key: 'in/_SUCC' }, signal)).toBe(false);
});

test('a folder is found by what is in it', async () => {
  const client = new S3Client();
  expect(await client.hasObjectsBelow({ bucket: 'bucket', key: 'folder' }, signal)).toBe(true);
  expect(await client.hasObjectsBelow({ bucket: 'bucket', key: 'fold' }, signal)).toBe(false);
});

test('SE4: a missing bucket is told apart from a missing object', async () => {
  const client = new S3Client();
  expect(await fault(client.hasObjectsBelow({ bucket: 'nowhere', key: 'x' }, signal))).toMatchObject({ code: 'NOT_FOUND', passes: false });
});

test('SE4: without the right to read, an object is still found by listing it', async () => {
  s3.failNext({ operation: 'HeadObject', times: 1, status: 403, code: 'AccessDenied' });
  expect(await new S3Client().hasObject(location, signal)).toBe(true);
});

test('SE4: refused access says what to grant', async () => {
  s3.denyBucket('secret');
  expect(await fault(new S3Client().hasObject({ bucket: 'secret', key: 'a' }, signal))).toEqual({
    code: 'PERMISSION_DENIED',
    passes: false,
    message: 'S3 s3://bucket/in/_SUCCESS: 403 AccessDenied (grant s3:GetObject and s3:ListBucket)',
  });
});

test.each([
  [{ status: 503, code: 'SlowDown' }, 'RESOURCE_EXHAUSTED'],
  [{ status: 429, code: 'TooManyRequests' }, 'RESOURCE_EXHAUSTED'],
  [{ status: 500, code: 'InternalError' }, 'UNAVAILABLE'],
  [{ status: 503, code: 'ServiceUnavailable' }, 'UNAVAILABLE'],
  [{ reset: true }, 'UNAVAILABLE'],
])('SE4: %j passes by itself, and costs one request: the next poll is the retry', async (answer, code) => {
  s3.failNext({ operation: 'ListObjectsV2', times: 1, ...answer });
  const before = s3.calls.ListObjectsV2;
  expect(await fault(new S3Client().hasObjectsBelow(location, signal))).toMatchObject({ code, passes: true });
  expect(s3.calls.ListObjectsV2 - before).toBe(1);
});

test('R5: a look ends when its signal does', async () => {
  s3.failNext({ operation: 'HeadObject', times: 1, delayMs: 60_000 });
  const controller = new AbortController();
  const look = new S3Client().hasObject(location, controller.signal).catch((error: unknown) => String(error));
  await vi.waitUntil(() => s3.calls.HeadObject > 0);
  controller.abort();
  expect(await look).toContain('AbortError');
});
