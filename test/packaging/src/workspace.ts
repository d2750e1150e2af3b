import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** A package.json, as far as the checks read it. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  /** By entry: where each condition leads. */
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly 'flyte-agents'?: object;
}

/** A package of the workspace. */
export interface WorkspacePackage {
  /** Its folder, absolute. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** The root of the repository. */
export const root: string = resolve(import.meta.dirname, '../../..');

/** The packages below `packages`, and proto. */
export function publishedPackages(): readonly WorkspacePackage[] {
  const folders = readdirSync(join(root, 'packages')).map((name) => join(root, 'packages', name));
  return [join(root, 'proto'), ...folders]
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .map((folder) => ({ folder, manifest: readManifest(folder) }))
    .filter(({ manifest }) => manifest.private !== true);
}

/** The packages that are agents: their package.json has a `flyte-agents` field. */
export function agentPackages(): readonly WorkspacePackage[] {
  return publishedPackages().filter(({ manifest }) => manifest['flyte-agents'] !== undefined);
}

/** The package.json in a folder. */
export function readManifest(folder: string): Manifest {
  // The workspace's own files, which pnpm has read already.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

/** What a package exports types from: `.` and `./client`, each with its file of types below the package's folder. */
export function typedEntries({ manifest }: WorkspacePackage): readonly { readonly entry: string; readonly types: string }[] {
  return Object.entries(manifest.exports ?? {}).flatMap(([entry, target]) =>
    typeof target === 'object' && target['types'] !== undefined ? [{ entry, types: target['types'] }] : [],
  );
}
