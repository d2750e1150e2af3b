import { Checkup, SecretSource, type Finding } from '@flyte-agents/core';
import { testAgent } from '@flyte-agents/testing';
import { describe, expect, test } from 'vitest';
import { AcmeWorld } from './__fixtures__/world.ts';

testAgent({
  name: 'AcmeAgent',
  world: () => new AcmeWorld(),
  task: { type: 'acme_job', custom: { command: 'make report' }, outputs: { exit_code: { kind: 'integer', value: 0n } } },
  guarantee: 'once',
  invalid: [{ custom: {}, names: 'command' }],
});

/** What `flyte-agents doctor` finds. */
async function examine(world: AcmeWorld, secrets: Readonly<Record<string, string>>): Promise<readonly Finding[]> {
  const checkup = new Checkup({ project: '', domain: '', limitMs: 5000, secrets: new SecretSource(secrets, { files: false }) });
  const checks = world.agent().checks();
  return Promise.all(checks.map((check) => checkup.run(check)));
}

describe('OP10: the doctor', () => {
  test('finds the secret, and the service that answers', async () => {
    const world = new AcmeWorld();
    expect(await examine(world, world.secrets)).toMatchObject([
      { name: 'secret acme_token', outcome: 'ok', message: 'variable ACME_TOKEN' },
      { name: 'service', outcome: 'ok', message: 'answers, and lets jobs be read' },
    ]);
  });

  test('says which secret to set, and which one to correct', async () => {
    const world = new AcmeWorld();
    expect(await examine(world, {})).toMatchObject([
      { outcome: 'problem', fix: 'set one of them where the server runs' },
      { outcome: 'problem' },
    ]);
    world.fault({ kind: 'refused', operation: 'search' });
    expect(await examine(world, world.secrets)).toMatchObject([
      { outcome: 'ok' },
      { outcome: 'problem', fix: 'check the secret acme_token' },
    ]);
  });
});
