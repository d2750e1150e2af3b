import { AgentError, type JsonValue, type PokeContext, type PokeResult } from '@flyte-agents/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { FakeStore, lookedAt, pokeContext, sensorTask, writtenAt } from './__fixtures__/objects.ts';
import { FileSensor } from './agent.ts';
import type { FileConfig } from './config.ts';

let store: FakeStore;
let sensor: FileSensor;
beforeEach(() => {
  store = new FakeStore();
  sensor = new FileSensor({ store });
});
afterEach(() => vi.useRealTimers());

interface Poke extends FileConfig {
  readonly inputs?: Readonly<Record<string, JsonValue>>;
  readonly outputs?: readonly string[];
  readonly context?: PokeContext;
}

async function poke(path: string | undefined, { inputs, outputs, context = pokeContext(), ...config }: Poke = {}): Promise<PokeResult> {
  return sensor.poke(sensorTask(config, { ...(path !== undefined && { path }), ...inputs }, outputs), context);
}

describe('SE1: a path', () => {
  test('of an object that is there costs one look', async () => {
    store.put('s3://bucket/in/_SUCCESS');
    expect(await poke('s3://bucket/in/_SUCCESS')).toMatchObject({ met: true, message: 's3://bucket/in/_SUCCESS is there' });
    expect([store.stats.length, store.lists.length]).toEqual([1, 0]);
  });

  test('of a folder with something in it costs two, and the second asks for one object', async () => {
    store.put('s3://bucket/in/a').put('s3://bucket/in/b');
    expect(await poke('s3://bucket/in')).toMatchObject({ met: true, message: 's3://bucket/in is there' });
    expect([store.stats, store.lists, store.pages]).toEqual([['s3://bucket/in'], ['s3://bucket/in/ 1'], 1]);
  });

  test('with a slash at its end is a folder, and costs one', async () => {
    store.put('s3://bucket/in/a');
    expect(await poke('s3://bucket/in/')).toMatchObject({ met: true });
    expect([store.stats, store.lists]).toEqual([[], ['s3://bucket/in/ 1']]);
  });

  test('of nothing is waited for', async () => {
    store.put('s3://bucket/input').put('s3://bucket/in-between/a');
    expect(await poke('s3://bucket/in')).toEqual({ met: false, message: 'waiting for s3://bucket/in' });
  });

  test.each(['gs://bucket/in', 'abfs://data/in'])('may be on other stores: %s', async (path) => {
    store.put(path.replace('abfs', 'azure'));
    expect(await poke(path)).toMatchObject({ met: true });
  });

  test('of a file is looked for where the operator says, not in the stores', async () => {
    const files = new FakeStore().put('file:///data/in');
    const context = pokeContext({
      store: {
        stat: (at) => files.stat(at),
        list: (at, options) => files.list(at, options),
        read: () => Promise.reject(new Error()),
      },
    });
    expect(await poke('/data/in', { context })).toMatchObject({ met: true, message: '/data/in is there' });
    expect(store.stats).toEqual([]);
    await expect(poke('file:///data/in', { context: pokeContext({ project: 'other' }) })).rejects.toThrow('storeRoots');
  });

  test('a fault is told as it is', async () => {
    store.error = new AgentError({ code: 'UNAVAILABLE', message: 'S3 s3://bucket/in: 503' });
    await expect(poke('s3://bucket/in')).rejects.toBe(store.error);
  });

  test('that cannot be looked at is refused before any look', () => {
    const task = sensorTask<FileConfig>({}, { path: 'ftp://example.com/x' });
    expect(() => sensor.check(task)).toThrow('is a ftp:// URL');
  });
});

describe('SE2: wildcards', () => {
  beforeEach(() => {
    store
      .put('s3://bucket/in/a.csv')
      .put('s3://bucket/in/b.csv')
      .put('s3://bucket/in/c.txt')
      .put('s3://bucket/in/sub/d.csv')
      .put('s3://bucket/in/');
  });

  test('fit names in one folder, by one listing of it', async () => {
    expect(await poke('s3://bucket/in/*.csv', { glob: true, outputs: ['keys'] })).toMatchObject({
      met: true,
      outputs: { keys: { items: [{ value: 'in/a.csv' }, { value: 'in/b.csv' }] } },
    });
    expect([store.stats, store.lists]).toEqual([[], ['s3://bucket/in/ shallow']]);
  });

  test('fit names in folders below', async () => {
    expect(await poke('s3://bucket/in/**/*.csv', { glob: true, outputs: ['keys'] })).toMatchObject({
      outputs: { keys: { items: [{ value: 'in/a.csv' }, { value: 'in/b.csv' }, { value: 'in/sub/d.csv' }] } },
    });
    expect(store.lists).toEqual(['s3://bucket/in/']);
  });

  test('that fit nothing are waited for', async () => {
    expect(await poke('s3://bucket/in/*.parquet', { glob: true })).toEqual({ met: false, message: 'waiting for s3://bucket/in/*.parquet' });
  });

  test('are characters like any other unless asked for', async () => {
    expect(await poke('s3://bucket/in/*.csv')).toMatchObject({ met: false });
    store.put('s3://bucket/in/*.csv');
    vi.useFakeTimers({ now: Date.now() + 10_000 });
    expect(await poke('s3://bucket/in/*.csv', { context: pokeContext({ project: 'other' }) })).toMatchObject({ met: true });
  });
});

