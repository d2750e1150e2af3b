import type { AgentError } from '../errors.ts';

/** The most that is kept back of a caller's deadline, in milliseconds; 10 % of the deadline if that is less. */
const marginMs = 500;
/** How long a call may take whose caller gave no deadline, in milliseconds. */
const defaultMs = 10_000;
/** Node's timers hold 31 bits; a longer deadline is as good as this one. */
const longestMs = 2 ** 31 - 1;

/** What {@link Call.within} gives when there was no time left. */
export const expired: unique symbol = Symbol('expired');

/**
 * One call of the engine: when its answer must be ready, and whether the caller still waits. Ends before the caller's
 * deadline also when an SDK ignores the signal (R5). Must be {@link end}ed.
 */
export class Call {
  /** When the answer must be ready, in milliseconds since 1970. */
  readonly deadline: number;
  /** Whether the caller hung up. */
  cancelled = false;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #ended = false;

  /** @param callerDeadline in milliseconds since 1970; absent: ten seconds from now */
  constructor(callerDeadline?: number) {
    const now = Date.now();
    const given = Math.min(Math.max(0, (callerDeadline ?? now + defaultMs) - now), longestMs);
    const usable = given - Math.min(marginMs, given / 10);
    this.deadline = now + usable;
    this.#timer = setTimeout(() => this.#controller.abort(new DOMException('the deadline of the call is near', 'TimeoutError')), usable);
  }

  /** Aborted when the deadline is near or the caller hung up. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** How long the call may still take, in milliseconds. */
  get remainingMs(): number {
    return Math.max(0, this.deadline - Date.now());
  }

  /** The caller hung up. Nothing of it once the answer is given: gRPC reports the end of every call this way. */
  cancel(): void {
    if (this.#ended) return;
    this.cancelled = true;
    this.#controller.abort(new DOMException('the caller cancelled the call', 'AbortError'));
  }

  /** Waits for the work, but no longer than the call may take. The work itself is not ended. */
  async within<Value>(work: Promise<Value>): Promise<Value | typeof expired> {
    const { promise: over, resolve } = Promise.withResolvers<typeof expired>();
    const stop = (): void => resolve(expired);
    if (this.signal.aborted) stop();
    this.signal.addEventListener('abort', stop, { once: true });
    try {
      return await Promise.race([work, over]);
    } catch (error) {
      // Work that noticed the signal first gave up for the same reason.
      if (this.signal.aborted) return expired;
      throw error;
    } finally {
      this.signal.removeEventListener('abort', stop);
    }
  }

  /** The answer is given: frees the timer. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }
}

/** How long to wait before the next try, in milliseconds: longer each time, and as long as the service wants. @param round 0 after the first try */
export function backOffMs(round: number, { retryAfterMs = 0 }: AgentError): number {
  return Math.max(retryAfterMs, Math.random() * 100 * 2 ** Math.min(round, 6));
}

/** Waits, at most until the signal is aborted. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = (): void => resolve();
  if (signal?.aborted === true) stop();
  signal?.addEventListener('abort', stop, { once: true });
  await promise;
  clearTimeout(timer);
  signal?.removeEventListener('abort', stop);
}
