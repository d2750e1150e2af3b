/** Writes down the references of this version, for the tests of later ones: a part of `pnpm release:version`. */
import { toBinary } from '@bufbuild/protobuf';
import { CreateTaskRequestSchema } from '@flyte-agents/proto/flyte1';
import { TaskRequests } from '@flyte-agents/testing';
import { agentPackages } from '../workspace.ts';
import { cases, type UpgradeCase } from './cases.ts';
import { openAiPlace, unfrozen, writeRelease, type FrozenReference } from './references.ts';
import { createTask, endOf } from './tasks.ts';
import { startUpgradeWorld, storeRoot, type UpgradeWorld } from './world.ts';

/** An engine that waits no longer for a create, in milliseconds. */
const impatientMs = 1500;

const packages = agentPackages();
const version = packages[0]?.manifest.version ?? '';
const missing = unfrozen(
  packages,
  cases.map(({ name }) => name),
);
if (missing.length > 0) throw new Error(`no case in cases.ts begins with ${missing.join(', ')}`);

const world = await startUpgradeWorld();
try {
  const references: FrozenReference[] = [];
  for (const each of cases) references.push(await freeze(each, world));
  writeRelease({ version, references });
  process.stdout.write(`${references.length} references of ${version} are frozen\n`);
} finally {
  await world.stop();
}

async function freeze(
  { name, task, isDeleted = false, isLost = false }: UpgradeCase,
  { endpoint, openAiUrl, startDeaf }: UpgradeWorld,
): Promise<FrozenReference> {
  const requests = new TaskRequests(task, 'flyte1', `${storeRoot}/metadata`);
  const attempt = { execution: `upgrade-${name}`, node: 'n0', number: 0 };
  const message = requests.message(attempt);
  const lost = isLost ? await createTask((await startDeaf()).endpoint, message, impatientMs) : undefined;
  const reference = await createTask(endpoint, message);
  const stored = {
    name,
    type: task.type,
    outputPrefix: requests.outputPrefix(attempt),
    isDeleted,
    reference: lost ?? reference,
  };
  const { phase, outputs, message: why } = await endOf(endpoint, stored, 'flyte1');
  process.stdout.write(`${name}: ${phase} ${why}\n`);
  const request = Buffer.from(toBinary(CreateTaskRequestSchema, message)).toString('base64');
  return {
    ...stored,
    reference: stored.reference.replace(openAiUrl, openAiPlace),
    phase,
    outputs: [...(outputs?.keys() ?? [])].toSorted(),
    request,
  };
}
