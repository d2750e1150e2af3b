import { run } from '@flyte-agents/test-upstreams';
import type { WorkspacePackage } from './workspace.ts';

/** A package as it is published. */
export interface PackedPackage {
  /** The path of the tarball. */
  readonly filename: string;
  readonly integrity: string;
  readonly files: readonly { readonly path: string }[];
}

/** Packs a package into a folder; needs its build, which `pnpm test` makes first. */
export async function pack({ folder }: WorkspacePackage, destination: string): Promise<PackedPackage> {
  return JSON.parse(await run('pnpm', ['pack', '--json', '--pack-destination', destination], { cwd: folder }));
}
