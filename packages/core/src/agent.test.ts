import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { FlagSensor, noSecrets } from './__fixtures__/agents.ts';
import { AsyncAgent, SyncAgent, type Locator } from './agent.ts';
import { createFetch } from './http/fetch.ts';
import { noStore } from './store/store.ts';
import type { Resource } from './task.ts';

/** Only what an agent must have. */
class BareAgent extends AsyncAgent<object, { readonly job: string }> {
  readonly name = 'Bare Agent';
  readonly taskTypes = [{ name: 'bare' }];
  readonly config = z.looseObject({});
  readonly ref = z.object({ job: z.string() });
  create = async (): Promise<{ readonly job: string }> => ({ job: '1' });
  get = async (): Promise<Resource> => ({ phase: 'RUNNING' });
  delete = async (): Promise<void> => {};
  find = async (): Promise<undefined> => undefined;
  locate = (): Locator => ({});
}

class BareSyncAgent extends SyncAgent<object> {
  readonly name = 'Bare Sync Agent';
  readonly taskTypes = [{ name: 'bare-sync' }];
  readonly config = z.looseObject({});
  do = async (): Promise<Resource> => ({ phase: 'SUCCEEDED' });
}

const context = {
  signal: AbortSignal.abort(),
  deadline: 0,
  project: '',
  domain: '',
  secrets: noSecrets,
  store: noStore,
  fetch: createFetch(),
  logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => context.logger },
};

describe('an agent that says no more than it must', () => {
  const agent = new BareAgent();

  test('has no links, and reads no Python references', () => {
    expect(agent.links({ job: '1' })).toEqual([]);
    expect(agent.legacyRef).toBeUndefined();
  });

  test('C23: has no logs, by its name', () => {
    expect(() => agent.getLogs({ job: '1' }, { lines: 0n, token: '' }, context)).toThrow(
      expect.objectContaining({ code: 'UNIMPLEMENTED', message: 'Bare Agent: has no logs to read' }),
    );
  });

  test('C24: has no metrics, by its name', async () => {
    await expect(agent.getMetrics({ job: '1' }, { queries: [] }, context)).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
      message: 'Bare Agent: has no metrics to read',
    });
  });

  test('R8: stores no results in references', () => {
    expect(new BareSyncAgent().resultsMayBeStored).toBe(false);
  });

  test('has nothing to load', async () => {
    await expect(Promise.all([agent.prepare(), new BareSyncAgent().prepare()])).resolves.toEqual([undefined, undefined]);
  });

  test('knows its kind, by which servers route', () => {
    expect([agent.kind, new BareSyncAgent().kind, new FlagSensor().kind]).toEqual(['async', 'sync', 'sensor']);
  });
});
