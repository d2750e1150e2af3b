import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:net';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ObjectStore } from './store.ts';

let folder: string;
let elsewhere: string;
let store: ObjectStore;
const signal = new AbortController().signal;
const bytes = new TextEncoder().encode('outputs');
const outside = { code: 'FAILED_PRECONDITION', origin: 'system', passes: false, message: expect.stringContaining('storeRoots') };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flyte-agents-store-'));
  elsewhere = await mkdtemp(join(tmpdir(), 'flyte-agents-elsewhere-'));
  await writeFile(join(elsewhere, 'secret'), 'geheim');
  store = new ObjectStore({ roots: [folder] });
});
afterEach(async () => {
  await rm(folder, { recursive: true });
  await rm(elsewhere, { recursive: true });
});

async function keys(prefix: string): Promise<readonly string[]> {
  const found: string[] = [];
  const at = { service: 'file', account: '', container: '', key: `${folder}/${prefix}` } as const;
  for await (const { objects } of store.list(at, { signal })) found.push(...objects.map(({ key }) => key.slice(folder.length + 1)));
  return found;
}

describe('a store of files', () => {
  test('writes an object and its folders, and leaves nothing else', async () => {
    await store.write(`${pathToFileURL(folder).href}/run/n0/data/0/outputs.pb`, bytes, signal);
    expect(await readFile(join(folder, 'run/n0/data/0/outputs.pb'), 'utf8')).toBe('outputs');
    expect(await readdir(join(folder, 'run/n0/data/0'))).toEqual(['outputs.pb']);
  });

  test('leaves nothing of what could not be written', async () => {
    await mkdir(join(folder, 'taken'));
    await expect(store.write(join(folder, 'taken'), bytes, signal)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await readdir(folder)).toEqual(['taken']);
  });

  test('takes an object away, and one that is not there', async () => {
    await writeFile(join(folder, 'a'), 'x');
    await store.delete(join(folder, 'a'), signal);
    await store.delete(join(folder, 'a'), signal);
    await store.delete(join(folder, 'nowhere/a'), signal);
    expect(await readdir(folder)).toEqual([]);
  });

  test('takes a folder that is named from where the server was started', async () => {
    const relative = new ObjectStore({ roots: ['.'] });
    expect(await relative.stat(join(process.cwd(), 'package.json'), signal)).toMatchObject({ size: expect.any(Number) });
  });

  test('waits for nothing that is no regular file', async () => {
    const socket = createServer().listen(join(folder, 'pipe'));
    await once(socket, 'listening');
    await expect(store.read(join(folder, 'pipe'), { maxBytes: 10, signal })).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await store.stat(join(folder, 'pipe'), signal)).toBeUndefined();
    expect(await keys('')).toEqual([]);
    socket.close();
  });

  test('says that a file may not be read', async () => {
    await writeFile(join(folder, 'a'), 'x');
    const broken = new ObjectStore({ roots: [join(folder, 'a')] });
    await expect(broken.read(join(folder, 'a/b'), { maxBytes: 10, signal })).rejects.toThrow('correct the path');
  });
});

describe('C14: no file outside of the roots', () => {
  test.each([
    ['a folder whose name begins the same', () => `${pathToFileURL(folder).href}-other/outputs.pb`],
    ['another place', () => 'file:///etc/outputs.pb'],
    ['the root itself', () => folder],
    ['S3', () => 's3://bucket/outputs.pb'],
  ])('is written: %s', async (_name, url) => {
    await expect(store.write(url(), bytes, signal)).rejects.toMatchObject(outside);
    expect(await readdir(folder)).toEqual([]);
  });

  test('is reached by a link to a folder, and no folder is made behind it', async () => {
    await symlink(elsewhere, join(folder, 'link'));
    await expect(store.write(join(folder, 'link/outputs.pb'), bytes, signal)).rejects.toMatchObject(outside);
    await expect(store.write(join(folder, 'link/new/folder/outputs.pb'), bytes, signal)).rejects.toMatchObject(outside);
    await expect(store.read(join(folder, 'link/secret'), { maxBytes: 100, signal })).rejects.toMatchObject(outside);
    await expect(store.stat(join(folder, 'link/secret'), signal)).rejects.toMatchObject(outside);
    await expect(keys('link/')).rejects.toMatchObject(outside);
    await expect(store.delete(join(folder, 'link/secret'), signal)).rejects.toMatchObject(outside);
    expect(await keys('')).toEqual([]);
    expect(await readdir(elsewhere)).toEqual(['secret']);
  });

  test('is reached by a link to a file', async () => {
    await symlink(join(elsewhere, 'secret'), join(folder, 'link'));
    await expect(store.read(join(folder, 'link'), { maxBytes: 100, signal })).rejects.toMatchObject(outside);
    await expect(store.stat(join(folder, 'link'), signal)).rejects.toMatchObject(outside);
    await store.write(join(folder, 'link'), bytes, signal);
    await store.delete(join(folder, 'link'), signal);
    expect(await readFile(join(elsewhere, 'secret'), 'utf8')).toBe('geheim');
  });

  test('is there at all for a store without a folder', async () => {
    for (const roots of [undefined, [], ['s3://bucket']]) {
      await expect(new ObjectStore({ roots }).stat(join(elsewhere, 'secret'), signal)).rejects.toMatchObject(outside);
    }
  });

  test('a root that is itself behind a link is used', async () => {
    await symlink(elsewhere, join(folder, 'root'));
    const linked = new ObjectStore({ roots: [join(folder, 'root')] });
    expect(await linked.stat(join(folder, 'root/secret'), signal)).toMatchObject({ size: 6 });
  });

  test('a root that is not there holds nothing', async () => {
    const nowhere = new ObjectStore({ roots: [join(folder, 'nowhere')] });
    await expect(nowhere.write(join(folder, 'nowhere/outputs.pb'), bytes, signal)).rejects.toMatchObject(outside);
  });
});
