import { Waiters } from '@flyte-agents/core';

/**
 * A read that several calls wait for: it ends when none of them does any more, and what it gave is there for those who come
 * within a moment.
 */
class SharedRead<Value> {
  readonly #waiters = new Waiters();
  readonly #value: Promise<Value>;
  #doneAt = Infinity;

  constructor(read: (signal: AbortSignal) => Promise<Value>) {
    this.#value = read(this.#waiters.signal).finally(() => {
      this.#doneAt = performance.now();
      this.#waiters.end();
    });
  }

  /** Whether its value is still good after so many milliseconds. */
  isFresh(forMs: number): boolean {
    return this.#doneAt === Infinity ? !this.#waiters.signal.aborted : performance.now() - this.#doneAt < forMs;
  }

  async wait(signal: AbortSignal): Promise<Value> {
    if (this.#doneAt === Infinity) this.#waiters.join(signal);
    return this.#value;
  }
}

/** Reads of one kind, by what is read. Equal reads are one (SE16); failed ones are not kept. */
export class SharedReads<Value> {
  readonly #forMs: number;
  readonly #reads = new Map<string, SharedRead<Value>>();

  /** @param forMs for how long what was read is given to others, in milliseconds */
  constructor(forMs: number) {
    this.#forMs = forMs;
  }

  /** @param key what is read, and for whom */
  async read(key: string, signal: AbortSignal, read: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    const known = this.#reads.get(key);
    if (known?.isFresh(this.#forMs) === true) return known.wait(signal);
    const shared = new SharedRead(read);
    this.#reads.set(key, shared);
    const forget = (): void => {
      if (this.#reads.get(key) === shared) this.#reads.delete(key);
    };
    const value = shared.wait(signal);
    value.then(() => setTimeout(forget, this.#forMs).unref(), forget);
    return value;
  }
}
