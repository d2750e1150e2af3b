import { withGlobal, type Clock } from '@sinonjs/fake-timers';
import { Random } from './random.ts';

/** What virtual time stands in for; what else exists (sockets, `setImmediate`, microtasks) goes on as it is. */
const faked = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] as const;
/** When virtual time begins: an arbitrary day. */
const beginning = Date.UTC(2026, 0, 1);

type InstalledClock = Clock & { uninstall(): void };

/**
 * Time that passes only when a test says so: hours go by in milliseconds. It moves the global timers, `Date`, `performance.now`
 * and `AbortSignal.timeout`, for the whole process; `Math.random` follows a seed, so that what happened can be repeated.
 *
 * Functions imported from `node:timers/promises` are out of its reach, and so is everything that waits for a socket.
 */
export class VirtualClock {
  static #installed: VirtualClock | undefined;
  readonly #clock: InstalledClock;
  readonly #timeout = AbortSignal.timeout.bind(AbortSignal);
  readonly #random = Math.random;
  #chance: Random;

  private constructor(seed: number) {
    this.#clock = withGlobal(globalThis).install({ now: beginning, toFake: [...faked], shouldClearNativeTimers: true });
    this.#chance = new Random(seed);
    Math.random = () => this.#chance.next();
    AbortSignal.timeout = timeoutSignal;
  }

  /** Puts it in the place of the real clock, or of a virtual one that a test left behind. @param seed of `Math.random` */
  static install(seed: number = 1): VirtualClock {
    this.#installed?.uninstall();
    return (this.#installed = new VirtualClock(seed));
  }

  /** Begins anew: at the beginning of time, without any timer. */
  restart(seed: number): void {
    this.#clock.reset();
    this.#clock.setSystemTime(beginning);
    this.#chance = new Random(seed);
  }

  /** Milliseconds since 1970. */
  get now(): number {
    return this.#clock.Date.now();
  }

  /** Lets time pass. Between two timers, everything that needs no time comes to its end. */
  async advance(ms: number): Promise<void> {
    await this.#clock.tickAsync(ms);
  }

  /** Lets everything come to its end that needs no time. */
  async settle(): Promise<void> {
    await this.#clock.tickAsync(0);
  }

  /**
   * Lets time pass, timer by timer, until something is so.
   *
   * @param limitMs the longest time it may take
   * @throws Error when it takes longer
   */
  async until(isSo: () => boolean, limitMs: number): Promise<void> {
    const end = this.now + limitMs;
    await this.settle();
    while (!isSo()) {
      if (this.now > end || this.#clock.countTimers() === 0) throw new Error(`not so within ${limitMs} ms of virtual time`);
      await this.#clock.nextAsync();
    }
  }

  /** Lets time pass until work is done. @throws Error when it takes longer than `limitMs` */
  async run<Value>(work: Promise<Value>, limitMs: number): Promise<Value> {
    const progress = { isDone: false };
    const watched = work.finally(() => (progress.isDone = true));
    // Whoever awaits the work hears of its failure.
    watched.catch(() => {});
    await this.until(() => progress.isDone, limitMs);
    return work;
  }

  /** Gives the real clock back. */
  uninstall(): void {
    if (VirtualClock.#installed !== this) return;
    VirtualClock.#installed = undefined;
    this.#clock.uninstall();
    Math.random = this.#random;
    AbortSignal.timeout = this.#timeout;
  }
}

function timeoutSignal(ms: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')), ms);
  return controller.signal;
}
