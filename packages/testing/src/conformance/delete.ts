import assert from 'node:assert/strict';
import { isLive } from '../job.ts';
import { hasJobs, isPolled, type Case } from './case.ts';
import { created, deleteOn, finish } from './stage.ts';

/** Deletes: of what runs, and of everything else. */
export const deleteCases: readonly Case[] = [
  {
    title: 'C4: an aborted task cancels its job',
    appliesTo: hasJobs,
    async run(stage) {
      const { world } = stage;
      const task = stage.start();
      await created(stage, task);
      task.abort();
      assert.equal((await stage.done(task.end)).phase, 'ABORTED');
      assert.ok(world.taken.length > 0 && !world.taken.some(isLive), 'no job is left');
    },
  },
  {
    title: 'R2, C4: an abort right after a submit whose answer was lost cancels the job, however late the service took it',
    needs: 'time',
    appliesTo: (subject, world) => hasJobs(subject, world) && subject.guarantee !== 'bestEffort',
    async run(stage) {
      const { world } = stage;
      world.fault({ kind: 'slow', operation: 'submit', delayMs: 30_000 });
      const task = stage.start();
      await created(stage, task);
      task.abort();
      assert.equal((await stage.done(task.end)).phase, 'ABORTED');
      assert.ok(world.taken.length === 1 && !world.taken.some(isLive), 'its job is taken and cancelled');
    },
  },
  {
    title: 'C4: a delete that the service did not take is repeated until it did',
    needs: 'time',
    appliesTo: hasJobs,
    async run(stage) {
      const { world } = stage;
      const task = stage.start();
      await created(stage, task);
      for (const kind of ['unavailable', 'lost-before', 'throttled'] as const) world.fault({ kind, operation: 'cancel' });
      task.abort();
      assert.equal((await stage.done(task.end)).phase, 'ABORTED');
      assert.ok(!world.taken.some(isLive), 'no job is left');
    },
  },
  {
    title: 'C4: deletes of a task that succeeded, late and repeated, touch nothing',
    appliesTo: isPolled,
    async run(stage) {
      const { world } = stage;
      const task = stage.start();
      const stored = await created(stage, task);
      const verdict = await finish(stage, task);
      await stage.done(task.collect());
      for (const replica of [0, 1, 0]) await deleteOn(stage, stored, replica);
      await stage.replace();
      await deleteOn(stage, stored);
      assert.equal(verdict.phase, 'SUCCEEDED', verdict.message);
      for (const { id, state, isDestroyed } of world.taken) assert.ok(state === 'succeeded' && !isDestroyed, `${id} is still there`);
    },
  },
  {
    title: 'C4: deletes of a task that was deleted, whose job failed or is gone, are done',
    appliesTo: hasJobs,
    async run(stage) {
      const { world } = stage;
      const task = stage.start({ retries: 0 });
      const stored = await created(stage, task);
      for (const { id } of world.jobs) world.fail(id);
      await deleteOn(stage, stored);
      await deleteOn(stage, stored, 1);
      for (const { id } of world.jobs) world.vanish(id);
      await stage.replace();
      await deleteOn(stage, stored);
    },
  },
];
