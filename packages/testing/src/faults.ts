import type { Random } from './random.ts';

/** What can go wrong with a request to a service. */
export const faultKinds = [
  /** The service does not take it: 503. */
  'unavailable',
  /** The service does not take it: 429, with the time after which it may come again. */
  'throttled',
  /** The service refuses the credentials: 401 or 403. */
  'refused',
  /** The connection is reset before the service took it. */
  'lost-before',
  /** The service does it, and the connection is reset before the answer is there. */
  'lost-after',
  /** Nothing is ever answered; the service did not take it. */
  'stall-before',
  /** Nothing is ever answered; the service does it. */
  'stall-after',
  /** The service does it, and its answer is not what its documentation promises. */
  'malformed',
  /** The service does it, and its answer ends in the middle. */
  'truncated',
  /** It lies in a queue before the service takes it. */
  'slow',
  /** The service does not show what is new yet. */
  'hidden',
] as const;

/** A word for what goes wrong with a request. */
export type FaultKind = (typeof faultKinds)[number];

/** Something that goes wrong with coming requests. */
export interface Fault<Operation extends string = string> {
  readonly kind: FaultKind;
  /** Only requests of this kind. Default: any. */
  readonly operation?: Operation | undefined;
  /** How many requests it meets. Default 1. */
  readonly times?: number | undefined;
  /** When the service wants to be asked again, in milliseconds; with `throttled`. */
  readonly retryAfterMs?: number | undefined;
  /** What passes before the service takes the request or the fault shows, in milliseconds. Default 0; `slow`: 5 s. */
  readonly delayMs?: number | undefined;
}

/** The HTTP status that goes with a fault, where it is an answer at all. */
export function faultStatus(kind: FaultKind): number | undefined {
  return { unavailable: 503, throttled: 429, refused: 403 }[kind as string];
}

/** Faults that wait for their requests, oldest first. */
export class FaultSchedule<Operation extends string = string> {
  #waiting: { readonly fault: Fault<Operation>; left: number }[] = [];

  add(fault: Fault<Operation>): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 });
  }

  /** The fault that meets this request, if any. */
  take(operation: Operation): Fault<Operation> | undefined {
    const entry = this.#waiting.find(({ fault }) => fault.operation === undefined || fault.operation === operation);
    if (entry === undefined) return undefined;
    entry.left -= 1;
    if (entry.left <= 0) this.#waiting = this.#waiting.filter((other) => other !== entry);
    return entry.fault;
  }

  /** Nothing goes wrong any more. */
  clear(): void {
    this.#waiting = [];
  }
}

/** Faults that meet a share of all requests by chance. */
export function randomFaults<Operation extends string>(
  random: Random,
  rate: number,
  kinds: readonly [FaultKind, ...FaultKind[]],
): (operation: Operation) => Fault<Operation> | undefined {
  return () => (random.chance(rate) ? { kind: random.pick(...kinds), retryAfterMs: 1000, delayMs: 0 } : undefined);
}
