/** Answers that several calls want, and that stay true for a while. Losing them costs nothing but a call. */
export class Remembered<Value> {
  readonly #entries = new Map<string, { readonly until: number; readonly value: Promise<Value> }>();
  readonly #forMs: number;

  /** @param forMs for how long an answer is taken to be true, in milliseconds */
  constructor(forMs: number) {
    this.#forMs = forMs;
  }

  /** Asks once however many want to know at the same time. @throws whatever `ask` throws; the next call asks anew */
  async get(key: string, ask: () => Promise<Value>): Promise<Value> {
    const known = this.#entries.get(key);
    if (known !== undefined && Date.now() < known.until) return known.value;
    if (this.#entries.size >= capacity) this.#entries.clear();
    const value = ask();
    // A question that is never answered must not keep others from asking.
    const entry = { until: Date.now() + askedMs, value };
    this.#entries.set(key, entry);
    try {
      const answer = await value;
      if (this.#entries.get(key) === entry) this.#entries.set(key, { until: Date.now() + this.#forMs, value });
      return answer;
    } catch (error) {
      if (this.#entries.get(key) === entry) this.forget(key);
      throw error;
    }
  }

  forget(key: string): void {
    this.#entries.delete(key);
  }
}

const capacity = 1000;
/** For how long others wait for an answer that is under way, in milliseconds. */
const askedMs = 5000;
