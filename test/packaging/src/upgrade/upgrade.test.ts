import { fromBinary } from '@bufbuild/protobuf';
import { CreateTaskRequestSchema } from '@flyte-agents/proto/flyte1';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { agentPackages } from '../workspace.ts';
import { cases } from './cases.ts';
import { frozenReleases, openAiPlace, unfrozen, type FrozenReference } from './references.ts';
import { createTask, endOf } from './tasks.ts';
import { startUpgradeWorld, type UpgradeWorld } from './world.ts';

const releases = frozenReleases();

describe.each(releases)('tasks under way when $version is replaced by this server', ({ references }) => {
  let world: UpgradeWorld;
  beforeAll(async () => {
    world = await startUpgradeWorld();
  });
  afterAll(async () => world.stop());

  const tasks = references.map((frozen) => ({ name: frozen.name, frozen }));
  describe.each(tasks)('$name', { timeout: 60_000 }, ({ frozen }) => {
    test('R1: a create that comes again has the same key, and so starts no second job', async () => {
      const request = fromBinary(CreateTaskRequestSchema, Buffer.from(frozen.request, 'base64'));
      // The first one that these stand-ins see: it makes the job that the frozen reference leads to.
      expect(keyOf(await createTask(world.endpoint, request))).toBe(keyOf(frozen.reference));
    });

    test.each(['flyte1', 'flyte2'] as const)('R7: is followed to its end by the calls of %s, and may be deleted then', async (path) => {
      const reference = frozen.reference.replace(openAiPlace, world.openAiUrl);
      const { phase, message, outputs } = await endOf(world.endpoint, { ...frozen, reference }, path);
      const names = [...(outputs?.keys() ?? [])].toSorted();
      expect({ phase, message, outputs: names }).toMatchObject({ phase: frozen.phase, outputs: frozen.outputs });
    });
  });
});

test('this version is frozen: pnpm release:version has done it', () => {
  const versions = new Set(agentPackages().map(({ manifest }) => manifest.version));
  expect(releases.map(({ version }) => version)).toEqual(expect.arrayContaining([...versions]));
});

test('every package with agents has a case, so that the next release freezes it', () => {
  expect(
    unfrozen(
      agentPackages(),
      cases.map(({ name }) => name),
    ),
  ).toEqual([]);
  expect(unfrozen(agentPackages(), ['batch'])).toContain('bigquery');
});

test('references of every kind are frozen: to a job, to a lost one, to a failure, to work that is done', () => {
  const frozen = releases.flatMap(({ references }) => references).map(({ reference }): object => JSON.parse(reference));
  const kinds = ['ref', 'pending', 'failure', 'done'];
  expect(kinds.filter((kind) => !frozen.some((each) => kind in each))).toEqual([]);
});

function keyOf(reference: FrozenReference['reference']): string {
  const { key }: { readonly key: string } = JSON.parse(reference);
  return key;
}
