import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finish } from '@flyte-agents/test-upstreams';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pack, type PackedPackage } from './pack.ts';
import { publishedPackages } from './workspace.ts';

const binaries = join(import.meta.dirname, '../node_modules/.bin');

/** Needs the build, which `pnpm test` makes first. */
describe.each(publishedPackages().map((each) => ({ name: each.manifest.name, each })))('$name, packed', ({ each }) => {
  let place: string;
  let packed: PackedPackage;

  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), 'flyte-agents-pack-'));
    packed = await pack(each, place);
  });
  afterAll(async () => rm(place, { recursive: true, force: true }));

  test('is accepted by publint', async () => {
    const { messages, pkg } = await publint({ pack: { tarball: await readTarball(packed.filename) }, level: 'warning' });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  test('holds no tests and no test data', () => {
    const paths = packed.files.map(({ path }) => path);
    expect(paths).toContain('package.json');
    expect(paths.filter((path) => /\.test\.|__fixtures__|tsbuildinfo|\.api\.md/.test(path))).toEqual([]);
  });

  test('OP12: holds its README and the licence', () => {
    expect(packed.files.map(({ path }) => path)).toEqual(expect.arrayContaining(['README.md', 'LICENSE']));
  });

  // A package that only depends on others has nothing to import.
  if (each.manifest.exports === undefined) return;
  test('has types for every way of resolving it as ESM', async () => {
    const command = [packed.filename, '--profile', 'esm-only', '--format', 'table-flipped', '--no-color'];
    const { ended, output } = await finish(join(binaries, 'attw'), command);
    expect({ ended, output }).toMatchObject({ ended: 'exit code 0' });
  });
});

async function readTarball(path: string): Promise<ArrayBuffer> {
  return Uint8Array.from(await readFile(path)).buffer;
}
