import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { bakeFile, toBakeFile } from '../../../docker/bake.ts';
import { images } from '../../../docker/images.ts';
import { nodeImage, root } from './base.ts';
import { tasks } from './tasks.ts';

const read = (path: string): string => readFileSync(join(root, path), 'utf8');
/** The flags in a file's first line. */
const flagsOf = (path: string): readonly string[] => read(path).split('\n', 1)[0]?.match(/--\S+/g) ?? [];
const names = images().map(({ name }) => name);

test('OP11: every agent has an image, and all of them have one', () => {
  expect(names).toEqual(expect.arrayContaining(['all', 'bigquery', 's3-sensor']));
  expect(names).not.toContain('template');
  expect(names).not.toContain('core');
});

test('OP11: docker-bake.hcl is what docker/bake.ts writes', () => {
  expect(readFileSync(bakeFile, 'utf8')).toBe(toBakeFile(images()));
});

test('images are built with the Node and the pnpm of the workspace', () => {
  expect(nodeImage()).toEqual({
    name: `docker.io/library/node:${nodeImage().version}-bookworm-slim`,
    version: /^nodeVersion: (\S+)$/m.exec(read('pnpm-workspace.yaml'))?.[1],
  });
  const { packageManager }: { readonly packageManager: string } = JSON.parse(read('package.json'));
  expect(read('docker/Dockerfile')).toContain(`npm install --global ${packageManager}\n`);
});

test('images start the server with every flag that the package starts it with', () => {
  expect(flagsOf('docker/flyte-agents')).toEqual(expect.arrayContaining([...flagsOf('packages/cli/src/main.ts')]));
  expect(flagsOf('packages/cli/src/main.ts')).not.toEqual([]);
});

test('every agent has a task that its image is tried with', () => {
  expect(Object.keys(tasks).toSorted()).toEqual(names.filter((name) => name !== 'all'));
});

test('the README tells the size of every image', () => {
  const rows = read('README.md').matchAll(/^\| `([\w-]+)` +\| +\d+ \| +\d+ \| +\d* \| +\d* \|$/gm);
  expect([...rows].map(([, name]) => name)).toEqual(names);
});
