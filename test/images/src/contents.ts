import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Podman } from '@flyte-agents/test-upstreams';
import { root } from './base.ts';

/** Where images have their files: no shell, no package manager, and nothing of the machine that built them. */
const allowedFiles = [
  /^etc\/(?:group|nsswitch\.conf|os-release|passwd)$/,
  /^(?:usr\/)?lib(?:64)?\/(?:[a-z0-9_]+-linux-gnu\/)?[a-z0-9_+.-]+\.so(?:\.\d+)*$/i,
  /^usr\/bin\/env$/,
  /^usr\/local\/LICENSE$/,
  /^usr\/local\/bin\/(?:c0|flyte-agents|fserve|node|pyflyte)$/,
  /^usr\/share\/doc\/[a-z0-9+.-]+\/copyright$/,
  /^var\/lib\/dpkg\/status\.d\/[a-z0-9+.-]+$/,
  /^app\/(?:README\.md|LICENSE|package\.json|pnpm-lock\.yaml|pnpm-workspace\.yaml|dist\/.*|node_modules\/.*)$/,
];

/** Looks through the files of an image. @throws Error that names those that do not belong there, and packages that are not locked */
export async function checkContents(podman: Podman, image: string): Promise<string> {
  const folder = (await podman.run(['image', 'mount', image])).trim();
  try {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1));
    const foreign = files.filter((file) => !allowedFiles.some((pattern) => pattern.test(file)));
    if (foreign.length > 0) throw new Error(`does not belong there: ${foreign.slice(0, 10).join(', ')}`);
    const sources = files.filter((file) => /\.(?:ts|mts|cts|node)$|(?:^|\/)\.npmrc$/.test(file));
    if (sources.length > 0) throw new Error(`is not needed: ${sources.slice(0, 10).join(', ')}`);
    const packages = files.filter((file) => /\/node_modules\/(?:@[^/]+\/)?[^/@.]+\/package\.json$/.test(`/${file}`));
    const unlocked = notLocked(packages.map((file) => readFileSync(join(folder, file), 'utf8')));
    if (unlocked.length > 0) throw new Error(`not in pnpm-lock.yaml: ${unlocked.join(', ')}`);
    return `${files.length} files, ${packages.length} packages, all in pnpm-lock.yaml`;
  } finally {
    await podman.run(['image', 'unmount', image]);
  }
}

function notLocked(manifests: readonly string[]): readonly string[] {
  const lock = readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8');
  return manifests
    .map((text) => {
      const { name, version }: { readonly name: string; readonly version: string } = JSON.parse(text);
      return `${name}@${version}`;
    })
    .filter((id) => !id.startsWith('@flyte-agents/') && !lock.includes(`\n  ${id}:`) && !lock.includes(`\n  '${id}':`));
}
