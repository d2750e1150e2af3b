import type { Schedule, Step } from './schedule.ts';

/** How many histories a search for a shorter one may run. */
const mostRuns = 400;

/**
 * A shorter schedule that still fails: leaves out runs of steps, long ones first, then pauses, as long as that makes it shorter.
 *
 * @param fails runs a schedule
 */
export async function shrink(schedule: Schedule, fails: (schedule: Schedule) => Promise<boolean>): Promise<Schedule> {
  let [best, runs] = [schedule, 0];
  const isBetter = async (candidate: Schedule): Promise<boolean> => {
    if (runs++ >= mostRuns || !(await fails(candidate))) return false;
    best = candidate;
    return true;
  };
  for (let length = Math.ceil(best.steps.length / 2); length >= 1; length = length === 1 ? 0 : Math.ceil(length / 2)) {
    for (let from = 0; from < best.steps.length;) {
      const steps = best.steps.toSpliced(from, length);
      if (!(await isBetter({ ...best, steps }))) from += length;
    }
  }
  await isBetter({ ...best, latencyMs: 0 });
  await isBetter({ ...best, tasks: best.tasks.slice(0, 1) });
  await isBetter({ ...best, replicas: 1 });
  for (const index of best.steps.keys()) await isBetter({ ...best, steps: withoutPause(best.steps, index) });
  return best;
}

function withoutPause(steps: readonly Step[], index: number): readonly Step[] {
  const step = steps[index];
  return step === undefined ? steps : steps.with(index, { ...step, afterMs: 0 });
}
