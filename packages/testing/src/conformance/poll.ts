import assert from 'node:assert/strict';
import { hasEnded } from '../engine/endpoint.ts';
import { passingFaults, randomFaults, slowFaults } from '../faults.ts';
import { isLive, type WorldJob } from '../job.ts';
import { Random } from '../random.ts';
import type { WorldOperation } from '../wire.ts';
import { hasJobs, isPolled, isSensor, isSync, type Case } from './case.ts';
import { ask, created, finish, type Stage } from './stage.ts';

/** Polls of a day, one every 30 s; an answer that is late makes them fewer. */
const polledADay = 2880;
const leastPolled = 2000;
const failing = 0.3;
/** As the engine shows it. */
const longestMessage = 4096;

/** What is answered while the service fails, and how jobs end that did not succeed. */
export const pollCases: readonly Case[] = [
  ...([...passingFaults, ...slowFaults, 'refused'] as const).map((kind): Case => ({
    title: `R3: a service that fails while it is polled (${kind}) costs neither an error nor the task`,
    needs: 'time',
    appliesTo: (subject, world) => isPolled(subject) && (kind !== 'refused' || !isSensor(subject, world)),
    async run(stage) {
      const task = stage.start();
      await created(stage, task);
      stage.world.fault({ kind, operation: 'read', times: 12 });
      await stage.rounds(8);
      stage.world.heal();
      const verdict = await finish(stage, task);
      assert.equal(verdict.phase, 'SUCCEEDED', verdict.message);
      assert.equal(verdict.attempts, 1, 'it costs no retry');
      assertNoErrors(verdict.calls);
    },
  })),
  {
    title: 'P1, R3, C7: a day with a service of which 30 % fails or is slow, in states that nobody knows, costs no error of GetTask',
    needs: 'time',
    appliesTo: (subject, world) => isPolled(subject) && !isSync(subject, world),
    async run(stage) {
      const { world } = stage;
      const task = stage.start();
      await created(stage, task);
      const random = new Random(1);
      const chaos = randomFaults<WorldOperation>(random, failing, [...passingFaults, ...slowFaults]);
      let [asked, failed] = [0, 0];
      world.chaos = (operation) => {
        const fault = chaos(operation);
        asked++;
        if (fault !== undefined) failed++;
        return fault;
      };
      for (let round = 0; round < polledADay; round++) {
        await stage.rounds(1);
        for (const { id } of world.jobs) world[random.pick('start', 'requeue', 'confuse')](id);
      }
      assert.deepEqual(
        task.published.filter(({ phase }) => hasEnded(phase)),
        [],
        'the task goes on',
      );
      assert.ok(failed > (asked * failing) / 2, `${failed} of ${asked} requests failed`);
      world.heal();
      const verdict = await finish(stage, task);
      assert.equal(verdict.phase, 'SUCCEEDED', verdict.message);
      assert.equal(verdict.attempts, 1, 'it costs no retry');
      const polls = verdict.calls.filter(({ method }) => method === 'GetTask').length;
      assert.ok(polls >= leastPolled, `it was polled ${polls} times`);
      assertNoErrors(verdict.calls);
    },
  },
  {
    title: 'C7: a state that nobody knows is running',
    appliesTo: hasJobs,
    async run(stage) {
      const { world } = stage;
      const task = stage.start();
      const stored = await created(stage, task);
      for (const { id } of world.jobs) world.confuse(id);
      assert.equal((await ask(stage, stored)).phase, 'RUNNING');
      const verdict = await finish(stage, task);
      assert.equal(verdict.phase, 'SUCCEEDED', verdict.message);
    },
  },
  {
    title: 'C8: a young job that the service does not show yet is running, an old one that it does not know is lost',
    needs: 'time',
    appliesTo: hasJobs,
    async run(stage) {
      const { world } = stage;
      const stored = await created(stage, stage.start());
      const [job] = world.jobs;
      assert.ok(job !== undefined, 'the service has a job');
      await stage.rounds(5);
      world.fault({ kind: 'hidden', operation: 'read' });
      const once = await ask(stage, stored);
      assert.ok(!['FAILED', 'RETRYABLE_FAILED'].includes(once.phase), `not shown once, it is not lost, but ${once.phase}`);
      world.vanish(job.id);
      const lost = await ask(stage, stored);
      assert.equal(lost.phase, 'RETRYABLE_FAILED', lost.message);
    },
  },
  {
    title: 'C8: a job that is not found right after create is running',
    appliesTo: hasJobs,
    async run(stage) {
      const { world } = stage;
      const stored = await created(stage, stage.start());
      for (const { id } of world.jobs) world.vanish(id);
      await stage.replace();
      assert.ok(['RUNNING', 'INITIALIZING'].includes((await ask(stage, stored)).phase));
    },
  },
  {
    title: 'C6, C9: a job that failed fails the task, with a message or a link that names it',
    appliesTo: hasJobs,
    run: (stage) => endsBadly(stage, (job) => stage.world.fail(job.id)),
  },
  {
    title: 'R10, C9: a job that somebody stopped outside Flyte fails the task, with a message or a link that names it',
    appliesTo: hasJobs,
    run: (stage) => endsBadly(stage, (job) => stage.world.interrupt(job.id)),
  },
];

async function endsBadly(stage: Stage, end: (job: WorldJob) => void): Promise<void> {
  const { world } = stage;
  const task = stage.start({ retries: 0 });
  await created(stage, task);
  for (const job of world.jobs.filter(isLive)) {
    world.start(job.id);
    end(job);
  }
  const { phase, message, published, calls } = await stage.done(task.end);
  assert.equal(phase, 'FAILED');
  assert.ok(message !== '' && Buffer.byteLength(message) <= longestMessage, `the message is ${JSON.stringify(message)}`);
  const shown = `${message} ${JSON.stringify(published.at(-1)?.links)}`;
  assert.ok(
    world.jobs.some(({ id, key }) => shown.includes(id) || shown.includes(key)),
    `neither the message nor a link names the job: ${shown}`,
  );
  assertNoErrors(calls);
}

/** @throws AssertionError when a call ended with an error */
function assertNoErrors(calls: Awaited<ReturnType<typeof finish>>['calls']): void {
  assert.deepEqual(
    calls.filter(({ method, code }) => method === 'GetTask' && code !== 'OK'),
    [],
    'GetTask never answers an error',
  );
}
