import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { isSensor, type Case } from './case.ts';
import { withSensorConfig } from './sensor.ts';
import { finish } from './stage.ts';

/** What a task's settings may be. */
export const configCases: readonly Case[] = [
  {
    title: 'C11: a setting that nobody knows is tolerated',
    needs: 'time',
    async run(stage) {
      const { subject, world } = stage;
      const setting = { setting_of_a_newer_sdk: { nested: [1, 'two', null] } };
      const custom = { ...subject.task.custom, ...setting };
      const newer = isSensor(subject, world) ? withSensorConfig(custom, setting) : custom;
      const { phase, message } = await finish(stage, stage.start({ task: { ...subject.task, custom: newer } }));
      assert.equal(phase, 'SUCCEEDED', message);
    },
  },
  {
    title: 'R4, C11: wrong settings fail the task once, say which, and the service hears nothing of them',
    appliesTo: ({ invalid }) => invalid.length > 0,
    async run(stage) {
      const { subject, world } = stage;
      for (const { names, ...settings } of subject.invalid) {
        const { phase, message, attempts, calls } = await stage.done(
          stage.start({ task: { ...subject.task, ...settings }, retries: 1 }).end,
        );
        assert.equal(phase, 'FAILED', `${inspect(settings)} must be refused`);
        assert.equal(attempts, 1, 'it costs no retry');
        assert.ok(message.includes(names), `the message names ${names}: ${message}`);
        assert.deepEqual([...new Set(calls.map(({ code }) => code))], ['OK'], 'no call ends with an error');
      }
      assert.deepEqual(world.calls, { submit: 0, read: 0, search: 0, cancel: 0 });
    },
  },
];
