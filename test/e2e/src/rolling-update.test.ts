import { expect, test, vi } from 'vitest';
import { watchHealth } from './health.ts';
import { Load } from './load.ts';
import { openStage, patience } from './stage.ts';

/** How long the service takes for a request, in milliseconds. */
const latencyMs = 300;
const callsInFlight = 200;

test('C17, R7, OP7: a rolling update under load fails no call', { timeout: 120_000 }, async () => {
  const { service, start } = await openStage(latencyMs);
  const replicas = await Promise.all([start(), start()]);
  const load = new Load(replicas, callsInFlight);
  for (const replica of replicas) {
    const health = watchHealth(replica.address);
    const before = load.answers;
    await vi.waitFor(() => expect(load.answers).toBeGreaterThan(before + 2 * callsInFlight), patience);
    expect(health.statuses).toEqual(['SERVING']);
    replica.signal('SIGTERM');
    await health.ended;
    expect(health.statuses).toEqual(['SERVING', 'NOT_SERVING']);
    expect(await replica.ended).toBe('exit code 0');
    const { pid } = await start(replica.port);
    // An update goes on when the new replica has its share.
    await vi.waitFor(() => expect(service.replicas).toContain(pid), patience);
  }
  await load.stop();
  expect(load.failures).toEqual([]);
  const { CreateTask, GetTask, DeleteTask, ExecuteTaskSync } = load.answered;
  expect(Math.min(CreateTask, GetTask, DeleteTask, ExecuteTaskSync)).toBeGreaterThan(callsInFlight);
  // R1: however often gRPC sent a create that a replica had refused, it is one job; and each was cancelled in the end.
  expect(new Set(service.jobs.map(({ outputPrefix }) => outputPrefix)).size).toBe(CreateTask);
  expect(service.jobs).toHaveLength(CreateTask);
  expect(service.jobs.filter(({ state }) => state !== 'cancelled')).toEqual([]);
});
