import type { S3Operation } from './s3-request.ts';

/** What goes wrong with coming requests: an error answer, a reset connection, or a delay, also before either. */
export interface S3Fault {
  /** Only requests of this operation; default: any request. */
  readonly operation?: S3Operation;
  /** How many requests it meets; default 1. */
  readonly times?: number;
  /** HTTP status of the answer; default: the request is served. */
  readonly status?: number;
  /** S3's error code in the answer; default `InternalError`. */
  readonly code?: string;
  /** Pause before the answer, in milliseconds; default 0. */
  readonly delayMs?: number;
  /** Reset the connection instead of answering. */
  readonly reset?: boolean;
}

/** Faults that wait for their requests, oldest first. */
export class FaultSchedule {
  readonly #waiting: { readonly fault: S3Fault; left: number }[] = [];

  add(fault: S3Fault): void {
    this.#waiting.push({ fault, left: fault.times ?? 1 });
  }

  /** The fault that meets this request, if any. */
  take(operation: S3Operation | undefined): S3Fault | undefined {
    const index = this.#waiting.findIndex(({ fault }) => fault.operation === undefined || fault.operation === operation);
    const entry = this.#waiting[index];
    if (entry === undefined) return undefined;
    entry.left -= 1;
    if (entry.left <= 0) this.#waiting.splice(index, 1);
    return entry.fault;
  }
}
