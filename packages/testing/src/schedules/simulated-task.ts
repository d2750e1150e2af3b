import type { AttemptFacts } from './model.ts';
import { readReference } from './reference.ts';

/** What the engine had stored of an attempt. */
export interface StoredAttempt {
  readonly attempt: AttemptFacts;
  readonly reference: Uint8Array;
}

/** How a task ended. */
export type TaskEnd = 'SUCCEEDED' | 'FAILED' | 'ABORTED';

/** A task of a history, as the engine knows it. */
export class SimulatedTask {
  attempt: AttemptFacts;
  /** How it ended. */
  end: TaskEnd | undefined;
  /** Flyte 2 deletes a failed attempt before the next one. */
  isCleaning = false;
  /** What it had stored of attempts that are over. */
  readonly past: StoredAttempt[] = [];
  #reference: Uint8Array | undefined;
  #creating: AbortController | undefined;
  #polling: StoredAttempt | undefined;

  constructor(attempt: AttemptFacts) {
    this.attempt = attempt;
  }

  /** What the engine has stored of the attempt under way. */
  get stored(): StoredAttempt | undefined {
    return this.#reference && { attempt: this.attempt, reference: this.#reference };
  }

  /** Whether anything can still happen to it. */
  get isOpen(): boolean {
    return this.end === undefined && !this.isCleaning;
  }

  /**
   * The engine creates it. That it does so again means that it was restarted, or could not write what the create before had
   * answered: it has forgotten that. Gives what ends the call.
   */
  create(): AbortController {
    this.#creating?.abort();
    this.#reference = undefined;
    this.#polling = undefined;
    this.attempt.stored = undefined;
    return (this.#creating = new AbortController());
  }

  /** A create is over; whether the engine waits for its answer. */
  hears(create: AbortController): boolean {
    if (this.#creating !== create) return false;
    this.#creating = undefined;
    return true;
  }

  /** The engine polls what it has stored, unless it does so already. */
  poll(): StoredAttempt | undefined {
    if (this.#polling !== undefined) return undefined;
    return (this.#polling = this.stored);
  }

  /** A poll is over; whether the engine waits for its answer. */
  hearsPoll(poll: StoredAttempt): boolean {
    if (this.#polling !== poll) return false;
    this.#polling = undefined;
    return true;
  }

  store(reference: Uint8Array): void {
    this.#reference = reference;
    this.attempt.stored = readReference(reference).kind;
  }

  /** The engine goes on to the next attempt. */
  retry(attempt: AttemptFacts): void {
    this.#keep();
    this.attempt = attempt;
  }

  over(end: TaskEnd): void {
    this.#keep();
    this.end = end;
  }

  #keep(): void {
    const { stored } = this;
    if (stored !== undefined) this.past.push(stored);
    this.#reference = undefined;
    this.#creating = undefined;
    this.#polling = undefined;
  }
}
