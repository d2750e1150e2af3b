import { FetchFault, unavailable } from './fault.ts';

/** The times of one fetch. Must be {@link end}ed. */
export class Times {
  readonly #controller = new AbortController();
  readonly #caller: AbortSignal | undefined;
  readonly #total: NodeJS.Timeout;
  #step: NodeJS.Timeout | undefined;

  constructor(totalMs: number, caller: AbortSignal | undefined) {
    this.#total = this.#timer('it was not over', totalMs);
    this.#caller = caller;
    caller?.addEventListener('abort', this.#leave);
    if (caller?.aborted === true) this.#leave();
  }

  /** Aborted, with a {@link FetchFault} as reason, when a time is over or the caller does not wait any more. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Starts the time of the next step, in place of the one before. */
  step(what: string, ms: number): void {
    clearTimeout(this.#step);
    this.#step = this.#timer(what, ms);
  }

  /** The step is over and the next one has no time of its own. */
  stepDone(): void {
    clearTimeout(this.#step);
  }

  /** Waits for work that knows of no signal. */
  async within<Value>(work: Promise<Value>): Promise<Value> {
    const { promise: over, reject } = Promise.withResolvers<never>();
    const stop = (): void => reject(this.signal.reason);
    if (this.signal.aborted) stop();
    this.signal.addEventListener('abort', stop);
    try {
      return await Promise.race([work, over]);
    } finally {
      this.signal.removeEventListener('abort', stop);
    }
  }

  end(): void {
    clearTimeout(this.#total);
    clearTimeout(this.#step);
    this.#caller?.removeEventListener('abort', this.#leave);
  }

  #timer(what: string, ms: number): NodeJS.Timeout {
    // Beyond that, a timer would fire at once.
    return setTimeout(() => this.#controller.abort(unavailable(`${what} within ${ms} ms`)), Math.min(ms, 2 ** 31 - 1));
  }

  readonly #leave = (): void => {
    const isTime = this.#caller?.reason instanceof Error && this.#caller.reason.name === 'TimeoutError';
    this.#controller.abort(
      isTime
        ? new FetchFault('it was not over when the call had to be answered', { code: 'DEADLINE_EXCEEDED', passes: true })
        : new FetchFault('the caller cancelled it', { code: 'CANCELLED', passes: true }),
    );
  };
}
