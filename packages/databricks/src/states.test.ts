import { expect, test } from 'vitest';
import runs from './__fixtures__/runs.json' with { type: 'json' };
import { runPhase } from './states.ts';

test.each(runs)('DB2, R10: a run that is $name is $phase', ({ run, phase }) => {
  expect(runPhase({ run_id: '1', ...run })).toBe(phase);
});
