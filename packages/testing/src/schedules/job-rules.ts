import { isLive, type WorldJob } from '../job.ts';
import type { World } from '../world.ts';
import type { Guarantee } from './guarantee.ts';
import type { AttemptFacts, Report } from './model.ts';

/** What must be true of the service's jobs when a history is over and everything was given time to settle. */
export class JobRules {
  /** Jobs that were left running because nobody could know of them. */
  beyondReach = 0;
  readonly #world: World;
  readonly #guarantee: Guarantee;
  readonly #attempts: readonly AttemptFacts[];
  readonly #report: Report;

  constructor(world: World, guarantee: Guarantee, attempts: readonly AttemptFacts[], report: Report) {
    this.#world = world;
    this.#guarantee = guarantee;
    this.#attempts = attempts;
    this.#report = report;
  }

  check(): void {
    for (const attempt of this.#attempts) this.#count(attempt);
    for (const job of this.#world.taken) {
      const attempt = this.#attempts.find(({ id }) => id === job.startedBy?.attempt);
      if (attempt === undefined) continue;
      if (isLive(job)) this.#leftOver(job, attempt);
      if (job.state === 'cancelled') this.#stopped(job, attempt);
      if (job.isDestroyed) this.#report('C4', `what ${nameOf(job)} had made was destroyed`);
    }
  }

  #count(attempt: AttemptFacts): void {
    const jobs = jobsOf(this.#world, attempt);
    const { length: creates } = attempt.creates;
    if (this.#guarantee === 'bestEffort') {
      if (jobs.length > creates) this.#report('R1', `${creates} creates of one attempt started ${jobs.length} jobs`);
      return;
    }
    for (const [index, job] of jobs.entries()) {
      const before = jobs.slice(0, index);
      const isExcused = before.some((other) => isForgotten(other, job) || (this.#guarantee === 'atLeastOnce' && hasCrossed(job, other)));
      if (index > 0 && !isExcused) this.#report('R1', `one attempt started ${nameOf(job)} besides ${before.map(nameOf).join(', ')}`);
    }
  }

  #leftOver(job: WorldJob, attempt: AttemptFacts): void {
    if (this.#guarantee === 'bestEffort') return;
    const others = jobsOf(this.#world, attempt).filter((other) => other !== job);
    if (this.#guarantee === 'atLeastOnce' && others.some((other) => hasCrossed(job, other) || hasCrossed(other, job))) return;
    if (others.some((other) => isForgotten(other, job)) || this.#isBeyondReach(job, attempt)) this.beyondReach++;
    else this.#report('R2', `${nameOf(job)} still runs, and no task will ever ask for it`);
  }

  /**
   * What the next attempt cannot find: a job that the service took only after that attempt had begun to look for it; and a job that
   * the engine never heard of, or was told a failure of (by another replica, when creates crossed), and whose task ended before a
   * later attempt could begin.
   */
  #isBeyondReach({ takenAt }: WorldJob, attempt: AttemptFacts): boolean {
    const later = this.#later(attempt);
    if (later.some(({ creates }) => creates.some((at) => at <= takenAt))) return true;
    return (attempt.stored === undefined || attempt.stored === 'failure') && !later.some(({ isBegun }) => isBegun);
  }

  /** A job is stopped for its task's sake only: a replica that merely lost its caller leaves it to whoever comes next. */
  #stopped(job: WorldJob, attempt: AttemptFacts): void {
    const { stoppedBy } = job;
    if (stoppedBy === undefined) return;
    const later = this.#later(attempt);
    const isOwn = stoppedBy.attempt === attempt.id;
    const byDelete = stoppedBy.method === 'delete' && isOwn && attempt.isDeleted;
    const byLater = stoppedBy.method === 'create' && later.some(({ id }) => id === stoppedBy.attempt);
    const isUnwanted =
      attempt.stored === 'failure' ||
      jobsOf(this.#world, attempt).length > 1 ||
      later.some(({ creates }) => creates.some((at) => at <= stoppedBy.at));
    if (!byDelete && !byLater && !(stoppedBy.method === 'create' && isOwn && isUnwanted))
      this.#report('C5', `${nameOf(job)} was stopped by ${stoppedBy.method} of ${stoppedBy.attempt} without a reason`);
  }

  #later({ task, number }: AttemptFacts): readonly AttemptFacts[] {
    return this.#attempts.filter((other) => other.task === task && other.number > number);
  }
}

/** The jobs that calls of one attempt started. */
export function jobsOf(world: World, { id }: AttemptFacts): readonly WorldJob[] {
  return world.taken.filter(({ startedBy }) => startedBy?.attempt === id);
}

/** A job and whose it is. */
export function nameOf({ id, startedBy }: WorldJob): string {
  return startedBy === undefined ? id : `${id} (of ${startedBy.attempt})`;
}

/** Whether the call that started a job began before the service took the other: it could not see it. */
function hasCrossed({ startedBy }: WorldJob, { takenAt }: WorldJob): boolean {
  return startedBy !== undefined && startedBy.since <= takenAt;
}

/** Whether nobody could know of the first job any more when the second was taken. */
function isForgotten({ vanishedAt }: WorldJob, { takenAt }: WorldJob): boolean {
  return vanishedAt !== undefined && vanishedAt <= takenAt;
}
