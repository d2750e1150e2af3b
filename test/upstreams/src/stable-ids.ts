import { createHash } from 'node:crypto';

/** Ids like random ones that follow from what they are for: a server that is asked the same gives the same, today and next year. */
export class StableIds {
  readonly #given = new Map<string, number>();

  /** The next id for something; each time another. */
  next(purpose: string): string {
    const count = this.#given.get(purpose) ?? 0;
    this.#given.set(purpose, count + 1);
    const digits = createHash('sha256').update(`${purpose} ${count}`).digest('hex');
    return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20, 32)].join('-');
  }
}
