import { AsyncAgent } from '../agent.ts';
import { AgentError } from '../errors.ts';
import type { JsonObject } from '../literals/model.ts';
import type { Schema } from '../schema.ts';
import type { AgentContext, Resource } from '../task.ts';
import { z } from 'zod';

const anything: Schema<JsonObject> = z.record(z.string(), z.json());

abstract class PolledAgent extends AsyncAgent<unknown, JsonObject> {
  readonly name = 'Polled';
  readonly taskTypes = [{ name: 'polled' }];
  readonly config: Schema<unknown> = z.unknown();
  readonly ref: Schema<JsonObject> = anything;

  async create(): Promise<JsonObject> {
    return {};
  }

  async delete(): Promise<void> {}

  locate(): JsonObject {
    return {};
  }

  async find(): Promise<undefined> {}
}

/** Answers no poll before it is opened. */
export class GatedAgent extends PolledAgent {
  gets = 0;
  readonly signals: AbortSignal[] = [];
  readonly #gate = Promise.withResolvers<Resource>();

  open(resource: Resource): void {
    this.#gate.resolve(resource);
  }

  async get(_ref: JsonObject, { signal }: AgentContext): Promise<Resource> {
    this.gets++;
    this.signals.push(signal);
    return this.#gate.promise;
  }
}

/** Asks for many jobs in one call, and remembers which. */
export class BatchAgent extends PolledAgent {
  readonly calls: string[][] = [];
  readonly lost = new Set<string>();
  error: AgentError | undefined;
  /** What is said of every job. */
  fault: AgentError | undefined;
  /** How many answers are left out at the end. */
  forgets = 0;
  /** Whether calls wait until they are let go, one by one. */
  isHeld = false;
  readonly held: PromiseWithResolvers<void>[] = [];
  readonly contexts: AgentContext[] = [];
  override readonly largestPoll: number;
  override readonly pollsAhead: boolean;
  /** Jobs that are over. */
  readonly over = new Set<string>();

  constructor(largestPoll: number = 100, pollsAhead: boolean = false) {
    super();
    this.largestPoll = largestPoll;
    this.pollsAhead = pollsAhead;
  }

  async get(): Promise<Resource> {
    throw new Error('single polls are not for this agent');
  }

  override pollGroup({ account }: JsonObject): string {
    return typeof account === 'string' ? account : '';
  }

  override async getMany(refs: readonly JsonObject[], context: AgentContext): Promise<readonly (Resource | AgentError)[]> {
    const jobs = refs.map(({ job }) => (typeof job === 'string' ? job : ''));
    this.calls.push(jobs);
    this.contexts.push(context);
    const gate = Promise.withResolvers<void>();
    this.held.push(gate);
    if (this.isHeld) await gate.promise;
    if (this.error !== undefined) throw this.error;
    const { fault } = this;
    if (fault !== undefined) return jobs.map(() => fault);
    const answers = jobs.map((job) =>
      this.lost.has(job) ? new AgentError({ code: 'NOT_FOUND', message: `no job ${job}` }) : ({ phase: this.over.has(job) ? 'SUCCEEDED' : 'RUNNING' } as const),
    );
    return answers.slice(0, answers.length - this.forgets);
  }
}
