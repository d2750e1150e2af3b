import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishedPackages } from './workspace.ts';

const run = promisify(execFile);
const binaries = join(import.meta.dirname, '../node_modules/.bin');

/** Needs the build, which `pnpm test` makes first. */
describe.each(publishedPackages().map(({ folder, manifest }) => ({ name: manifest.name, folder, manifest })))(
  '$name, packed',
  ({ folder, manifest }) => {
    let place: string;
    let tarball: string;

    beforeAll(async () => {
      place = await mkdtemp(join(tmpdir(), 'flyte-agents-pack-'));
      await run('pnpm', ['pack', '--pack-destination', place], { cwd: folder });
      tarball = join(place, (await readdir(place)).find((file) => file.endsWith('.tgz')) ?? 'missing.tgz');
    });
    afterAll(async () => rm(place, { recursive: true, force: true }));

    test('is accepted by publint', async () => {
      const { messages, pkg } = await publint({ pack: { tarball: await readTarball(tarball) }, level: 'warning' });
      expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
    });

    test('holds no tests and no test data', async () => {
      const { stdout } = await run('tar', ['tzf', tarball]);
      expect(stdout.split('\n').filter((path) => /\.test\.|__fixtures__|tsbuildinfo/.test(path))).toEqual([]);
    });

    // A package that only depends on others has nothing to import.
    if (manifest.exports === undefined) return;
    test('has types for every way of resolving it as ESM', async () => {
      const command = [tarball, '--profile', 'esm-only', '--format', 'table-flipped', '--no-color'];
      const problems = await run(join(binaries, 'attw'), command).then(
        () => '',
        (error: unknown) => (error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error)),
      );
      expect(problems).toBe('');
    });
  },
);

async function readTarball(path: string): Promise<ArrayBuffer> {
  return Uint8Array.from(await readFile(path)).buffer;
}
