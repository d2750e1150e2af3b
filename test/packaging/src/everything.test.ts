import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startProject, type Project } from './project.ts';
import { startRegistry, type PackageRegistry } from './registry.ts';
import { readmeCommand, serve, taskTypesOf } from './served.ts';
import { agentPackages, publishedPackages, root, typedEntries, type WorkspacePackage } from './workspace.ts';

const install = /^npm install .+$/m;
const all = packageOf('@flyte-agents/all');

let registry: PackageRegistry;
let project: Project;
beforeAll(async () => {
  registry = await startRegistry();
  project = await startProject(readmeCommand(all, install), registry.url);
});
afterAll(async () => {
  await project.remove();
  await registry.stop();
});

test('OP12: the package of all agents, installed into an empty project, serves all of their task types', { timeout: 60_000 }, async () => {
  const types = await taskTypesOf(agentPackages());
  expect(await serve(project, all)).toEqual({ health: 'SERVING', flyte1: types, flyte2: types });
  expect(project.tellSize('@flyte-agents/all')).toBeLessThan(185);
});

test(
  "OP12: an agent of one's own, and every entry of every package, compile in either way of resolving",
  { timeout: 5 * 60_000 },
  async () => {
    await project.run(readmeCommand(packageOf('@flyte-agents/testing'), install));
    await cp(join(root, 'packages/template/src'), join(project.folder, 'src'), { recursive: true, filter: isPortable });
    await writeFile(join(project.folder, 'src/entries.ts'), entries());
    for (const [module, resolution] of [
      ['node16', 'node16'],
      ['nodenext', 'nodenext'],
      ['esnext', 'bundler'],
    ]) {
      const compilerOptions = { module, moduleResolution: resolution, target: 'es2024', strict: true, types: ['node'] };
      // The types of what packages depend on are checked too: `skipLibCheck` is off.
      const others = { noEmit: true, allowImportingTsExtensions: true, exactOptionalPropertyTypes: true };
      await writeFile(join(project.folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: { ...compilerOptions, ...others } }));
      const problems = await project.run(`${join(root, 'node_modules/.bin/tsc')} --project . || true`);
      expect({ resolution, problems }).toEqual({ resolution, problems: '' });
    }
  },
);

/** Node16 knows no way to import JSON that the others know too. */
function isPortable(path: string): boolean {
  return !path.endsWith('convert.test.ts');
}

/** A module that imports all there is, and would not compile were any of it untyped. */
function entries(): string {
  const names = publishedPackages().flatMap((each) => typedEntries(each).map(({ entry }) => join(each.manifest.name, entry)));
  const imports = names.map((name, index) => `import * as entry${index} from '${name}';`);
  const uses = names.map((_name, index) => `export const typed${index}: Typed<typeof entry${index}> = true;`);
  return `${imports.join('\n')}
import type { AgentList } from '@flyte-agents/core';
type Typed<Module> = 0 extends 1 & Module ? never : true;
// @ts-expect-error A text is no agent.
export const wrong: AgentList = ['no agent'];
${uses.join('\n')}
`;
}

function packageOf(name: string): WorkspacePackage {
  const found = publishedPackages().find(({ manifest }) => manifest.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}
