// The cases assert; their titles tell what.
// oxlint-disable vitest/expect-expect vitest/valid-title
import assert from 'node:assert/strict';
import { describe, test } from 'vitest';
import { conformanceCases, type AgentUnderTest } from './conformance/cases.ts';
import { runSchedules } from './schedules/run-schedules.ts';
import type { Path } from './task.ts';

/** What {@link testAgent} proves. */
export interface AgentTestOptions extends AgentUnderTest {
  /** What the tests are called. */
  readonly name: string;
  /** How many random histories are run. Default 500. */
  readonly schedules?: number | undefined;
  /** Which ones. Default 1. */
  readonly seed?: number | undefined;
}

const pathNames: Readonly<Record<Path, string>> = {
  flyte1: 'Flyte 1, async',
  'flyte1-sync': 'Flyte 1, sync',
  flyte2: 'Flyte 2',
};

/** What histories are checked for. */
const historyRules = 'R1, R2, R3, R4, R5, R6, R7, R8, R10, C1, C2, C3, C4, C5, C31';

/** On a busy machine, in milliseconds. */
function slowestMs(schedules: number): number {
  return 60_000 + 20 * schedules;
}

/**
 * Registers the tests that every agent must pass: what each promise means over each of the engines' ways, in virtual time and
 * over sockets, and random histories.
 */
export function testAgent({ name, schedules = 500, seed = 1, ...agent }: AgentTestOptions): void {
  describe(name, () => {
    for (const { path, place, title, run } of conformanceCases(agent)) {
      test(`${title} (${pathNames[path]}${place === 'sockets' ? ', over sockets' : ''})`, run);
    }
    test(
      `${historyRules}: ${schedules} random histories break no promise`,
      async () => {
        const { beyondReach } = await runSchedules({ ...agent, count: schedules, seed });
        assert.ok(beyondReach <= 5 + schedules / 100, `${beyondReach} jobs were left running because nobody could know of them`);
      },
      slowestMs(schedules),
    );
  });
}
