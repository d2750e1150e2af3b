import type { AsyncAgent } from '../agent.ts';
import type { JsonObject } from '../literals/model.ts';
import type { GetContext, Resource } from '../task.ts';
import { Circuits } from './circuit.ts';
import { PollQueue } from './poll-queue.ts';
import { Waiters } from './waiters.ts';

/** A poll that is under way. */
interface SharedPoll {
  readonly waiters: Waiters;
  readonly answer: Promise<Resource>;
}

/**
 * Polls that ask the same thing ask it once (C33): equal polls share one answer, and polls of one account become one call, where the
 * agent has such a call.
 */
export class Polls {
  readonly #circuits: Circuits;
  readonly #single = new Map<string, SharedPoll>();
  readonly #queues = new Map<string, PollQueue>();

  constructor(circuits: Circuits) {
    this.#circuits = circuits;
  }

  /** How a job stands. @throws whatever the agent throws */
  async get(agent: AsyncAgent<unknown, JsonObject>, ref: JsonObject, context: GetContext): Promise<Resource> {
    // Whose credentials are used is part of what is asked, as it is of a host's name.
    const host = Circuits.host(agent, ref, context);
    const group = agent.getMany && agent.pollGroup?.(ref);
    if (group !== undefined) return this.#queue(agent, host, group).get(ref, context);
    const key = `${host}\n${context.idempotencyKey}`;
    return this.#shared(key, context, (signal) => this.#circuits.call({ host, signal }, () => agent.get(ref, { ...context, signal })));
  }

  #shared(key: string, context: GetContext, poll: (signal: AbortSignal) => Promise<Resource>): Promise<Resource> {
    const underWay = this.#single.get(key);
    const shared = underWay?.waiters.signal.aborted === false ? underWay : begin(poll);
    shared.waiters.join(context.signal);
    if (shared !== underWay) {
      this.#single.set(key, shared);
      const forget = (): void => {
        shared.waiters.end();
        if (this.#single.get(key) === shared) this.#single.delete(key);
      };
      shared.answer.then(forget, forget);
    }
    return shared.answer;
  }

  #queue(agent: AsyncAgent<unknown, JsonObject>, host: string, group: string): PollQueue {
    const key = `${host}\n${group}`;
    const known = this.#queues.get(key);
    if (known !== undefined) return known;
    for (const each of this.#queues.values()) each.endIfIdle();
    const queue = new PollQueue({ agent, host, circuits: this.#circuits, onIdle: () => this.#queues.delete(key) });
    this.#queues.set(key, queue);
    return queue;
  }
}

function begin(poll: (signal: AbortSignal) => Promise<Resource>): SharedPoll {
  const waiters = new Waiters();
  return { waiters, answer: poll(waiters.signal) };
}
