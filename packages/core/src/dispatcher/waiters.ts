/** The calls that wait for one piece of work: its reads end when the last of them is gone. */
export class Waiters {
  readonly #controller = new AbortController();
  readonly #waiting = new Map<AbortSignal, () => void>();

  /** Aborted when everybody who joined is gone. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** @param gone the waiting call's own signal */
  join(gone: AbortSignal): void {
    const leave = (): void => {
      this.#waiting.delete(gone);
      if (this.#waiting.size === 0) this.#controller.abort(gone.reason);
    };
    this.#waiting.set(gone, leave);
    if (gone.aborted) leave();
    else gone.addEventListener('abort', leave, { once: true });
  }

  /** The work is done: nobody needs to be listened to any more. */
  end(): void {
    for (const [signal, leave] of this.#waiting) signal.removeEventListener('abort', leave);
    this.#waiting.clear();
  }
}