describe('SE2: several paths', () => {
  const inputs = { paths: ['s3://bucket/a', 'gs://bucket/b'] };

  test('must all be there', async () => {
    store.put('s3://bucket/a');
    expect(await poke(undefined, { inputs })).toEqual({ met: false, message: 'waiting for gs://bucket/b' });
    store.put('gs://bucket/b');
    expect(await poke(undefined, { inputs, context: pokeContext({ project: 'other' }) })).toMatchObject({
      met: true,
      message: 's3://bucket/a is there; gs://bucket/b is there',
    });
  });

  test('or any of them', async () => {
    store.put('gs://bucket/b');
    expect(await poke('s3://bucket/a', { match: 'any', paths: ['gs://bucket/b'], outputs: ['paths'] })).toMatchObject({
      met: true,
      message: 'gs://bucket/b is there',
      outputs: { paths: { items: [{ value: 'gs://bucket/b' }] } },
    });
  });

  test('of which one cannot be looked at', async () => {
    store.put('gs://bucket/b');
    const refused = new AgentError({ code: 'PERMISSION_DENIED', message: 'no' });
    const passing = new AgentError({ code: 'UNAVAILABLE', message: 'busy' });
    vi.spyOn(store, 'stat').mockImplementation((at) => {
      const key = typeof at === 'string' ? '' : at.key;
      if (key === 'a') return Promise.reject(passing);
      return key === 'c' ? Promise.reject(refused) : FakeStore.prototype.stat.call(store, at);
    });
    expect(await poke('s3://bucket/a', { match: 'any', paths: ['gs://bucket/b'] })).toMatchObject({ met: true });
    await expect(poke('s3://bucket/a', { paths: ['gs://bucket/b'] })).rejects.toBe(passing);
    await expect(poke('s3://bucket/a', { paths: ['gs://bucket/b', 's3://bucket/c'] })).rejects.toBe(refused);
    await expect(poke('s3://bucket/a', { match: 'any', paths: ['gs://bucket/nothing'] })).rejects.toBe(passing);
  });

  test('are told in a few words', async () => {
    const paths = ['a', 'b', 'c', 'd', 'e'].map((key) => `s3://bucket/${key}`);
    expect((await poke(undefined, { paths })).message).toBe(
      'waiting for s3://bucket/a; waiting for s3://bucket/b; waiting for s3://bucket/c; 2 more',
    );
  });
});

describe('SE8, SE9: conditions', () => {
  test('are those of the objects in a folder', async () => {
    store.put('s3://bucket/in/').put('s3://bucket/in/a', { size: 1 }).put('s3://bucket/in/b', { size: 10 });
    expect(await poke('s3://bucket/in', { min_size: 5, min_count: 2 })).toMatchObject({ met: false });
    expect(await poke('s3://bucket/in', { min_size: 5 })).toMatchObject({ met: true });
    expect(await poke('s3://bucket/in', { min_count: 3 })).toMatchObject({
      met: false,
      message: 'waiting for s3://bucket/in: 2 of 3 there',
    });
  });

  test('hold for an object', async () => {
    store.put('s3://bucket/a', { metadata: { state: 'final' }, modifiedAt: lookedAt - 60_000 });
    expect(await poke('s3://bucket/a', { metadata: { state: 'final' }, unchanged_for: 60_000 })).toMatchObject({ met: true });
    expect(await poke('s3://bucket/a', { metadata: { state: 'draft' } })).toMatchObject({ met: false });
    expect(await poke('s3://bucket/a', { unchanged_for: 61_000 })).toMatchObject({ met: false });
  });

  test('newer than the task’s own start', async () => {
    store.put('s3://bucket/old').put('s3://bucket/new', { modifiedAt: writtenAt + 300_000 });
    expect(await poke('s3://bucket/old', { newer_than: 'start' })).toMatchObject({ met: false });
    expect(await poke('s3://bucket/new', { newer_than: 'start' })).toMatchObject({ met: true });
  });
});

