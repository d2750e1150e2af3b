import { Waiters } from '@flyte-agents/core';

/** How many calls are under way at once. */
const mostUnderWay = 10;
/** For how long a call that is under way is waited for before another goes that is not full, in milliseconds. */
const patienceMs = 1000;

interface Wanted<Found> {
  readonly id: string;
  readonly signal: AbortSignal;
  readonly answer: PromiseWithResolvers<Found | undefined>;
}

/**
 * Questions about single jobs that become calls about many. While a call is under way, others gather, and go when they fill one or
 * when it ends: polls of ten thousand jobs cost about a hundred calls, a single one is asked at once, and none waits for a timer.
 */
export class DescribeQueue<Found extends { readonly jobId: string }> {
  readonly #describe: (ids: readonly string[], signal: AbortSignal) => Promise<readonly Found[]>;
  readonly #most: number;
  readonly #wanted: Wanted<Found>[] = [];
  #underWay = 0;
  #lastAt = 0;

  /** @param most how many jobs one call may be about */
  constructor(most: number, describe: (ids: readonly string[], signal: AbortSignal) => Promise<readonly Found[]>) {
    this.#describe = describe;
    this.#most = most;
  }

  /** A job; `undefined` if there is none. A call ends when nobody waits for it any more. @throws whatever `describe` throws */
  async get(id: string, signal: AbortSignal): Promise<Found | undefined> {
    signal.throwIfAborted();
    const answer = Promise.withResolvers<Found | undefined>();
    this.#wanted.push({ id, signal, answer });
    this.#next();
    return answer.promise;
  }

  #next(): void {
    // What comes in this turn of the event loop goes together.
    queueMicrotask(() => {
      while (this.#mayAsk()) void this.#ask(this.#take());
    });
  }

  #mayAsk(): boolean {
    if (this.#wanted.length === 0 || this.#underWay >= mostUnderWay) return false;
    return this.#underWay === 0 || this.#wanted.length >= this.#most || Date.now() - this.#lastAt > patienceMs;
  }

  /** As many as one call may be about, of those that somebody still waits for. */
  #take(): readonly Wanted<Found>[] {
    const taken = this.#wanted.splice(0, this.#most);
    for (const { signal, answer } of taken) if (signal.aborted) answer.reject(signal.reason);
    return taken.filter(({ signal }) => !signal.aborted);
  }

  async #ask(wanted: readonly Wanted<Found>[]): Promise<void> {
    if (wanted.length === 0) return;
    this.#underWay++;
    this.#lastAt = Date.now();
    const waiters = new Waiters();
    for (const signal of new Set(wanted.map((each) => each.signal))) waiters.join(signal);
    try {
      const ids = [...new Set(wanted.map(({ id }) => id))];
      const found = await unlessAborted(this.#describe(ids, waiters.signal), waiters.signal);
      const jobs = new Map(found.map((job) => [job.jobId, job]));
      for (const { id, answer } of wanted) answer.resolve(jobs.get(id));
    } catch (error) {
      for (const { answer } of wanted) answer.reject(error);
    } finally {
      waiters.end();
      this.#underWay--;
      this.#next();
    }
  }
}

/** An SDK that does not hear the signal must not hold a place for ever. */
async function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
