import type { AsyncAgent } from '../agent.ts';
import { AgentError } from '../errors.ts';
import type { JsonObject } from '../literals/model.ts';
import type { AgentContext, GetContext, Resource } from '../task.ts';
import { Circuits } from './circuit.ts';
import { Waiters } from './waiters.ts';

/** For how long a poll waits for others that may share its upstream call, in milliseconds. */
const gatheringMs = 5;

/**
 * Polls that ask the same thing ask it once (C33): equal polls share one answer, and polls of one account that come within a
 * few milliseconds become one call, where the agent has such a call.
 */
export class Polls {
  readonly #circuits: Circuits;
  readonly #single = new Map<string, SharedPoll>();
  readonly #gathering = new Map<string, Batch>();

  constructor(circuits: Circuits) {
    this.#circuits = circuits;
  }

  /** How a job stands. @throws whatever the agent throws */
  async get(agent: AsyncAgent<unknown, JsonObject>, ref: JsonObject, context: GetContext): Promise<Resource> {
    // Whose credentials are used is part of what is asked, as it is of a host's name.
    const host = Circuits.host(agent, ref, context);
    const group = agent.pollGroup?.(ref);
    if (group === undefined || agent.getMany === undefined) {
      const key = `${host}\n${context.idempotencyKey}`;
      return this.#shared(key, context, (signal) => this.#circuits.call(host, () => agent.get(ref, { ...context, signal })));
    }
    const key = `${host}\n${group}`;
    return this.#batch(key, agent, (ask) => this.#circuits.call(host, ask)).add(ref, context);
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

  #batch(key: string, agent: AsyncAgent<unknown, JsonObject>, guarded: Guard): Batch {
    const gathering = this.#gathering.get(key);
    if (gathering !== undefined && gathering.size < agent.largestPoll) return gathering;
    gathering?.send();
    const batch = new Batch(agent, guarded);
    this.#gathering.set(key, batch);
    setTimeout(() => {
      if (this.#gathering.get(key) === batch) this.#gathering.delete(key);
      batch.send();
    }, gatheringMs);
    return batch;
  }
}

/** Makes an upstream call, unless its host is at rest. */
type Guard = <Value>(call: () => Promise<Value>) => Promise<Value>;

interface SharedPoll {
  readonly waiters: Waiters;
  readonly answer: Promise<Resource>;
}

function begin(poll: (signal: AbortSignal) => Promise<Resource>): SharedPoll {
  const waiters = new Waiters();
  return { waiters, answer: poll(waiters.signal) };
}

/** Polls on their way into one upstream call. */
class Batch {
  readonly #agent: AsyncAgent<unknown, JsonObject>;
  readonly #guarded: Guard;
  readonly #waiters = new Waiters();
  readonly #polls = new Map<string, { readonly ref: JsonObject; readonly answer: PromiseWithResolvers<Resource> }>();
  #context: AgentContext | undefined;
  #sent = false;

  constructor(agent: AsyncAgent<unknown, JsonObject>, guarded: Guard) {
    this.#agent = agent;
    this.#guarded = guarded;
  }

  /** How many jobs it asks for. */
  get size(): number {
    return this.#polls.size;
  }

  add(ref: JsonObject, context: GetContext): Promise<Resource> {
    const key = JSON.stringify(ref);
    const poll = this.#polls.get(key) ?? { ref, answer: Promise.withResolvers<Resource>() };
    this.#polls.set(key, poll);
    this.#waiters.join(context.signal);
    // Who waits longest decides how long the call may take.
    if (this.#context === undefined || context.deadline > this.#context.deadline) this.#context = context;
    return poll.answer.promise;
  }

  /** Asks for all of them; the second time does nothing. */
  send(): void {
    if (this.#sent) return;
    this.#sent = true;
    void this.#answer();
  }

  async #answer(): Promise<void> {
    const polls = [...this.#polls.values()];
    try {
      const answers = await this.#guarded(() => this.#ask(polls.map(({ ref }) => ref)));
      polls.forEach(({ answer }, index) => {
        const found = answers[index];
        if (found === undefined || AgentError.is(found)) answer.reject(found ?? missing(this.#agent));
        else answer.resolve(found);
      });
    } catch (error) {
      polls.forEach(({ answer }) => answer.reject(error));
    } finally {
      this.#waiters.end();
    }
  }

  async #ask(refs: readonly JsonObject[]): Promise<readonly (Resource | AgentError)[]> {
    if (this.#context === undefined || this.#agent.getMany === undefined) return [];
    return this.#agent.getMany(refs, { ...this.#context, signal: this.#waiters.signal });
  }
}

function missing(agent: AsyncAgent<unknown, JsonObject>): AgentError {
  return new AgentError({ code: 'INTERNAL', message: `${agent.name}: the answer to several polls has none for this job` });
}
