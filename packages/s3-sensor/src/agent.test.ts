import { AgentError, createLogger, Inputs, type AgentContext } from '@flyte-agents/core';
import { expect, test } from 'vitest';
import { S3Sensor } from './agent.ts';
import type { ObjectStore } from './client.ts';
import type { Location } from './convert.ts';

const context: AgentContext = {
  signal: new AbortController().signal,
  deadline: Date.now() + 10_000,
  project: 'p',
  domain: 'd',
  logger: createLogger({ level: 'silent' }),
};

/** A store that holds keys and counts looks. */
class FakeStore implements ObjectStore {
  readonly keys = new Set<string>();
  heads = 0;
  listings = 0;
  error: Error | undefined;

  async prepare(): Promise<void> {}

  async hasObject({ key }: Location): Promise<boolean> {
    this.heads++;
    if (this.error !== undefined) throw this.error;
    return this.keys.has(key);
  }

  async hasObjectsBelow({ key }: Location): Promise<boolean> {
    this.listings++;
    return [...this.keys].some((each) => each.startsWith(`${key}/`));
  }
}

function poke(store: ObjectStore, path = 's3://bucket/key'): ReturnType<S3Sensor['poke']> {
  const inputs = Inputs.of(new Map([['path', { kind: 'string', value: path }]]));
  return new S3Sensor({ store }).poke({ config: {}, inputs }, context);
}

test('SE1: an object that is there costs one call', async () => {
  const store = new FakeStore();
  store.keys.add('key');
  expect(await poke(store)).toEqual({ met: true, message: 's3://bucket/key is there' });
  expect([store.heads, store.listings]).toEqual([1, 0]);
});

test('SE1: a folder with something in it is there', async () => {
  const store = new FakeStore();
  store.keys.add('key/part-0');
  expect(await poke(store)).toMatchObject({ met: true });
});

test('SE1: nothing there is no error', async () => {
  expect(await poke(new FakeStore())).toEqual({ met: false, message: 'waiting for s3://bucket/key' });
});

test('an error names the place and is an AgentError', async () => {
  const store = new FakeStore();
  store.error = Object.assign(new Error('Please reduce your request rate.'), { name: 'SlowDown', $metadata: { httpStatusCode: 503 } });
  const error = await poke(store).catch((caught: unknown) => caught);
  expect(AgentError.is(error) && error).toMatchObject({ code: 'RESOURCE_EXHAUSTED', passes: true, origin: 'system' });
  expect(String(error)).toContain('S3 s3://bucket/key: 503 SlowDown: Please reduce your request rate.');
});

test('a path that is not on S3 is refused before any look', () => {
  const inputs = Inputs.of(new Map([['path', { kind: 'string', value: 'https://example.com/x' }]]));
  expect(() => new S3Sensor({ store: new FakeStore() }).check({ config: {}, inputs })).toThrow('is a https:// URL');
});
