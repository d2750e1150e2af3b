import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { discoverAgents } from './discovery.ts';

/** The names of the packages that were imported: a fake package adds its own. */
const imported = new Set<string>();
Object.assign(globalThis, { importedByDiscoveryTest: imported });
let root: string;

beforeEach(async () => {
  imported.clear();
  root = await mkdtemp(join(tmpdir(), 'discovery-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

interface Package {
  readonly name: string;
  readonly isAgent?: boolean;
  readonly dependencies?: readonly string[];
  /** Default: a list of one agent. */
  readonly code?: string;
  readonly exports?: unknown;
}

async function install(folder: string, { name, isAgent = true, dependencies = [], code, exports = './index.js' }: Package): Promise<void> {
  const manifest = {
    name,
    version: '1.2.3',
    type: 'module',
    exports,
    dependencies: Object.fromEntries(dependencies.map((each) => [each, '*'])),
    ...(isAgent && { 'flyte-agents': {} }),
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  const list = code ?? `export default [{ kind: 'async', name: ${JSON.stringify(name)} }];`;
  await writeFile(join(folder, 'index.js'), `globalThis.importedByDiscoveryTest.add(${JSON.stringify(name)});\n${list}`);
}

/** A project that depends on packages. */
async function project(...packages: readonly Package[]): Promise<void> {
  await install(root, { name: 'project', isAgent: false, dependencies: packages.map(({ name }) => name) });
  await Promise.all(packages.map((each) => install(join(root, 'node_modules', each.name), each)));
}

async function found(...names: readonly string[]): Promise<readonly string[]> {
  return (await discoverAgents(root, names)).map(({ name }) => name);
}

describe('discovery', () => {
  test('gives a package’s name, version and agents', async () => {
    await project({ name: '@flyte-agents/bigquery' });
    expect(await discoverAgents(root)).toEqual([
      { name: '@flyte-agents/bigquery', version: '1.2.3', agents: [{ kind: 'async', name: '@flyte-agents/bigquery' }] },
    ]);
  });

  test('C14: finds the direct dependencies that are agents, and imports nothing else', async () => {
    await project({ name: 'zebra-agent' }, { name: '@acme/agent' }, { name: 'lodash', isAgent: false });
    // Installed, but nobody asked for it.
    await install(join(root, 'node_modules', 'stray-agent'), { name: 'stray-agent' });
    expect(await found()).toEqual(['@acme/agent', 'zebra-agent']);
    expect([...imported].toSorted()).toEqual(['@acme/agent', 'zebra-agent']);
  });

  test('finds the package in the folder if it is an agent, and that alone', async () => {
    await project({ name: '@flyte-agents/bigquery' });
    await install(root, { name: 'my-agent', dependencies: ['@flyte-agents/bigquery'] });
    expect(await found()).toEqual(['my-agent']);
    expect([...imported]).toEqual(['my-agent']);
  });

  test('finds what is named, in that order, and imports nothing else', async () => {
    await project({ name: '@flyte-agents/bigquery' }, { name: '@acme/agent' }, { name: '@flyte-agents/s3-sensor' });
    expect(await found('@acme/agent', 's3-sensor')).toEqual(['@acme/agent', '@flyte-agents/s3-sensor']);
    expect([...imported].toSorted()).toEqual(['@acme/agent', '@flyte-agents/s3-sensor']);
  });

  test('takes a named package that is no agent for the agents it depends on', async () => {
    await project({ name: '@flyte-agents/all', isAgent: false, dependencies: ['@flyte-agents/bigquery'] });
    await install(join(root, 'node_modules/@flyte-agents/bigquery'), { name: '@flyte-agents/bigquery' });
    expect(await found('all')).toEqual(['@flyte-agents/bigquery']);
    expect([...imported]).toEqual(['@flyte-agents/bigquery']);
  });

  test('finds a dependency that is installed in a folder above', async () => {
    await project({ name: '@acme/agent' });
    const inner = join(root, 'packages', 'inner');
    await install(inner, { name: 'inner', isAgent: false, dependencies: ['@acme/agent'] });
    expect((await discoverAgents(inner)).map(({ name }) => name)).toEqual(['@acme/agent']);
  });

  test.each([
    ['a path', './index.js'],
    ['conditions', { types: './none.d.ts', default: './index.js' }],
    ['an entry for imports only', { '.': { types: './none.d.ts', import: './index.js' } }],
    [
      'a nested entry for imports only',
      { '.': { require: { types: './none.d.ts' }, import: { types: './none.d.ts', default: './index.js' } } },
    ],
  ])('finds a package whose exports are %s, without its package.json among them', async (_name, exports) => {
    await project({ name: '@acme/agent', exports });
    expect(await found()).toEqual(['@acme/agent']);
  });

  test('passes over a dependency that is not installed', async () => {
    await project({ name: '@acme/agent' });
    await rm(join(root, 'node_modules/@acme'), { recursive: true });
    await install(join(root, 'node_modules/other'), { name: 'other' });
    await install(root, { name: 'project', isAgent: false, dependencies: ['@acme/agent', 'other'] });
    expect(await found()).toEqual(['other']);
  });
});

describe('discovery stops the start', () => {
  test('when there is no agent at all, and says what to do', async () => {
    await project({ name: 'lodash', isAgent: false });
    await expect(found()).rejects.toThrow(
      /depends on no agent: install one \(npm install @flyte-agents\/s3-sensor\), or name the folder that has them with --root/,
    );
    expect(imported.size).toBe(0);
  });

  test('in a folder without a package.json', async () => {
    await expect(found()).rejects.toThrow('depends on no agent');
  });

  test('when a named package is not installed', async () => {
    await project();
    await expect(found('none-such')).rejects.toThrow(
      /^@flyte-agents\/none-such is not installed in .*: npm install @flyte-agents\/none-such$/,
    );
  });

  test('C14: when a named package is no agent, which is not imported', async () => {
    await project({ name: '@acme/tool', isAgent: false });
    await expect(found('@acme/tool')).rejects.toThrow('@acme/tool is no agent: its package.json has no "flyte-agents" field');
    expect(imported.size).toBe(0);
  });

  test.each([
    ['nothing', 'export const agents = [];'],
    ['an object', 'export default {};'],
    ['a list of something else', 'export default [{ name: "x" }];'],
    ['a list with null', 'export default [null];'],
  ])('when a package exports %s as its default', async (_name, code) => {
    await project({ name: '@acme/agent', code });
    await expect(found()).rejects.toThrow('@acme/agent exports no list of agents as its default');
  });

  test('when a package cannot be loaded, with its own error', async () => {
    await project({ name: '@acme/agent', code: 'throw new Error("no SDK");' });
    await expect(found()).rejects.toThrow('no SDK');
  });

  test('when a package has no entry', async () => {
    await project({ name: '@acme/agent', exports: { './other': './index.js' } });
    await expect(found()).rejects.toThrow(/No "exports" main defined/);
  });

  test('when a package.json is broken', async () => {
    await project({ name: '@acme/agent' });
    await writeFile(join(root, 'node_modules/@acme/agent/package.json'), '{');
    await expect(found()).rejects.toThrow(SyntaxError);
  });
});

test('a root may be relative', async () => {
  await project({ name: '@acme/agent' });
  expect((await discoverAgents(relative(process.cwd(), root))).map(({ name }) => name)).toEqual(['@acme/agent']);
});
