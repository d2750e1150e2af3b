import type { IdempotencyKey } from '../idempotency.ts';
import { Memory } from '../memory.ts';
import type { Resource } from '../task.ts';
import type { Call } from './call.ts';
import { rememberedOutputs, sizeOf } from './outputs.ts';
import { Waiters } from './waiters.ts';

/** For how long a call may come again for an answer that was lost, in milliseconds. */
const recentMs = 300_000;
/** How many ends of work are kept for calls that come again. */
const rememberedEnds = 256;

/** Who waits for work. */
export interface Audience {
  /** Aborted when nobody waits any more. */
  readonly signal: AbortSignal;
  /** How long anybody still waits, in milliseconds. */
  readonly remainingMs: () => number;
}

interface UnderWay {
  readonly waiters: Waiters;
  readonly calls: Set<Call>;
  readonly resource: Promise<Resource>;
}

/**
 * Work that all calls of one attempt share (R1): the same call may come twice at the same time, or again because its answer was lost.
 * In this replica's memory: losing it costs nothing but work.
 */
export class SharedWork {
  readonly #underWay = new Map<IdempotencyKey, UnderWay>();
  readonly #ends = new Memory<IdempotencyKey, { readonly resource: Resource; readonly until: number }>(rememberedEnds);

  /** What the work of a key gives: done now, under way for another call, or done lately with success. @throws whatever the work throws */
  async do(key: IdempotencyKey, call: Call, work: (audience: Audience) => Promise<Resource>): Promise<Resource> {
    const end = this.#ends.get(key);
    if (end !== undefined && Date.now() < end.until) return end.resource;
    const underWay = this.#underWay.get(key);
    if (underWay?.waiters.signal.aborted !== false) return this.#begin(key, call, work);
    underWay.calls.add(call);
    underWay.waiters.join(call.signal);
    return underWay.resource;
  }

  async #begin(key: IdempotencyKey, call: Call, work: (audience: Audience) => Promise<Resource>): Promise<Resource> {
    const [waiters, calls] = [new Waiters(), new Set([call])];
    waiters.join(call.signal);
    const remainingMs = (): number => Math.max(...[...calls].map((each) => each.remainingMs));
    const begun = { waiters, calls, resource: work({ signal: waiters.signal, remainingMs }) };
    this.#underWay.set(key, begun);
    try {
      const resource = await begun.resource;
      const isGood = resource.phase === 'SUCCEEDED' && sizeOf(resource.outputs ?? {}) <= rememberedOutputs;
      if (isGood) this.#ends.set(key, { resource, until: Date.now() + recentMs });
      return resource;
    } finally {
      waiters.end();
      if (this.#underWay.get(key) === begun) this.#underWay.delete(key);
    }
  }
}
