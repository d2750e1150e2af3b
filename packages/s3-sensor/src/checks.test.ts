import { Checkup, type Finding } from '@flyte-agents/core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FileSensor } from './agent.ts';

/** What `flyte-agents doctor` finds. */
async function examine(sensor: FileSensor): Promise<readonly Finding[]> {
  const checkup = new Checkup({ project: '', domain: '', limitMs: 5000 });
  return Promise.all(sensor.checks().map((check) => checkup.run(check)));
}

beforeEach(() => {
  const nowhere = { AWS_EC2_METADATA_DISABLED: 'true', AWS_CONFIG_FILE: '/nowhere', AWS_SHARED_CREDENTIALS_FILE: '/nowhere' };
  for (const [name, value] of Object.entries(nowhere)) vi.stubEnv(name, value);
});
afterEach(() => vi.unstubAllEnvs());

test('OP10: AWS credentials are found, and not told', async () => {
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIAEXAMPLE');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'geheim');
  vi.stubEnv('AWS_REGION', 'eu-central-1');
  const findings = await examine(new FileSensor());
  expect(findings).toMatchObject([{ name: 'AWS credentials', outcome: 'ok', message: 'found, for region eu-central-1' }]);
});

test('OP10: without AWS credentials there is a warning that says how to give them', async () => {
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE']) vi.stubEnv(name, undefined);
  expect(await examine(new FileSensor())).toMatchObject([{ outcome: 'warning', fix: expect.stringContaining('AWS_ACCESS_KEY_ID') }]);
});

test('OP10: a store of somebody else’s needs none', async () => {
  const store = {
    stat: async () => undefined,
    async *list() {},
  };
  expect(await examine(new FileSensor({ store }))).toEqual([]);
});
