import assert from 'node:assert/strict';
import type { Verdict } from '../engine/calls.ts';
import { passingFaults } from '../faults.ts';
import { isLive } from '../job.ts';
import type { Case } from './case.ts';
import { finish, type Stage } from './stage.ts';

/** Secrets stay inside. */
export const secretCases: readonly Case[] = [
  {
    title: 'R8, C12: no secret is in references, answers, logs, metrics or errors when all goes well',
    appliesTo: (_subject, world) => !world.canaries.isEmpty,
    async run(stage) {
      await assertNoLeak(stage, await finish(stage, stage.start()));
    },
  },
  {
    title: 'R8, C12: the secrets of a task, its environment and what it has for other plugins are in no reference, answer, log or metric',
    async run(stage) {
      const { task } = stage.subject;
      const { canaries } = stage.world;
      const custom = { ...task.custom, password_of_another_plugin: canaries.make("another plugin's password") };
      const environment = { DATABASE_PASSWORD: canaries.make('environment') };
      const connection = { secrets: { token: canaries.make('connection') }, configs: {} };
      await assertNoLeak(stage, await finish(stage, stage.start({ task: { ...task, custom, environment, connection } })));
    },
  },
  ...([...passingFaults, 'refused'] as const).map((kind): Case => ({
    title: `R8, C9, C12: no secret is in references, answers, logs, metrics or errors when the service fails (${kind})`,
    needs: 'time',
    appliesTo: (_subject, world) => !world.canaries.isEmpty,
    async run(stage) {
      const { world } = stage;
      world.fault({ kind, times: 3 });
      const refused = await finish(stage, stage.start({ retries: 1 }));
      const task = stage.start({ retries: 1 });
      await stage.rounds(1);
      world.fault({ kind, times: 3 });
      await stage.rounds(4);
      const stopped = stage.start({ retries: 1 });
      await stage.rounds(1);
      for (const { id } of world.jobs.filter(isLive)) world.fail(id);
      const failed = await finish(stage, task);
      for (const operation of ['read', 'cancel'] as const) world.fault({ kind, operation, times: 3 });
      stopped.abort();
      await assertNoLeak(stage, refused, failed, await stage.done(stopped.end));
    },
  })),
];

async function assertNoLeak(stage: Stage, ...verdicts: readonly Verdict[]): Promise<void> {
  const { canaries } = stage.world;
  const leaks = [
    ...canaries.find(stage.logger.lines, 'the log'),
    ...canaries.find(await stage.metrics(), 'the metrics'),
    ...verdicts.flatMap(({ calls, published, message, outputs }) => [
      ...calls.flatMap(({ reference }) => (reference === undefined ? [] : canaries.find(reference, 'a reference'))),
      ...canaries.find([calls, message], 'an answer or an error'),
      ...canaries.find([published, outputs], 'an answer'),
    ]),
  ];
  assert.deepEqual(leaks, [], 'no secret leaves the agent');
}
