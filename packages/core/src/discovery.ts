import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
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
  readonly 'flyte-agents'?: object;
}

/**
 * Finds the installed agents and imports their packages: those named (`s3-sensor` means `@flyte-agents/s3-sensor`); else the
 * package in `root` if it is one; else the direct dependencies of `root` that are. A package is an agent if and only if its
 * package.json has a `flyte-agents` field; only such packages are ever imported.
 *
 * @throws Error when a named package is not installed or is no agent, or when there is none at all
 */
export async function discoverAgents(root: string, names: readonly string[] = []): Promise<readonly AgentPackage[]> {
  const folder = resolve(root);
  if (names.length > 0) return Promise.all(names.map((name) => load(folder, name.includes('/') ? name : `@flyte-agents/${name}`)));
  const own = await readManifest(join(folder, 'package.json'));
  if (own?.['flyte-agents'] !== undefined) return [await importAgents(own, folder)];
  const dependencies = Object.keys(own?.dependencies ?? {}).toSorted();
  const manifests = await Promise.all(dependencies.map((name) => readManifest(manifestPath(folder, name))));
  const agents = manifests.filter((manifest) => manifest?.['flyte-agents'] !== undefined).map((manifest) => manifest?.name ?? '');
  if (agents.length > 0) return Promise.all(agents.map((name) => load(folder, name)));
  throw new Error(
    `${folder} depends on no agent: install one (npm install @flyte-agents/s3-sensor), or name the folder that has them with --root`,
  );
}

async function load(folder: string, name: string): Promise<AgentPackage> {
  const path = manifestPath(folder, name);
  const manifest = await readManifest(path);
  if (manifest === undefined) throw new Error(`${name} is not installed in ${folder}: npm install ${name}`);
  if (manifest['flyte-agents'] === undefined) throw new Error(`${name} is no agent: its package.json has no "flyte-agents" field`);
  return importAgents(manifest, createRequire(join(folder, 'package.json')).resolve(name));
}

async function importAgents({ name, version }: Manifest, entry: string): Promise<AgentPackage> {
  const path = entry.endsWith('.ts') || entry.endsWith('.js') ? entry : createRequire(join(entry, 'package.json')).resolve(name);
  const loaded: unknown = await import(pathToFileURL(path).href);
  const agents = typeof loaded === 'object' && loaded !== null && 'default' in loaded ? loaded.default : undefined;
  if (!isAgentList(agents)) throw new Error(`${name} exports no list of agents as its default`);
  return { name, version, agents };
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

async function readManifest(path: string): Promise<Manifest | undefined> {
  try {
    // A package manager installed it, so it has the form of a package.json.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return JSON.parse(await readFile(path, 'utf8')) as Manifest;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
