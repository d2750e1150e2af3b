import { describe, expect, test } from 'vitest';
import { isUnder, parseLocation, toUrl } from './location.ts';

describe('a URL', () => {
  test.each([
    ['s3://example-bucket/in/_SUCCESS', 's3', '', 'example-bucket', 'in/_SUCCESS'],
    ['S3://example-bucket/a', 's3', '', 'example-bucket', 'a'],
    ['s3a://b.c-d/a b/ü/?x=1#y', 's3', '', 'b.c-d', 'a b/ü/?x=1#y'],
    ['s3://example-bucket/folder/', 's3', '', 'example-bucket', 'folder/'],
    ['s3://example-bucket//double', 's3', '', 'example-bucket', '/double'],
    ['s3://example-bucket/two\nlines', 's3', '', 'example-bucket', 'two\nlines'],
    ['s3://example-bucket/100%25', 's3', '', 'example-bucket', '100%25'],
    ['s3://example-bucket', 's3', '', 'example-bucket', ''],
    ['s3://example-bucket/...', 's3', '', 'example-bucket', '...'],
    ['gs://my_bucket/a', 'gs', '', 'my_bucket', 'a'],
    ['gcs://my-bucket/a', 'gs', '', 'my-bucket', 'a'],
    ['abfs://data/a/b', 'azure', '', 'data', 'a/b'],
    ['az://data/a', 'azure', '', 'data', 'a'],
    ['abfss://data@acme.dfs.core.windows.net/a', 'azure', 'acme.core.windows.net', 'data', 'a'],
    ['wasbs://data@acme.blob.core.windows.net/a', 'azure', 'acme.core.windows.net', 'data', 'a'],
    ['abfs://$web@acme.dfs.core.chinacloudapi.cn/a', 'azure', 'acme.core.chinacloudapi.cn', '$web', 'a'],
    ['file:///data/a%20b', 'file', '', '', '/data/a b'],
    ['/data/a%20b', 'file', '', '', '/data/a%20b'],
  ])('%j points to an object', (url, service, account, container, key) => {
    expect(parseLocation(url)).toEqual({ service, account, container, key });
  });

  test.each([
    ['https://example.com/data.csv', 'is a https:// URL'],
    ['', 'has no scheme'],
    ['data/a', 'has no scheme'],
    ['s3://', 'the name of a bucket'],
    ['s3:///key', 'the name of a bucket'],
    ['s3://Not_A_Bucket/key', 'the name of a bucket'],
    ['s3://user@bucket/key', 'the name of a bucket'],
    ['s3://bucket:80/key', 'the name of a bucket'],
    ['gs://b/key', 'the name of a bucket'],
    ['abfs://a--b/key', 'the name of a container'],
    ['abfs://data@acme.dfs.core.windows.net.example.com/key', 'the name of a container'],
    ['abfs://data@example.com/key', 'the name of a container'],
    ['abfs://data@127.0.0.1/key', 'the name of a container'],
    ['abfs://data@acme@acme.dfs.core.windows.net/key', 'the name of a container'],
    ['file:///data/a?b', 'with "?" or "#" in it'],
    ['file:///data/a#b', 'with "?" or "#" in it'],
    ['file://elsewhere/data', 'no file:// URL of a path on this machine'],
    ['file:///data%2fa', 'no file:// URL of a path on this machine'],
  ])('%j is refused: %s', (url, reason) => {
    expect(() => parseLocation(url)).toThrow(reason);
  });

  test.each(['..', '.', '%2e%2e', '%2E.', '.%2e', '%252e%252e', '%25252e.', '%2e'])(
    'C14: whose key has the part %j is refused in any place',
    (dots) => {
      const urls = ['s3://bucket', 'gs://bucket', 'abfs://data', 'file:///data', '/data', 'file://'].flatMap((root) => [
        `${root}/${dots}`,
        `${root}/${dots}/x`,
        `${root}/pre/${dots}`,
        `${root}/pre/${dots}/x`,
        `${root}/pre%2f${dots}%2fx`,
        `${root}/pre%252F${dots}%252Fx`,
        `${root}/pre\\${dots}\\x`,
        `${root}/pre%5c${dots}%5cx`,
      ]);
      for (const url of urls) expect(() => parseLocation(url)).toThrow('has a part that is "." or ".."');
    },
  );

  test('R8: that is refused is not repeated: it may hold a token', () => {
    for (const url of ['https://example.com/?token=geheim', 's3://user:geheim@bucket/key', 'abfs://data@geheim.example.com/x', 'geheim'])
      expect(() => parseLocation(url)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('geheim') }));
  });

  test.each(['s3://bucket/a b/?x#y', 'gs://bucket/a', 'abfs://data/a', 'abfs://data@acme.dfs.core.windows.net/a', 'file:///data/a%20b%25'])(
    '%j is written again as it was',
    (url) => {
      expect(toUrl(parseLocation(url))).toBe(url);
    },
  );
});

describe('C14: a root', () => {
  test.each([
    ['s3://bucket', 's3://bucket/a'],
    ['s3://bucket/', 's3://bucket/a'],
    ['s3://bucket/pre', 's3://bucket/pre'],
    ['s3://bucket/pre', 's3://bucket/pre/a'],
    ['s3://bucket/pre/', 's3://bucket/pre/a'],
    ['gs://bucket/pre', 'gs://bucket/pre//a'],
    ['abfs://data@acme.dfs.core.windows.net/pre', 'wasbs://data@acme.blob.core.windows.net/pre/a'],
    ['/data', 'file:///data/a'],
    ['/', '/data'],
  ])('%s holds %s', (root, url) => {
    expect(isUnder(parseLocation(root), parseLocation(url))).toBe(true);
  });

  test.each([
    ['s3://bucket/pre', 's3://bucket/prefix'],
    ['s3://bucket/pre', 's3://bucket/prefix/a'],
    ['s3://bucket/pre', 's3://bucket/Pre/a'],
    ['s3://bucket/pre', 's3://bucket//pre/a'],
    ['s3://bucket/pre', 's3://bucket'],
    ['s3://bucket', 's3://bucket2/a'],
    ['s3://bucket', 'gs://bucket/a'],
    ['abfs://data', 'abfs://data@acme.dfs.core.windows.net/a'],
    ['abfs://data@acme.dfs.core.windows.net', 'abfs://data@other.dfs.core.windows.net/a'],
    ['/data', '/data2/a'],
    ['/data', '/'],
  ])('%s does not hold %s', (root, url) => {
    expect(isUnder(parseLocation(root), parseLocation(url))).toBe(false);
  });
});
