import { Readable } from 'node:stream';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { AwsEnvironment } from './aws-environment.ts';
import { installTimeoutMs } from './cache.ts';
import { startMoto } from './moto.ts';
import { requirement } from './requirement.ts';
import { startS3, type S3Server } from './s3.ts';

const python = requirement('python3');
const servers = [
  { name: 'our server', start: startS3, skipped: false },
  { name: `moto${python.note}`, start: startMoto, skipped: !python.available },
];
const helloMd5 = '"5d41402abc4b2a76b9719d911017c592"';

for (const { name, start, skipped } of servers) {
  describe.skipIf(skipped)(`S3 of ${name}`, () => {
    let server: { readonly environment: AwsEnvironment; stop(): Promise<void> };
    let client: S3Client;

    beforeAll(async () => {
      server = await start();
      client = clientOf(server.environment);
      await client.send(new CreateBucketCommand({ Bucket: 'data' }));
    }, installTimeoutMs);

    afterAll(async () => {
      client?.destroy();
      await server?.stop();
    });

    const cases: Record<string, () => Promise<void>> = {
      'a bucket is there once it was made': async () => {
        const { $metadata } = await client.send(new HeadBucketCommand({ Bucket: 'data' }));
        expect($metadata.httpStatusCode).toBe(200);
      },
      'the owner may make a bucket again': async () => {
        await client.send(new CreateBucketCommand({ Bucket: 'data' }));
      },
      'the head of a missing bucket is NotFound': async () => {
        const refused = client.send(new HeadBucketCommand({ Bucket: 'missing' }));
        await expect(refused).rejects.toMatchObject({ name: 'NotFound', $metadata: { httpStatusCode: 404 } });
      },
      'the head of a missing key is NotFound': async () => {
        const refused = client.send(new HeadObjectCommand({ Bucket: 'data', Key: 'missing' }));
        await expect(refused).rejects.toMatchObject({ name: 'NotFound', $metadata: { httpStatusCode: 404 } });
      },
      'the head of a key in a missing bucket is NotFound': async () => {
        const refused = client.send(new HeadObjectCommand({ Bucket: 'missing', Key: 'missing' }));
        await expect(refused).rejects.toMatchObject({ name: 'NotFound', $metadata: { httpStatusCode: 404 } });
      },
      'reading a missing key is NoSuchKey': async () => {
        const refused = client.send(new GetObjectCommand({ Bucket: 'data', Key: 'missing' }));
        await expect(refused).rejects.toMatchObject({ name: 'NoSuchKey', $metadata: { httpStatusCode: 404 } });
      },
      'every request about an unknown bucket is NoSuchBucket': async () => {
        const refused = { name: 'NoSuchBucket', $metadata: { httpStatusCode: 404 } };
        const object = { Bucket: 'missing', Key: 'a' };
        await expect(client.send(new GetObjectCommand(object))).rejects.toMatchObject(refused);
        await expect(client.send(new PutObjectCommand({ ...object, Body: 'a' }))).rejects.toMatchObject(refused);
        await expect(client.send(new DeleteObjectCommand(object))).rejects.toMatchObject(refused);
        await expect(client.send(new ListObjectsV2Command({ Bucket: 'missing' }))).rejects.toMatchObject(refused);
      },
      'what is put can be looked at, read and deleted': async () => {
        const object = { Bucket: 'data', Key: 'folder/höhe & more+100%.txt' };
        const put = await client.send(new PutObjectCommand({ ...object, Body: 'hello', ContentType: 'text/plain' }));
        expect(put.ETag).toBe(helloMd5);
        const described = { ETag: helloMd5, ContentLength: 5, ContentType: 'text/plain', LastModified: expect.any(Date) };
        expect(await client.send(new HeadObjectCommand(object))).toMatchObject(described);
        const got = await client.send(new GetObjectCommand(object));
        expect(got).toMatchObject(described);
        expect(await got.Body?.transformToString()).toBe('hello');
        const deleted = await client.send(new DeleteObjectCommand(object));
        expect(deleted.$metadata.httpStatusCode).toBe(204);
        await expect(client.send(new HeadObjectCommand(object))).rejects.toMatchObject({ name: 'NotFound' });
      },
      'a put replaces what was there': async () => {
        const object = { Bucket: 'data', Key: 'replaced' };
        await client.send(new PutObjectCommand({ ...object, Body: 'first' }));
        await client.send(new PutObjectCommand({ ...object, Body: 'hello' }));
        expect(await client.send(new HeadObjectCommand(object))).toMatchObject({ ETag: helloMd5 });
      },
      'a stream is stored without the frames it is sent in': async () => {
        const object = { Bucket: 'data', Key: 'streamed' };
        const body = Readable.from([Buffer.from('hel'), Buffer.from('lo')]);
        await client.send(new PutObjectCommand({ ...object, Body: body, ContentLength: 5 }));
        expect(await client.send(new HeadObjectCommand(object))).toMatchObject({ ETag: helloMd5, ContentLength: 5 });
      },
      'deleting a missing key succeeds': async () => {
        const { $metadata } = await client.send(new DeleteObjectCommand({ Bucket: 'data', Key: 'missing' }));
        expect($metadata.httpStatusCode).toBe(204);
      },
      'a listing holds what has the prefix, in the order of the names': async () => {
        await putAll(client, ['listed/b', 'listed/a', 'listed/Z', 'other']);
        const list = await client.send(new ListObjectsV2Command({ Bucket: 'data', Prefix: 'listed/' }));
        expect(list.Contents?.map(({ Key, Size, ETag }) => ({ Key, Size, ETag }))).toEqual(
          ['listed/Z', 'listed/a', 'listed/b'].map((Key) => ({ Key, Size: 5, ETag: helloMd5 })),
        );
        expect(list).toMatchObject({ IsTruncated: false, KeyCount: 3, Prefix: 'listed/', Name: 'data' });
      },
      'a listing without matches is empty': async () => {
        const list = await client.send(new ListObjectsV2Command({ Bucket: 'data', Prefix: 'nowhere/' }));
        expect(list).toMatchObject({ IsTruncated: false, KeyCount: 0 });
        expect(list.Contents).toBeUndefined();
      },
      'a listing comes in pages': async () => {
        await putAll(client, ['paged/1', 'paged/2', 'paged/3', 'paged/4', 'paged/5']);
        const pages = await listPages(client, { Prefix: 'paged/', MaxKeys: 2 });
        expect(pages).toEqual([['paged/1', 'paged/2'], ['paged/3', 'paged/4'], ['paged/5']]);
      },
      'a delimiter folds names into common prefixes': async () => {
        await putAll(client, ['folded/a/1', 'folded/a/2', 'folded/b', 'folded/c/1']);
        const list = await client.send(new ListObjectsV2Command({ Bucket: 'data', Prefix: 'folded/', Delimiter: '/' }));
        expect(list.Contents?.map(({ Key }) => Key)).toEqual(['folded/b']);
        expect(list.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['folded/a/', 'folded/c/']);
      },
      'a listing can start after a name': async () => {
        await putAll(client, ['after/1', 'after/2', 'after/3']);
        const list = await client.send(new ListObjectsV2Command({ Bucket: 'data', Prefix: 'after/', StartAfter: 'after/1' }));
        expect(list.Contents?.map(({ Key }) => Key)).toEqual(['after/2', 'after/3']);
      },
    };

    test.for(Object.entries(cases))('%s', async ([, run]) => {
      await expect(run()).resolves.toBeUndefined();
    });
  });
}

