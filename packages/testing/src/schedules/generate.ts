import { Random } from '../random.ts';
import { passingFaults, slowFaults, type Fault } from '../faults.ts';
import type { Path } from '../task.ts';
import type { WorldOperation } from '../wire.ts';
import type { Schedule, Step } from './schedule.ts';

/** How often each kind of step comes. */
const weights = { create: 5, poll: 5, abort: 0.5, 'late delete': 0.7, drain: 0.6, kill: 0.8, job: 2.5, fault: 4, heal: 0.7 };
const moves = { start: 4, succeed: 2, fail: 1, requeue: 0.7, vanish: 0.4, confuse: 0.4, interrupt: 0.4 };
/** A submit is given up after a minute; what the service takes later than that is beyond anybody's reach. */
const slowestSubmitMs = 50_000;

/** A schedule made by chance. @param paths by which ways the task may come */
export function generate(seed: number, paths: readonly [Path, ...Path[]]): Schedule {
  const random = new Random(seed);
  const tasks = random.chance(0.15) ? 2 : 1;
  const replicas = random.chance(0.8) ? 2 : 1;
  const count = random.integer(3, 16);
  const steps = Array.from({ length: count }, (_unused, index) => toStep(random, { tasks, replicas, isFirst: index === 0 }));
  return {
    seed,
    path: random.pick(...paths),
    timeoutMs: random.pick(3000, 5000, 10_000),
    latencyMs: random.pick(0, 5, 50, 400),
    replicas,
    tasks: Array.from({ length: tasks }, () => random.pick('succeed', 'succeed', 'abort')),
    steps,
  };
}

function toStep(random: Random, { tasks, replicas, isFirst }: { tasks: number; replicas: number; isFirst: boolean }): Step {
  const afterMs = toPause(random);
  const kind = isFirst ? random.weighted({ create: 3, fault: 2 }) : random.weighted(weights);
  const task = random.integer(0, tasks - 1);
  const replica = random.integer(0, replicas - 1);
  switch (kind) {
    case 'create': {
      const fate = random.weighted({ kept: 4, doubled: 1.5, lost: 2, cancelled: 2 });
      const hangUpMs = random.pick(0, random.integer(1, 200), random.integer(200, 2900));
      return { kind, afterMs, task, replica, fate, afterwards: random.pick('retry', 'resend'), hangUpMs };
    }
    case 'poll':
    case 'abort':
      return { kind, afterMs, task, replica };
    case 'late delete':
      return { kind, afterMs, task, replica, pick: random.integer(0, 9) };
    case 'drain':
      return { kind, afterMs, replica };
    case 'kill':
      return { kind, afterMs, replica, isTaken: random.chance(0.6) };
    case 'job':
      return { kind, afterMs, pick: random.integer(0, 9), move: random.weighted(moves) };
    case 'fault':
      return { kind, afterMs, fault: toFault(random) };
    default:
      return { kind: 'heal', afterMs };
  }
}

/** Mostly no time for anything to settle; now and then long enough for deadlines, polls, and what is young to grow old. */
function toPause(random: Random): number {
  const length = random.weighted({ none: 4, short: 4, call: 2, resync: 1.5, long: 0.6 });
  switch (length) {
    case 'none':
      return 0;
    case 'short':
      return random.integer(1, 300);
    case 'call':
      return random.integer(300, 11_000);
    case 'resync':
      return 30_000;
    default:
      return random.integer(60_000, 150_000);
  }
}

function toFault(random: Random): Fault<WorldOperation> {
  const operation = random.weighted<WorldOperation>({ submit: 4, read: 3, search: 2, cancel: 1.5 });
  const kind = random.pick(...passingFaults, ...slowFaults, 'refused');
  const times = random.pick(1, 1, 2, 5);
  const isSlow = kind === 'slow' || kind === 'slow-body';
  const delayMs = isSlow ? random.pick(random.integer(100, 3000), random.integer(3000, slowestSubmitMs)) : undefined;
  return { kind, operation, times, ...(delayMs !== undefined && { delayMs }), ...(kind === 'throttled' && { retryAfterMs: 700 }) };
}
