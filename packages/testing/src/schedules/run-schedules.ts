import { Metrics } from '@flyte-agents/core';
import { VirtualClock } from '../clock.ts';
import { seeds, seedVariable } from '../seeds.ts';
import type { Path, TestTask } from '../task.ts';
import { pathsOf, type World } from '../world.ts';
import { generate } from './generate.ts';
import { History, type HistoryOptions, type HistoryResult } from './history.ts';
import type { Guarantee } from './guarantee.ts';
import type { Schedule } from './schedule.ts';
import { shrink } from './shrink.ts';

/** What to run, and how often. */
export interface ScheduleOptions {
  /** A fresh service, with nothing in it. */
  readonly world: () => World;
  readonly task: TestTask;
  /** What the agent promises of its jobs. Default: `once`. */
  readonly guarantee?: Guarantee | undefined;
  /** How many histories. Default 1,000. */
  readonly count?: number | undefined;
  /** Which ones: another seed gives others. Default 1. The environment's `FLYTE_AGENTS_SEED` runs a single one again. */
  readonly seed?: number | undefined;
  /** By which ways the task comes. Default: all that its agent serves. */
  readonly paths?: readonly [Path, ...Path[]] | undefined;
}

/** What was run. */
export interface ScheduleSummary {
  readonly schedules: number;
  /** Calls of the engine. */
  readonly calls: number;
  /** Jobs that the service took. */
  readonly jobs: number;
  /** Requests that reached the service. */
  readonly upstreamCalls: number;
  /**
   * Jobs that were left running because nobody could know of them: the service took them after the next attempt had looked, or
   * their task ended before there was one.
   */
  readonly beyondReach: number;
}

/** A history in which a promise was not kept. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError';
  /** Gives the same history again. */
  readonly seed: number;
  /** The promises: `R1`… */
  readonly rules: readonly string[];
  /** The shortest schedule that was found. */
  readonly schedule: Schedule;

  constructor(seed: number, schedule: Schedule, { violations, lines }: HistoryResult) {
    const { path, timeoutMs, latencyMs, replicas } = schedule;
    const broken = violations.map(({ rule, text }) => `${rule}: ${text}`);
    const setup = `${path}, ${replicas} replica(s), deadlines ${timeoutMs} ms, latency up to ${latencyMs} ms`;
    super([...new Set(broken), '', `History (${setup}):`, ...lines, '', `Again: ${seedVariable}=${seed}`].join('\n'));
    this.seed = seed;
    this.rules = [...new Set(violations.map(({ rule }) => rule))];
    this.schedule = schedule;
  }
}

/**
 * Runs random histories of creates, repeats, lost answers, restarts, faults and deletes against replicas of an agent, in virtual
 * time, and checks after each that every promise was kept.
 *
 * @throws ScheduleError with the shortest history that breaks one
 */
export async function runSchedules({
  world,
  task,
  guarantee = 'once',
  count = 1000,
  seed = 1,
  paths = pathsOf(world()),
}: ScheduleOptions): Promise<ScheduleSummary> {
  const startsJobs = world().agent().kind !== 'sensor';
  const clock = VirtualClock.install();
  const options: HistoryOptions = { world, task, guarantee, startsJobs, clock, metrics: new Metrics() };
  try {
    let summary: ScheduleSummary = { schedules: 0, calls: 0, jobs: 0, upstreamCalls: 0, beyondReach: 0 };
    for (const each of seeds(seed, count)) summary = plus(summary, await check(each, paths, options));
    return summary;
  } finally {
    clock.uninstall();
  }
}

async function check(seed: number, paths: readonly [Path, ...Path[]], options: HistoryOptions): Promise<HistoryResult> {
  const schedule = generate(seed, paths);
  const result = await new History(schedule, options).run();
  const [first] = result.violations;
  if (first === undefined) return result;
  const fails = async (candidate: Schedule): Promise<boolean> => {
    const { violations } = await new History(candidate, options).run();
    return violations.some(({ rule }) => rule === first.rule);
  };
  const shortest = await shrink(schedule, fails);
  throw new ScheduleError(seed, shortest, await new History(shortest, options).run());
}

function plus(summary: ScheduleSummary, { calls, jobs, upstreamCalls, beyondReach }: HistoryResult): ScheduleSummary {
  return {
    schedules: summary.schedules + 1,
    calls: summary.calls + calls,
    jobs: summary.jobs + jobs,
    upstreamCalls: summary.upstreamCalls + upstreamCalls,
    beyondReach: summary.beyondReach + beyondReach,
  };
}