describe('SE5: a listing', () => {
  test('ends after ten thousand objects: the task fails and says what to do', async () => {
    for (let i = 0; i < 10_001; i++) store.put(`s3://bucket/in/${i}.txt`);
    const tooMany = {
      code: 'FAILED_PRECONDITION',
      passes: false,
      message: expect.stringContaining('10000 objects were looked at and there are more'),
    };
    await expect(poke('s3://bucket/in/*.csv', { glob: true })).rejects.toMatchObject(tooMany);
    expect(store.pages).toBe(10);
    await expect(poke('s3://bucket/in/*.txt', { glob: true, outputs: ['keys'] })).rejects.toMatchObject(tooMany);
    await expect(poke('s3://bucket/in', { unchanged_for: 1000 })).rejects.toMatchObject(tooMany);
    // What was seen is enough to say that the condition holds.
    expect(await poke('s3://bucket/in/*.txt', { glob: true, min_count: 5000 })).toMatchObject({ met: true });
    expect(await poke('s3://bucket/in')).toMatchObject({ met: true });
  });

  test('of little on many pages ends too', async () => {
    vi.spyOn(store, 'list').mockImplementation(async function* () {
      for (;;) {
        store.pages++;
        yield { objects: [], seenAt: lookedAt };
      }
    });
    await expect(poke('s3://bucket/*/a', { glob: true })).rejects.toThrow('0 objects were looked at and there are more');
    expect(store.pages).toBe(30);
  });
});

test('SE10: tells the objects that count, in four lists', async () => {
  store.put('s3://bucket/in/a', { size: 5 }).put('s3://bucket/in/b', { size: 6, etag: undefined }).put('s3://bucket/in/c', { size: 1 });
  const { outputs } = await poke('s3://bucket/in', { min_size: 5, outputs: ['keys'] });
  const values = Object.entries(outputs ?? {}).map(([name, literal]) => [
    name,
    literal.kind === 'collection' ? literal.items.map((item) => 'value' in item && item.value) : [],
  ]);
  expect(Object.fromEntries(values)).toEqual({
    paths: ['s3://bucket/in/a', 's3://bucket/in/b'],
    keys: ['in/a', 'in/b'],
    sizes: [5n, 6n],
    etags: ['etag of in/a', ''],
  });
  expect(Object.keys(outputs ?? {})).toEqual(Object.keys(sensor.outputs));
});

describe('SE16: a thousand sensors', () => {
  test('on one prefix are answered by one listing, whatever they look for in it', async () => {
    store.put('s3://bucket/in/a.csv').put('s3://bucket/in/b.txt');
    const results = await Promise.all(
      Array.from({ length: 1000 }, (_, index) =>
        poke(`s3://bucket/in/*.${index % 2 === 0 ? 'csv' : 'parquet'}`, { glob: true, min_size: index % 3 }),
      ),
    );
    expect(results.map(({ met }) => met)).toEqual(Array.from({ length: 1000 }, (_, index) => index % 2 === 0));
    expect(store.lists).toEqual(['s3://bucket/in/ shallow']);
  });

  test('on one object are answered by one look', async () => {
    await Promise.all(Array.from({ length: 1000 }, () => poke('s3://bucket/in')));
    expect([store.stats.length, store.lists.length]).toEqual([1, 1]);
  });

  test('of several projects are not: their rights may differ', async () => {
    await Promise.all(['a', 'b', 'a'].map((project) => poke('s3://bucket/in/*', { glob: true, context: pokeContext({ project }) })));
    expect(store.lists).toHaveLength(2);
  });
});

function hostOf(paths: string[]): string {
  return sensor.hostOf(sensorTask<FileConfig>({ paths }, {}));
}

test('C15: tells apart what may be down apart', () => {
  expect(hostOf(['s3://bucket/a', 's3://bucket/b'])).toBe(hostOf(['s3://bucket/c']));
  expect(hostOf(['https://a.example/x'])).toBe('https://a.example');
  expect(hostOf(['/data/in'])).toBe('file:///');
  expect(new Set([['s3://a1x/k'], ['gs://a1x/k'], ['https://a.example/x'], ['https://b.example/x']].map(hostOf)).size).toBe(4);
});
