/** One line of what a smoke test did, and whether it was as it should be. */
export interface Step {
  readonly name: string;
  readonly isGood: boolean;
  readonly message: string;
}

/** A look at an agent's work on a real account. It costs little, but something. */
export interface Smoke {
  /** The variables without which nothing is done. */
  readonly needs: readonly string[];
  readonly run: () => AsyncIterable<Step>;
}
