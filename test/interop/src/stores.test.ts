import { randomUUID } from 'node:crypto';
import { ObjectStore, parseLocation, type ObjectInfo } from '@flyte-agents/core';
import { installTimeoutMs } from '@flyte-agents/test-upstreams';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { places, type Place } from './places.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const signal = new AbortController().signal;

for (const { name, needs, isService, start } of places) {
  describe.skipIf(!needs.available)(`the store on ${name}${needs.note}`, () => {
    let place: Place;
    let store: ObjectStore;
    /** A folder of this test's own. */
    let folder: string;

    beforeAll(async () => {
      place = await start();
      for (const [variable, value] of Object.entries(place.environment)) vi.stubEnv(variable, value);
      store = new ObjectStore({ roots: [place.url] });
    }, installTimeoutMs);
    afterAll(async () => {
      vi.unstubAllEnvs();
      await place?.stop();
    });
    beforeEach(() => {
      folder = `${place.url}/${randomUUID()}`;
    });
    const inFolder = (key: string): string => `${folder}/${key}`;
    /** The names below the folder, page by page. */
    async function listed(prefix: string, options: { readonly shallow?: boolean; readonly pageSize?: number } = {}): Promise<string[][]> {
      const at = parseLocation(`${folder}/x`);
      const own = at.key.slice(0, -1);
      const pages: string[][] = [];
      for await (const { objects } of store.list({ ...at, key: `${own}${prefix}` }, { ...options, signal })) {
        pages.push(objects.map(({ key }) => key.slice(own.length)));
      }
      return pages;
    }

    test('gives back what was written, whatever the name', async () => {
      for (const key of ['outputs.pb', 'a/b c/höhe+1&2=3', '100%25 sure', 'a#b?c', "it's (a) 'name'!*"]) {
        if (place.url.startsWith('file:') && /[%#?]/.test(key)) continue;
        await store.write(inFolder(key), bytes(key), signal);
        expect(new TextDecoder().decode(await store.read(inFolder(key), { maxBytes: 100, signal }))).toBe(key);
        expect(await store.stat(inFolder(key), signal)).toMatchObject({ size: Buffer.byteLength(key) });
      }
    });

    test('replaces what was there, and knows the difference', async () => {
      await store.write(inFolder('a'), bytes('first'), signal);
      const first = await store.stat(inFolder('a'), signal);
      await store.write(inFolder('a'), bytes('second'), signal);
      const second = await store.stat(inFolder('a'), signal);
      expect([first?.size, second?.size]).toEqual([5, 6]);
      expect(new TextDecoder().decode(await store.read(inFolder('a'), { maxBytes: 6, signal }))).toBe('second');
      expect(first?.etag === second?.etag).toBe(!isService);
    });

    test('keeps an empty object', async () => {
      await store.write(inFolder('empty'), bytes(''), signal);
      expect(await store.read(inFolder('empty'), { maxBytes: 0, signal })).toHaveLength(0);
      expect(await store.stat(inFolder('empty'), signal)).toMatchObject({ size: 0 });
    });

    test('SE8: says how large an object is, and when it was written by which clock', async () => {
      await store.write(inFolder('a'), bytes('hello'), signal);
      const seen = await store.stat(inFolder('a'), signal);
      expect(seen).toMatchObject({ key: parseLocation(inFolder('a')).key, size: 5, modifiedAt: expect.any(Number) });
      expect(Math.abs((seen?.modifiedAt ?? 0) - Date.now())).toBeLessThan(10_000);
      expect(Math.abs((seen?.seenAt ?? 0) - Date.now())).toBeLessThan(10_000);
      expect(seen?.etag ?? 'none').toMatch(isService ? /^[^"]{8,}$/ : /^none$/);
      const [page] = await all(store.list(inFolder(''), { signal }));
      expect(page?.objects).toEqual([info(seen)]);
      expect(Math.abs((page?.seenAt ?? 0) - Date.now())).toBeLessThan(10_000);
    });

    test('has nothing to say of what is not there', async () => {
      expect(await store.stat(inFolder('nothing'), signal)).toBeUndefined();
      await expect(store.read(inFolder('nothing'), { maxBytes: 10, signal })).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect((await listed('nothing/')).flat()).toEqual([]);
    });

    test('a folder is no object', async () => {
      await store.write(inFolder('folder/a'), bytes('x'), signal);
      expect(await store.stat(inFolder('folder'), signal)).toBeUndefined();
    });

    test('reads no more than it may', async () => {
      await store.write(inFolder('large'), new Uint8Array(300_000), signal);
      const read = store.read(inFolder('large'), { maxBytes: 299_999, signal });
      await expect(read).rejects.toMatchObject({ code: 'OUT_OF_RANGE', message: expect.stringContaining('299999 bytes') });
      expect(await store.read(inFolder('large'), { maxBytes: 300_000, signal })).toHaveLength(300_000);
    });

    test('SE5: lists page by page whatever begins with a name', async () => {
      for (const key of ['in/1', 'in/2', 'in/3', 'in/sub/4', 'in-between/5', 'out/6']) await store.write(inFolder(key), bytes('x'), signal);
      const pages = await listed('in', { pageSize: 2 });
      expect(pages.flat().toSorted()).toEqual(['in-between/5', 'in/1', 'in/2', 'in/3', 'in/sub/4']);
      expect(pages.every((page) => page.length <= 2)).toBe(true);
      expect((await listed('in/')).flat()).toEqual(['in/1', 'in/2', 'in/3', 'in/sub/4']);
      expect((await listed('in/', { shallow: true })).flat()).toEqual(['in/1', 'in/2', 'in/3']);
    });

    test('C14: reads, writes and lists nothing outside of its roots', async () => {
      await store.write(inFolder('pre/a'), bytes('x'), signal);
      await store.write(inFolder('prefix/b'), bytes('x'), signal);
      const narrow = new ObjectStore({ roots: [inFolder('pre')] });
      const refused = { code: 'FAILED_PRECONDITION', message: expect.stringContaining('storeRoots') };
      expect(await narrow.stat(inFolder('pre/a'), signal)).toMatchObject({ size: 1 });
      await expect(narrow.stat(inFolder('prefix/b'), signal)).rejects.toMatchObject(refused);
      await expect(narrow.read(inFolder('prefix/b'), { maxBytes: 10, signal })).rejects.toMatchObject(refused);
      await expect(narrow.write(inFolder('c'), bytes('x'), signal)).rejects.toMatchObject(refused);
      await expect(all(narrow.list(inFolder('pre'), { signal }))).rejects.toMatchObject(refused);
      expect(await store.stat(inFolder('c'), signal)).toBeUndefined();
    });

    test.each(isService ? ['bucket'] : [])('SE4: says that a %s is missing', async () => {
      const elsewhere = new ObjectStore();
      const missing = place.url.replace(/\w+$/, 'nowhere');
      const refused = {
        code: 'NOT_FOUND',
        passes: false,
        origin: 'system',
        message: expect.stringMatching(/\(create the (bucket|container), or correct the path\)$/),
      };
      await expect(all(elsewhere.list(`${missing}/a`, { signal }))).rejects.toMatchObject(refused);
      await expect(elsewhere.read(`${missing}/a`, { maxBytes: 10, signal })).rejects.toMatchObject(refused);
      await expect(elsewhere.write(`${missing}/a`, bytes('x'), signal)).rejects.toMatchObject(refused);
    });

    test('R5: begins nothing for a call that is over', async () => {
      const read = store.read(inFolder('a'), { maxBytes: 10, signal: AbortSignal.abort() });
      await expect(read).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED', passes: true });
    });
  });
}

async function all<Value>(values: AsyncIterable<Value>): Promise<Value[]> {
  const read: Value[] = [];
  for await (const value of values) read.push(value);
  return read;
}

/** What a listing tells, too. */
function info(seen: (ObjectInfo & { readonly seenAt?: number }) | undefined): object {
  const { key, size, etag, modifiedAt } = seen ?? { key: '', size: 0 };
  return expect.objectContaining({ key, size, ...(etag !== undefined && { etag }), modifiedAt });
}
