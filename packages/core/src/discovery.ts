import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { AgentList } from './registry.ts';

/** An installed package of agents. */
export interface AgentPackage {
  /** Its npm name: `@flyte-agents/s3-sensor`. */
  readonly name: string;
  readonly version: string;
  readonly agents: AgentList;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly exports?: unknown;
  readonly 'flyte-agents'?: object;
}

/**
 * Finds the installed agents and imports their packages: those named (`s3-sensor` means `@flyte-agents/s3-sensor`); else the
 * package in `root` if it is one; else the direct dependencies of `root` that are. A package is an agent if and only if its
 * package.json has a `flyte-agents` field; only such packages are ever imported. A named package that is none stands for the
 * agents among its dependencies: `all`.
 *
 * @throws Error when a named package is not installed or leads to no agent, or when there is none at all
 */
export async function discoverAgents(root: string, names: readonly string[] = []): Promise<readonly AgentPackage[]> {
  const folder = resolve(root);
  if (names.length > 0) {
    const named = await Promise.all(names.map((name) => byName(folder, name.includes('/') ? name : `@flyte-agents/${name}`)));
    return named.flat();
  }
  const found = await inFolder(folder);
  if (found.length > 0) return found;
  throw new Error(
    `${folder} depends on no agent: install one (npm install @flyte-agents/s3-sensor), or name the folder that has them with --root`,
  );
}

async function byName(folder: string, name: string): Promise<readonly AgentPackage[]> {
  const path = manifestPath(folder, name);
  if (!existsSync(path)) throw new Error(`${name} is not installed in ${folder}: npm install ${name}`);
  const found = await inFolder(dirname(path));
  if (found.length > 0) return found;
  throw new Error(`${name} is no agent: its package.json has no "flyte-agents" field, and it depends on none that has`);
}

/** The package in a folder if it is an agent, else those of its direct dependencies that are. */
async function inFolder(folder: string): Promise<readonly AgentPackage[]> {
  const own = readManifest(join(folder, 'package.json'));
  if (own?.['flyte-agents'] !== undefined) return [await importAgents(own, folder)];
  const folders = Object.keys(own?.dependencies ?? {}).map((name) => dirname(manifestPath(folder, name)));
  const packages = await Promise.all(
    folders.toSorted().map(async (each) => {
      const manifest = readManifest(join(each, 'package.json'));
      return manifest?.['flyte-agents'] === undefined ? undefined : importAgents(manifest, each);
    }),
  );
  return packages.filter((each) => each !== undefined);
}

async function importAgents({ name, version, exports }: Manifest, folder: string): Promise<AgentPackage> {
  const loaded: unknown = await import(pathToFileURL(entryOf(name, folder, exports)).href);
  const agents = typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : undefined;
  if (!isAgentList(agents)) throw new Error(`${name} exports no list of agents as its default`);
  return { name, version, agents };
}

function entryOf(name: string, folder: string, exports: unknown): string {
  try {
    // A package may load itself by its name, which applies the conditions of its exports, but those of require.
    return createRequire(join(folder, 'package.json')).resolve(name);
  } catch (error) {
    const entry = importEntry(exports);
    if (entry === undefined) throw error;
    return join(folder, entry);
  }
}

/** The main entry of exports that only importing modules may use. */
function importEntry(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (typeof exports !== 'object' || exports === null) return undefined;
  const entry = Object.entries(exports).find(([key]) => ['.', 'node', 'import', 'default'].includes(key));
  return importEntry(entry?.[1]);
}

function isAgentList(value: unknown): value is AgentList {
  return Array.isArray(value) && value.every((entry: unknown) => typeof entry === 'object' && entry !== null && 'kind' in entry);
}

/** Where a dependency's package.json is, also when its exports do not name it; a path that is not there when it is not installed. */
function manifestPath(folder: string, name: string): string {
  const paths = createRequire(join(folder, 'package.json')).resolve.paths(name) ?? [];
  return (
    paths.map((path) => join(path, name, 'package.json')).find((path) => existsSync(path)) ??
    join(folder, 'node_modules', name, 'package.json')
  );
}

function readManifest(path: string): Manifest | undefined {
  try {
    // A package manager installed it, so it has the form of a package.json.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