describe('S3 of our server alone', () => {
  let server: S3Server;
  let client: S3Client;
  const object = { Bucket: 'data', Key: 'a' };

  beforeEach(async () => {
    server = await startS3({ objects: { 'data/a': 'hello', 'data/folder/b': 'hello' } });
    client = clientOf(server.environment);
  });

  afterEach(async () => {
    client.destroy();
    await server.stop();
  });

  test('it holds the objects it was started with', async () => {
    expect(await client.send(new HeadObjectCommand({ Bucket: 'data', Key: 'folder/b' }))).toMatchObject({ ETag: helloMd5 });
  });

  test('the test can put and delete behind the back of the client', async () => {
    server.put('made', 'b', 'hello');
    expect(await client.send(new HeadObjectCommand({ Bucket: 'made', Key: 'b' }))).toMatchObject({ ETag: helloMd5 });
    server.delete('made', 'b');
    await expect(client.send(new HeadObjectCommand({ Bucket: 'made', Key: 'b' }))).rejects.toMatchObject({ name: 'NotFound' });
  });

  test('an unknown access key is refused', async () => {
    const stranger = clientOf({ ...server.environment, AWS_ACCESS_KEY_ID: 'somebody-else' });
    const refused = stranger.send(new GetObjectCommand(object));
    await expect(refused).rejects.toMatchObject({ name: 'InvalidAccessKeyId', $metadata: { httpStatusCode: 403 } });
    stranger.destroy();
  });

  test('an unsigned request is refused', async () => {
    const response = await fetch(`${server.endpoint}/data/a`);
    expect(response.status).toBe(403);
    expect(response.headers.get('x-amz-request-id')).toMatch(/./);
    expect(await response.text()).toContain('<Code>AccessDenied</Code>');
  });

  test('a denied bucket refuses every request', async () => {
    server.denyBucket('data');
    await expect(client.send(new GetObjectCommand(object))).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(client.send(new HeadObjectCommand(object))).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  });

  test('an operation that it does not know is NotImplemented', async () => {
    const refused = client.send(new GetObjectCommand({ ...object, VersionId: 'v1' }));
    await expect(refused).rejects.toMatchObject({ name: 'NotImplemented', $metadata: { httpStatusCode: 501 } });
  });

  test('a fault meets as many requests as it was asked to', async () => {
    server.failNext({ status: 503, code: 'SlowDown', times: 2 });
    const failed = { name: 'SlowDown', $metadata: { httpStatusCode: 503 } };
    await expect(client.send(new GetObjectCommand(object))).rejects.toMatchObject(failed);
    await expect(client.send(new GetObjectCommand(object))).rejects.toMatchObject(failed);
    expect(await client.send(new HeadObjectCommand(object))).toMatchObject({ ETag: helloMd5 });
  });

  test('a fault waits for its operation', async () => {
    server.failNext({ operation: 'GetObject', status: 500 });
    await client.send(new HeadObjectCommand(object));
    await expect(client.send(new GetObjectCommand(object))).rejects.toMatchObject({ name: 'InternalError' });
  });

  test('a connection can be reset', async () => {
    server.failNext({ reset: true });
    await expect(client.send(new GetObjectCommand(object))).rejects.toMatchObject({ code: 'ECONNRESET' });
    await client.send(new GetObjectCommand(object));
  });

  test('an answer can be late', async () => {
    server.failNext({ delayMs: 200 });
    const start = performance.now();
    await client.send(new HeadObjectCommand(object));
    expect(performance.now() - start).toBeGreaterThan(190);
  });

  test('requests are counted by operation', async () => {
    server.failNext({ operation: 'HeadObject', status: 503, code: 'SlowDown' });
    await client.send(new HeadObjectCommand(object)).catch(() => undefined);
    await client.send(new HeadObjectCommand(object));
    await client.send(new GetObjectCommand(object));
    expect(server.calls).toMatchObject({ HeadObject: 2, GetObject: 1, PutObject: 0 });
  });
});

/** A client without retries, so that each call is one request. It sees an address and thus uses path style by itself. */
function clientOf(environment: AwsEnvironment): S3Client {
  return new S3Client({
    endpoint: environment.AWS_ENDPOINT_URL_S3,
    region: environment.AWS_REGION,
    credentials: { accessKeyId: environment.AWS_ACCESS_KEY_ID, secretAccessKey: environment.AWS_SECRET_ACCESS_KEY },
    maxAttempts: 1,
  });
}

async function putAll(client: S3Client, keys: readonly string[]): Promise<void> {
  for (const key of keys) await client.send(new PutObjectCommand({ Bucket: 'data', Key: key, Body: 'hello' }));
}

async function listPages(client: S3Client, listing: { readonly Prefix: string; readonly MaxKeys: number }): Promise<string[][]> {
  const pages: string[][] = [];
  let token: string | undefined;
  do {
    const list = await client.send(new ListObjectsV2Command({ Bucket: 'data', ...listing, ContinuationToken: token }));
    pages.push((list.Contents ?? []).map(({ Key }) => Key ?? ''));
    token = list.NextContinuationToken;
  } while (token !== undefined);
  return pages;
}
