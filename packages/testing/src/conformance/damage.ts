import assert from 'node:assert/strict';
import { runMutations } from '../mutations/run-mutations.ts';
import type { Case } from './case.ts';
import { finish } from './stage.ts';

const count = 200;

/** Requests and references that nobody should send. */
export const damageCases: readonly Case[] = [
  {
    title: 'R3, R5, C14: damaged requests and references are answered in time, and harm no task',
    needs: 'sockets',
    async run(stage) {
      const { task, path } = stage.subject;
      const [endpoint] = stage.endpoints;
      assert.ok(endpoint !== undefined);
      const before = stage.start();
      const { requests } = await runMutations({ address: endpoint.address, task, path, count });
      assert.ok(requests > 0);
      for (const running of [before, stage.start()]) {
        const { phase, message } = await finish(stage, running);
        assert.equal(phase, 'SUCCEEDED', message);
      }
    },
  },
];
