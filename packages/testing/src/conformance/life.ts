import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { hasJobs, isPolled, type Case } from './case.ts';
import { ask, created, finish } from './stage.ts';

/** A task's way from create to its end, and what the server says of itself. */
export const lifeCases: readonly Case[] = [
  {
    title: 'R6, C20: a task runs to its end and gives its outputs',
    async run(stage) {
      const { world, subject } = stage;
      const verdict = await finish(stage, stage.start());
      assert.equal(verdict.phase, 'SUCCEEDED', `${verdict.code} ${verdict.message}`);
      const outputs = Object.fromEntries(verdict.outputs ?? []);
      assert.deepEqual(outputs, subject.task.outputs ?? {}, 'the outputs are those that the task is to give');
      assert.equal(verdict.attempts, 1);
      assert.deepEqual(
        verdict.calls.filter(({ code }) => code !== 'OK'),
        [],
        'every call is answered',
      );
      if (hasJobs(subject, world)) assert.equal(world.taken.length, 1, 'one job');
    },
  },
  {
    title: 'R9, C20: the listing names every task type once, version 0, and asks the service nothing',
    async run({ endpoints, world, subject, done }) {
      for (const endpoint of endpoints) {
        const agents = await done(endpoint.list({ timeoutMs: 1000 }));
        const types = agents.flatMap(({ taskTypes }) => taskTypes);
        const names = types.map(({ name }) => name);
        assert.deepEqual(names, [...new Set(names)], 'no type is listed twice');
        assert.ok(names.includes(subject.task.type), `${subject.task.type} is listed`);
        assert.ok(
          types.every(({ version }) => version === 0),
          'every type has version 0',
        );
      }
      assert.deepEqual(world.calls, { submit: 0, read: 0, search: 0, cancel: 0 });
    },
  },
  {
    title: 'R10: the first answer of every phase has all links',
    appliesTo: isPolled,
    async run(stage) {
      const { world } = stage;
      const task = stage.start();
      await stage.rounds(2);
      for (const { id } of world.jobs) world.start(id);
      await stage.rounds(2);
      const { published } = await finish(stage, task);
      const last = published.at(-1)?.links ?? [];
      for (const { phase, links } of published) assert.deepEqual(links, last, `the links of ${phase}`);
    },
  },
  {
    title: 'R10: a job that waits is waiting, one that runs is running, also for a fresh replica and after it was queued again',
    appliesTo: hasJobs,
    async run(stage) {
      const { world } = stage;
      const stored = await created(stage, stage.start());
      const [job] = world.jobs;
      assert.ok(job !== undefined, 'the service has a job');
      const waiting = job.hasStarted ? ['RUNNING'] : ['WAITING_FOR_RESOURCES', 'INITIALIZING'];
      await expectPhase(waiting, 'of a job that waits');
      world.start(job.id);
      await expectPhase(['RUNNING'], 'of a job that runs');
      world.requeue(job.id);
      await expectPhase(['RUNNING'], 'of a job that ran and waits again');

      async function expectPhase(allowed: readonly string[], what: string): Promise<void> {
        await stage.replace();
        const { phase } = await ask(stage, stored);
        assert.ok(allowed.includes(phase), `the phase ${what} is ${allowed.join(' or ')}, not ${phase}`);
      }
    },
  },
  {
    title: 'R7, C5: replicas that end between any two calls neither lose nor double the job',
    appliesTo: isPolled,
    async run(stage) {
      const { world, subject } = stage;
      const task = stage.start();
      for (let round = 0; round < 3; round++) {
        await created(stage, task);
        await stage.replace();
        await stage.rounds(1);
      }
      const verdict = await finish(stage, task);
      assert.equal(verdict.phase, 'SUCCEEDED', verdict.message);
      if (hasJobs(subject, world)) assert.equal(world.taken.length, 1, 'one job');
    },
  },
  {
    title: 'R7, R10: the end of a task is answered again, by every replica',
    needs: 'time',
    appliesTo: isPolled,
    async run(stage) {
      const task = stage.start();
      const stored = await created(stage, task);
      await finish(stage, task);
      const first = await ask(stage, stored);
      assert.equal(first.phase, 'SUCCEEDED', first.message);
      assert.ok(isDeepStrictEqual(await ask(stage, stored), first), 'the same replica says the same');
      await stage.replace();
      const { phase } = await ask(stage, stored);
      assert.equal(phase, first.phase, 'a fresh replica says the same');
    },
  },
];
