import type { JsonObject } from '../literals/model.ts';
import { isTerminal } from '../phase.ts';
import type { Resource } from '../task.ts';

/**
 * For how long an answer that was asked for ahead is good, in milliseconds. The engine leaves at least 5 s between two polls of a
 * job, so that it is newer than what the job's poll before was told, by whichever replica.
 */
const freshMs = 4000;
/** After this, a job that is not polled any more is forgotten, in milliseconds. */
const forgottenMs = 120_000;

/** A job that is polled time and again. */
interface WatchedJob {
  readonly key: string;
  readonly ref: JsonObject;
  readonly polledAt: number;
  /** How long after the poll before the latest one came; `undefined` after the first. */
  readonly intervalMs: number | undefined;
  /** When it was last asked for ahead, and what came of it. */
  askedAt: number;
  answer?: Resource;
}

/** The jobs of one group that are polled, and what was learnt of them while others were asked for (C33). */
export class WatchedJobs {
  /** Longest not polled first. */
  readonly #jobs = new Map<string, WatchedJob>();
  /** How long after the poll before the latest one came, of the job that was polled last: the engine treats all alike. */
  #usualMs: number | undefined;

  /** Whether no job is polled. */
  get isEmpty(): boolean {
    this.#forget();
    return this.#jobs.size === 0;
  }

  /** A job is polled: gives what is known of it already. An answer is given once. */
  polled(key: string, ref: JsonObject): Resource | undefined {
    const now = Date.now();
    const known = this.#jobs.get(key);
    this.#jobs.delete(key);
    const answer = known !== undefined && now - known.askedAt < freshMs ? known.answer : undefined;
    if (answer !== undefined && isTerminal(answer.phase)) return answer;
    const intervalMs = known && now - known.polledAt;
    // An engine does not come sooner: two engines do, and callers that try again.
    if (intervalMs !== undefined && intervalMs > freshMs) this.#usualMs = intervalMs;
    this.#jobs.set(key, { key, ref, polledAt: now, intervalMs, askedAt: 0 });
    return answer;
  }

  /** A poll was answered: what is over is not polled again. */
  answered(key: string, { phase }: Resource): void {
    if (isTerminal(phase)) this.#jobs.delete(key);
  }

  /** The jobs that will be polled next, as their polls so far came, at most so many. They count as asked for. */
  next(count: number, isAsked: (key: string) => boolean): readonly WatchedJob[] {
    const now = Date.now();
    const found: WatchedJob[] = [];
    for (const job of this.#jobs.values()) {
      if (found.length >= count) break;
      if (!isDue(job, now, this.#usualMs) || now - job.askedAt < freshMs || isAsked(job.key)) continue;
      job.askedAt = now;
      found.push(job);
    }
    return found;
  }

  /** What became of a job that was asked for ahead. Nothing, when it was polled meanwhile: that poll may know more. */
  learnt(job: WatchedJob, answer: Resource): void {
    if (this.#jobs.get(job.key) === job) job.answer = answer;
  }

  #forget(): void {
    const before = Date.now() - forgottenMs;
    for (const { key, polledAt } of this.#jobs.values()) {
      if (polledAt >= before) return;
      this.#jobs.delete(key);
    }
  }
}

/** Whether a job will be polled before an answer gets old. One that is long overdue is polled elsewhere, or no more. */
function isDue({ polledAt, intervalMs }: WatchedJob, now: number, usualMs: number | undefined): boolean {
  const expectedMs = intervalMs ?? usualMs;
  const age = now - polledAt;
  return expectedMs !== undefined && age >= expectedMs - freshMs && age < 2 * expectedMs;
}
