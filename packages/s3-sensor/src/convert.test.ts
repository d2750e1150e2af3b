import { AgentError } from '@flyte-agents/core';
import { describe, expect, test } from 'vitest';
import { toFolderPrefix, toLocation } from './convert.ts';

describe('a path', () => {
  test.each([
    ['s3://example-bucket/in/_SUCCESS', 'example-bucket', 'in/_SUCCESS'],
    ['S3://example-bucket/a', 'example-bucket', 'a'],
    ['s3://b.c-d/a b/ü/?x=1#y', 'b.c-d', 'a b/ü/?x=1#y'],
    ['s3://example-bucket/folder/', 'example-bucket', 'folder/'],
    ['s3://example-bucket//double', 'example-bucket', '/double'],
    ['s3://example-bucket/two\nlines', 'example-bucket', 'two\nlines'],
  ])('%j points to bucket %s, key %j', (path, bucket, key) => {
    expect(toLocation(path)).toEqual({ bucket, key });
  });

  test.each([
    ['https://example.com/data.csv', 'is a https:// URL'],
    ['gs://bucket/key', 'is a gs:// URL'],
    ['/etc/passwd', 'has no scheme'],
    ['', 'has no scheme'],
    ['s3://', 'the name of a bucket'],
    ['s3://Not_A_Bucket/key', 'the name of a bucket'],
    ['s3:///key', 'the name of a bucket'],
    ['s3://example-bucket', 'names no object'],
    ['s3://example-bucket/', 'names no object'],
  ])('%j is refused: %s', (path, reason) => {
    expect(() => toLocation(path)).toThrow(reason);
  });

  test('R8: a signed URL is refused at create, and its signature is in no message', () => {
    const signed = 's3://example-bucket/key?X-Amz-Credential=id&X-Amz-Signature=secretsignature';
    const error = refusal(signed);
    expect(AgentError.is(error)).toBe(true);
    expect(String(error)).not.toContain('secretsignature');
  });
});

test('a folder has one slash at its end', () => {
  expect([toFolderPrefix('a/b'), toFolderPrefix('a/b/')]).toEqual(['a/b/', 'a/b/']);
});

function refusal(path: string): unknown {
  try {
    return toLocation(path);
  } catch (error) {
    return error;
  }
}
