import assert from 'node:assert/strict';
import type { JsonObject, JsonValue } from '@flyte-agents/core';
import type { TestTask } from '../task.ts';
import { isSensor, type Case } from './case.ts';
import { created, deleteOn, finish } from './stage.ts';

/** How many polls show that a sensor goes on waiting. */
const rounds = 20;
const limitSeconds = 600;
/** From one poll to the end of the next, when that is not answered, in milliseconds. */
const longestRoundMs = 40_000;
/** How often a replica must be refused in a row. */
const refusals = 3;

/** Sensors: they look, and start nothing. */
export const sensorCases: readonly Case[] = [
  {
    title: 'SE1: a sensor waits until its condition is so, says for what, and starts nothing',
    needs: 'time',
    appliesTo: isSensor,
    async run(stage) {
      const { world } = stage;
      const task = stage.start();
      await stage.rounds(rounds);
      const [shown, ...others] = task.published;
      assert.equal(shown?.phase, 'RUNNING', 'it waits');
      assert.notEqual(shown.message, '', 'it says for what');
      assert.deepEqual(others, [], 'it goes on waiting');
      const verdict = await finish(stage, task);
      assert.equal(verdict.phase, 'SUCCEEDED', verdict.message);
      assert.deepEqual([world.calls.submit, world.calls.cancel], [0, 0], 'it starts and stops nothing');
    },
  },
  {
    title: 'SE3: a sensor whose own time is over fails for good, also while its service does not answer',
    needs: 'time',
    appliesTo: isSensor,
    async run(stage) {
      const { task } = stage.subject;
      const limited = { ...task, custom: withSensorConfig(task.custom, { timeout: limitSeconds }) };
      for (const kind of [undefined, 'unavailable', 'stall-before'] as const) {
        stage.world.chaos = () => kind && { kind };
        const verdict = await stage.done(stage.start({ task: limited, retries: 1 }).end);
        assertTimedOut(verdict);
        assert.equal(verdict.attempts, 1, 'it costs no retry');
      }
    },
  },
  {
    title: "SE3: a sensor whose task's time is over spends a retry",
    needs: 'time',
    appliesTo: isSensor,
    async run(stage) {
      const { task } = stage.subject;
      const template: TestTask['template'] = { ...task.template, metadata: { timeout: { seconds: BigInt(limitSeconds) } } };
      const verdict = await stage.done(stage.start({ task: { ...task, template }, retries: 1 }).end);
      assertTimedOut(verdict);
      assert.equal(verdict.attempts, 2, 'every attempt has its time');
    },
  },
  {
    title: 'SE4: a sensor that is refused again and again fails and says why',
    needs: 'time',
    appliesTo: isSensor,
    async run(stage) {
      stage.world.fault({ kind: 'refused', operation: 'read', times: Infinity });
      const { phase, message, calls } = await stage.done(stage.start().end);
      assert.equal(phase, 'FAILED');
      assert.notEqual(message, '', 'it says why');
      const polls = calls.filter(({ method }) => method === 'GetTask').length;
      assert.ok(polls >= refusals && polls <= 2 * refusals, `it is asked ${polls} times: three times by one of the two replicas`);
    },
  },
  {
    title: 'C4: a sensor can be aborted and deleted at any time, and its service hears nothing of it',
    appliesTo: isSensor,
    async run(stage) {
      const { world } = stage;
      const task = stage.start();
      const stored = await created(stage, task);
      world.chaos = () => ({ kind: 'unavailable' });
      task.abort();
      assert.equal((await stage.done(task.end)).phase, 'ABORTED');
      const { read } = world.calls;
      for (const replica of [0, 1, 0]) await deleteOn(stage, stored, replica);
      assert.equal(world.calls.read, read, 'a delete does not look');
    },
  },
];

/** A sensor's settings have a place of their own in the template's `custom`. */
export function withSensorConfig(custom: JsonObject = {}, settings: JsonObject): JsonObject {
  const { sensor_config: config } = custom;
  return { ...custom, sensor_config: { ...(isObject(config) && config), ...settings } };
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function assertTimedOut({ phase, message, calls }: Awaited<ReturnType<typeof finish>>): void {
  assert.equal(phase, 'FAILED');
  assert.match(message, /timed out/, 'it says that its time is over');
  const polls = calls.filter(({ method }) => method === 'GetTask');
  assert.ok(
    polls.every(({ code }) => code === 'OK'),
    'GetTask never answers an error',
  );
  for (const attempt of new Set(polls.map((poll) => poll.attempt))) {
    const own = polls.filter((poll) => poll.attempt === attempt);
    const lastedMs = (own.at(-1)?.at ?? 0) - (own[0]?.at ?? 0);
    const differsMs = Math.abs(lastedMs - limitSeconds * 1000);
    assert.ok(differsMs <= 2 * longestRoundMs, `it was waited for ${lastedMs} ms`);
  }
}
