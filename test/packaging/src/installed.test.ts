import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProject, type Project } from './project.ts';
import { startRegistry, type PackageRegistry } from './registry.ts';
import { readmeCommand, serve, taskTypesOf } from './served.ts';
import { agentPackages, type WorkspacePackage } from './workspace.ts';

/** What an agent may take beside Node, in megabytes: an SDK, gRPC and little else. */
const limits: Readonly<Record<string, number>> = { '@flyte-agents/openai': 55, '@flyte-agents/s3-sensor': 115 };
const limit = 48;
/** What agents share, whichever service they are for. */
const shared = /^(?:@flyte-agents\/.*|zod)$/;
/** `pnpm test:packages` installs each agent, `pnpm test` one of those with an SDK. */
const isEach = process.env['FLYTE_AGENTS_PACKAGES'] === 'all';
const agents = agentPackages().filter(({ manifest }) => isEach || manifest.name === '@flyte-agents/bigquery');

let registry: PackageRegistry;
beforeAll(async () => {
  registry = await startRegistry();
});
afterAll(async () => registry.stop());

describe.each(agents.map((each) => ({ name: each.manifest.name, each })))(
  '$name, installed into an empty project as its README tells',
  { timeout: 5 * 60_000 },
  ({ name, each }) => {
    let project: Project;
    beforeAll(async () => {
      project = await startProject(readmeCommand(each, /^npm install .+$/m), registry.url);
    });
    afterAll(async () => project.remove());

    test('OP12: serves its task types, healthy, over both protocols', async () => {
      const types = await taskTypesOf([each]);
      expect(await serve(project, each)).toEqual({ health: 'SERVING', flyte1: types, flyte2: types });
    });

    test("OP12: brings the SDK of its own service and nobody else's", () => {
      const own = sdksOf(each);
      const foreign = agentPackages()
        .flatMap(sdksOf)
        .filter((sdk) => !own.includes(sdk));
      expect(foreign).not.toEqual([]);
      expect(own.filter((sdk) => !project.installed.includes(`node_modules/${sdk}`))).toEqual([]);
      expect(foreign.filter((sdk) => project.installed.some((path) => path.endsWith(`node_modules/${sdk}`)))).toEqual([]);
    });

    test('takes no more room than its limit', () => {
      expect(project.tellSize(name)).toBeLessThan(limits[name] ?? limit);
    });
  },
);

/** What a package needs for its service alone. */
function sdksOf({ manifest }: WorkspacePackage): readonly string[] {
  return Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }).filter((name) => !shared.test(name));
}
