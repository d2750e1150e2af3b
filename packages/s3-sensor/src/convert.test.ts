import { AgentError, Inputs } from '@flyte-agents/core';
import { describe, expect, test } from 'vitest';
import { sensorTask } from './__fixtures__/objects.ts';
import { toTargets } from './convert.ts';

/** What becomes of one path. */
function target(path: string, glob = false): object | undefined {
  return toTargets(sensorTask({}, { path }).inputs, { glob })[0];
}

function refusal(path: string): AgentError {
  try {
    target(path);
  } catch (error) {
    return AgentError.from(error);
  }
  throw new TypeError('it was not refused');
}

describe('SE1: a path', () => {
  test.each([
    ['s3://example-bucket/in/_SUCCESS', 's3', 'example-bucket', 'in/_SUCCESS'],
    ['gs://example-bucket/in', 'gs', 'example-bucket', 'in'],
    ['abfs://data@acme.dfs.core.windows.net/in', 'azure', 'data', 'in'],
    ['file:///data/in', 'file', '', '/data/in'],
    ['/data/in', 'file', '', '/data/in'],
    ['s3://example-bucket/*.csv', 's3', 'example-bucket', '*.csv'],
  ])('%s stands for objects', (path, service, container, key) => {
    expect(target(path)).toMatchObject({ kind: 'objects', path, at: { service, container, key }, glob: undefined });
  });

  test.each(['https://example.com/data.csv?day=1', 'HTTP://example.com/'])('%s stands for a document', (path) => {
    expect(target(path, true)).toMatchObject({ kind: 'document', path: path.replace('?day=1', '') });
  });

  test.each([
    ['ftp://example.com/x', 'input path: the location is a ftp:// URL'],
    ['data/in', 'input path: the location has no scheme'],
    ['s3://example-bucket', 'input path: names no object: add its key'],
    ['s3://example-bucket/', 'input path: names no object: add its key'],
    ['s3://Not_A_Bucket/key', 'the name of a bucket'],
    ['http://', 'input path: is no http:// or https:// URL'],
  ])('%j is refused: %s', (path, reason) => {
    expect(refusal(path)).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(reason) });
  });

  test.each([
    's3://example-bucket/key?X-Amz-Credential=id&X-Amz-Signature=geheim',
    's3://example-bucket/key?AWSAccessKeyId=geheim&Signature=geheim',
    'gs://example-bucket/key?X-Goog-Signature=geheim',
    'https://acme.blob.core.windows.net/data/a?sv=2025-01-05&sig=geheim',
    'https://example.com/a?token=geheim',
    'https://example.com/a?x=1&access_token=geheim',
    'https://example.com/a?api_key=geheim',
    'https://user:geheim@example.com/a',
    'https://geheim@example.com/a',
  ])('R8: with a credential in it is refused at create, and not repeated: %s', (path) => {
    const { message } = refusal(path);
    expect(message).toMatch(/would be stored in the cluster; .*sensor_config\.kind http with secret_(headers|query), which name/);
    expect(message).not.toContain('geheim');
  });
});

describe('SE2: several paths', () => {
  test('come from both inputs and from the config', () => {
    const { inputs } = sensorTask({}, { path: 's3://bucket/a', paths: ['s3://bucket/b', 's3://bucket/c'] });
    const paths = toTargets(inputs, { paths: ['s3://bucket/d'] }).map(({ path }) => path);
    expect(paths).toEqual(['s3://bucket/a', 's3://bucket/b', 's3://bucket/c', 's3://bucket/d']);
  });

  test.each<[Readonly<Record<string, string | string[]>>, readonly string[], string]>([
    [{}, [], 'input path: expected a string'],
    [{ paths: [] }, [], 'input path: expected a string'],
    [{ paths: 's3://bucket/a' }, [], 'input paths: expected a list of strings'],
    [{ paths: ['s3://bucket/a', 'nowhere'] }, [], 'input paths[1]: the location has no scheme'],
    [{}, ['nowhere'], 'sensor_config.paths[0]: the location has no scheme'],
    [{ paths: Array.from({ length: 101 }, () => 's3://bucket/a') }, [], '101 paths are given; a task may wait for 100'],
  ])('%j and %j are refused: %s', (inputs, paths, reason) => {
    expect(() => toTargets(sensorTask({}, inputs).inputs, { paths: [...paths] })).toThrow(reason);
  });

  test('a list of other things is none', () => {
    const items = [{ kind: 'integer', value: 1n }] as const;
    expect(() => toTargets(Inputs.of(new Map([['paths', { kind: 'collection', items }]])), {})).toThrow('expected a list of strings');
  });
});

test('SE2: wildcards are characters like any other, unless the task asks for them', () => {
  expect(target('s3://bucket/in/*.csv')).toMatchObject({ glob: undefined });
  expect(target('s3://bucket/in/*.csv', true)).toMatchObject({ glob: { prefix: 'in/' } });
  expect(target('s3://bucket/in/a.csv', true)).toMatchObject({ glob: undefined });
});
