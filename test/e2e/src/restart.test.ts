import { FakeEngine, grpcEndpoint, type CreateFate, type EngineTask } from '@flyte-agents/testing';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { watchHealth } from './health.ts';
import type { JobService } from './job-service.ts';
import type { Replica } from './replica.ts';
import { openStage, patience } from './stage.ts';

/** A process that was told to stop while it submits a job, and the one in its place. */
interface Restart {
  readonly service: JobService;
  readonly engine: FakeEngine;
  readonly task: EngineTask;
  readonly old: Replica;
  readonly next: Replica;
  /** The service goes on with the submit. */
  readonly letGo: () => void;
}

describe.each(['flyte1', 'flyte2'] as const)(
  'C5: on %s, a create in the middle of which its process is stopped',
  { timeout: 60_000 },
  (path) => {
    test('is finished, and starts no second job when the engine did not hear that and sends it to the new process', async () => {
      const restart = await restarted('crashed');
      restart.letGo();
      await expectOneJob(restart);
      const creates = restart.task.calls.filter(({ method }) => method === 'CreateTask');
      expect(creates).toMatchObject([{ code: 'OK' }, { code: 'OK' }]);
    });

    test('starts no second job when the engine is restarted too and sends it to the new process', async () => {
      const restart = await restarted('kept');
      const { engine, service, letGo } = restart;
      engine.restart();
      await vi.waitFor(() => expect(service.count('POST')).toBe(2), patience);
      letGo();
      await expectOneJob(restart);
    });

    async function restarted(fate: CreateFate): Promise<Restart> {
      const { service, start } = await openStage(50);
      const old = await start();
      const engine = new FakeEngine({ path, endpoints: [grpcEndpoint(old.address, path)], resyncMs: 100 });
      onTestFinished(() => engine.close());
      const letGo = service.hold();
      const task = engine.start({ type: 'e2e_job' }, { retries: 0, creates: [fate] });
      const health = watchHealth(old.address);
      await vi.waitFor(() => expect(service.count('POST')).toBe(1), patience);
      old.signal('SIGTERM');
      await health.ended;
      return { service, engine, task, old, next: await start(old.port), letGo };
    }
  },
);

async function expectOneJob({ service, task, old, next }: Restart): Promise<void> {
  expect(await old.ended).toBe('exit code 0');
  await vi.waitFor(() => expect(service.jobs).toMatchObject([{ state: 'running', polledBy: new Set([next.pid]) }]), patience);
  service.finish();
  expect(await task.end).toMatchObject({ phase: 'SUCCEEDED', attempts: 1 });
  expect(service.jobs).toMatchObject([{ state: 'succeeded', submittedBy: new Set([old.pid, next.pid]) }]);
}
