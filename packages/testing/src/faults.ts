import type { Random } from './random.ts';

/** Faults that pass by themselves and show as an answer that failed, or as none. */
export const passingFaults = [
  /** The service does not take it: 503. */
  'unavailable',
  /** The service does not take it: 429, with the time after which it may come again. */
  'throttled',
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
] as const;

/** Faults that only take time. */
export const slowFaults = [
  /** It lies in a queue before the service takes it. */
  'slow',
  /** The service does it at once, and its answer comes bit by bit. */
  'slow-body',
] as const;

/** What can go wrong with a request to a service. */
export const faultKinds = [
  ...passingFaults,
  ...slowFaults,
  /** The service refuses the credentials: 401 or 403. */
  'refused',
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
  /** What passes before the service takes the request or the fault shows, in milliseconds. Default 0; slow ones: 5 s. */
  readonly delayMs?: number | undefined;
}

const statuses: Readonly<Partial<Record<FaultKind, number>>> = { unavailable: 503, throttled: 429, refused: 403 };
const untaken: ReadonlySet<FaultKind> = new Set<FaultKind>(['unavailable', 'throttled', 'refused', 'lost-before', 'stall-before']);
const onlySlow: ReadonlySet<FaultKind> = new Set<FaultKind>(slowFaults);
const defaultSlowMs = 5000;

/** The HTTP status that goes with a fault, where it is an answer at all. */
export function faultStatus(kind: FaultKind): number | undefined {
  return statuses[kind];
}

/** Whether the service does what it was asked for, although its answer may be lost. */
export function isTaken(kind: FaultKind): boolean {
  return !untaken.has(kind);
}

/** What passes before a fault shows, in milliseconds. */
export function delayOf({ kind, delayMs }: Fault): number {
  return delayMs ?? (onlySlow.has(kind) ? defaultSlowMs : 0);
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

/** Faults that meet a share of all requests by chance; those that only take time take up to 20 s. */
export function randomFaults<Operation extends string>(
  random: Random,
  rate: number,
  kinds: readonly [FaultKind, ...FaultKind[]],
): (operation: Operation) => Fault<Operation> | undefined {
  return () => {
    if (!random.chance(rate)) return undefined;
    const kind = random.pick(...kinds);
    return { kind, retryAfterMs: 1000, delayMs: onlySlow.has(kind) ? random.integer(1, 20_000) : 0 };
  };
}
