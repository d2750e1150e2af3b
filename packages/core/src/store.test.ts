import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FileStore } from './store.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'flyte-agents-store-'));
});
afterEach(async () => rm(folder, { recursive: true }));

const bytes = new TextEncoder().encode('outputs');

describe('a file store', () => {
  test('writes an object and its folders, and leaves nothing else', async () => {
    await new FileStore([folder]).write(`${pathToFileURL(folder).href}/run/n0/data/0/outputs.pb`, bytes);
    expect(await readFile(join(folder, 'run/n0/data/0/outputs.pb'), 'utf8')).toBe('outputs');
    expect(await readdir(join(folder, 'run/n0/data/0'))).toEqual(['outputs.pb']);
  });

  test('writes an object again', async () => {
    const store = new FileStore([folder]);
    const url = `${pathToFileURL(folder).href}/outputs.pb`;
    await store.write(url, bytes);
    await store.write(url, new TextEncoder().encode('again'));
    expect(await readFile(join(folder, 'outputs.pb'), 'utf8')).toBe('again');
  });

  test.each([
    ['a folder above', (root: string) => `${pathToFileURL(root).href}/../outputs.pb`],
    ['a folder above, encoded', (root: string) => `${pathToFileURL(root).href}/%2e%2e/outputs.pb`],
    ['a folder whose name begins the same', (root: string) => `${pathToFileURL(root).href}-other/outputs.pb`],
    ['another place', () => 'file:///etc/outputs.pb'],
  ])('C14: writes nothing to %s', async (_name, url) => {
    await expect(new FileStore([folder]).write(url(folder), bytes)).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('storeRoots'),
    });
    expect(await readdir(folder)).toEqual([]);
  });

  test('C14: follows no link out of its folder', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'flyte-agents-elsewhere-'));
    await symlink(elsewhere, join(folder, 'link'));
    await expect(new FileStore([folder]).write(`${pathToFileURL(folder).href}/link/outputs.pb`, bytes)).rejects.toThrow('storeRoots');
    expect(await readdir(elsewhere)).toEqual([]);
    await rm(elsewhere, { recursive: true });
  });

  test.each(['s3://bucket/outputs.pb', '/tmp/outputs.pb'])('has no place for %s, and names the setting', async (url) => {
    await expect(new FileStore([folder]).write(url, bytes)).rejects.toThrow('storeRoots');
  });
});
