import { dirname } from 'node:path';
import { FakeEngine, grpcEndpoint, type CallMethod, type EngineCall, type EngineTask } from '@flyte-agents/testing';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openStage, patience } from './stage.ts';

/** How many tasks there are of a kind: with and without a retry, on each version of Flyte. */
const tasksOfAKind = 10;

/** A task in the engine. */
interface Started {
  readonly running: EngineTask;
  readonly retries: number;
  hasEnded: boolean;
}

test('R1, R2, R3, R7: tasks outlive the replica that is killed in the middle of their calls', { timeout: 120_000 }, async () => {
  const { service, start } = await openStage(100);
  const [first, second] = await Promise.all([start(), start()]);
  const engines = (['flyte1', 'flyte2'] as const).map((path) => {
    const endpoint = grpcEndpoint(`${first.address},${second.address}`, path);
    return new FakeEngine({ path, endpoints: [endpoint], resyncMs: 200, repeatMs: 200 });
  });
  onTestFinished(() => engines.forEach((engine) => engine.close()));

  const polled = startTasks(engines);
  await vi.waitFor(() => expect(polled.filter(({ running }) => calls(running, 'GetTask').length < 3)).toEqual([]), patience);
  await vi.waitFor(() => expect(service.replicas.size).toBe(2), patience);
  // All creates may have gone to the replica that was connected first.
  const [killed, survivor] = service.jobs.some(({ submittedBy }) => submittedBy.has(first.pid)) ? [first, second] : [second, first];
  // What is asked of the service from here on is under way when the replica dies, and is done all the same.
  const before = { submits: service.count('POST'), polls: service.count('GET') };
  const letGo = service.hold();
  const created = startTasks(engines);
  const aborted = new Set(polled.filter((_, index) => index % tasksOfAKind === 0));
  for (const { running } of aborted) running.abort();
  await vi.waitFor(() => expect(service.count('POST')).toBe(before.submits + created.length), patience);
  await vi.waitFor(() => expect(service.count('GET')).toBeGreaterThanOrEqual(before.polls + polled.length - aborted.size), patience);
  killed.signal('SIGKILL');
  expect(await killed.ended).toBe('ended by SIGKILL');
  const killedAt = Date.now();
  letGo();
  const replacement = await start(killed.port);

  // Every task has ended, or has been asked for at a replica that lives.
  const tasks = [...polled, ...created];
  const isSettled = (each: Started): boolean =>
    each.hasEnded || (!aborted.has(each) && calls(each.running, 'GetTask').some(({ at, code }) => at > killedAt && code === 'OK'));
  await vi.waitFor(() => expect(tasks.filter((each) => !isSettled(each))).toEqual([]), patience);
  await vi.waitFor(() => expect(service.replicas).toContain(replacement.pid), patience);
  const lost = new Set(tasks.filter(({ running, retries }) => failed(running, 'CreateTask').length > retries));
  const living = tasks.filter((each) => !aborted.has(each) && !lost.has(each)).map(({ running }) => running.stored?.outputPrefix);
  const live = service.jobs.filter(({ state }) => state === 'running').map(({ outputPrefix }) => outputPrefix);
  expect(live).toEqual(expect.arrayContaining(living));
  // Nobody can know the job of a create that was cut and has no retry: the engine never comes back for it. There is no other.
  const unknown = live.filter((outputPrefix) => !living.includes(outputPrefix)).map((outputPrefix) => dirname(outputPrefix));
  const known = tasks.map(({ running }) => running.stored && dirname(running.stored.outputPrefix));
  expect(unknown.filter((folder) => known.includes(folder))).toEqual([]);
  expect(unknown.length).toBeLessThanOrEqual(lost.size);

  service.finish();
  for (const each of tasks) {
    const { phase, message } = await each.running.end;
    const expected = aborted.has(each) ? 'ABORTED' : lost.has(each) ? 'FAILED' : 'SUCCEEDED';
    expect({ phase, message }).toMatchObject({ phase: expected });
    // Only the poll that was cut: the sixth would freeze the task.
    expect(failed(each.running, 'GetTask').length).toBeLessThanOrEqual(1);
  }
  const attempts = service.jobs.map(({ outputPrefix }) => outputPrefix);
  expect(new Set(attempts).size).toBe(attempts.length);
  // So much was cut that all of this says something.
  expect(service.jobs.filter(({ submittedBy, polledBy }) => submittedBy.has(killed.pid) && polledBy.has(survivor.pid))).not.toEqual([]);
  expect(tasks.filter(({ running }) => failed(running, 'GetTask').length > 0)).not.toEqual([]);
  for (const retries of [0, 1])
    expect(tasks.filter((each) => each.retries === retries && failed(each.running, 'CreateTask').length > 0)).not.toEqual([]);
});

function startTasks(engines: readonly FakeEngine[]): readonly Started[] {
  return engines.flatMap((engine) =>
    [0, 1].flatMap((retries) =>
      Array.from({ length: tasksOfAKind }, () => {
        const running = engine.start({ type: 'e2e_job' }, { retries });
        const started = { running, retries, hasEnded: false };
        void running.end.then(() => (started.hasEnded = true));
        return started;
      }),
    ),
  );
}

function calls(task: EngineTask, method: CallMethod): readonly EngineCall[] {
  return task.calls.filter((call) => call.method === method);
}

function failed(task: EngineTask, method: CallMethod): readonly EngineCall[] {
  return calls(task, method).filter(({ code }) => code !== 'OK');
}
