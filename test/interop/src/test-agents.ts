import {
  AgentError,
  AsyncAgent,
  SyncAgent,
  type Agent,
  type GetContext,
  type JsonObject,
  type Resource,
  type Schema,
  type Task,
} from '@flyte-agents/core';
import { z } from 'zod';

const config = z.object({ seconds: z.number().default(0.5) });
type Config = z.infer<typeof config>;
const ref = z.object({ job: z.string(), seconds: z.number() });
type Ref = z.infer<typeof ref>;

/** Jobs that exist only as a name and a clock: created, then running for some time, then done with an output. */
class ClockAgent extends AsyncAgent<Config, Ref> {
  readonly name: string = 'Clock';
  readonly taskTypes = [{ name: 'interop_async' }];
  readonly config: Schema<Config> = config;
  readonly ref: Schema<Ref> = ref;

  async create(task: Task<Config>, { idempotencyKey }: { readonly idempotencyKey: string }): Promise<Ref> {
    return { job: `clock-${idempotencyKey}`, seconds: task.config.seconds };
  }

  async get({ seconds }: Ref, { createdAt }: GetContext): Promise<Resource> {
    const age = (Date.now() - createdAt) / 1000;
    if (age < seconds) return { phase: 'RUNNING', message: `for ${age.toFixed(1)} s` };
    return { phase: 'SUCCEEDED', outputs: { o0: { kind: 'integer', value: 9_007_199_254_740_993n } } };
  }

  async delete(_ref: Ref): Promise<void> {}

  override links({ job }: Ref): { name: string; uri: string }[] {
    return [{ name: 'Clock', uri: `https://clock.example/${job}` }];
  }

  locate(): JsonObject {
    return {};
  }

  async find(_key: string): Promise<Ref | undefined> {
    return undefined;
  }
}

/** Answers its one input. */
class EchoAgent extends SyncAgent<object> {
  readonly name = 'Echo';
  readonly taskTypes = [{ name: 'interop_sync' }];
  readonly config: Schema<object> = z.object({});
  override readonly resultsMayBeStored = true;

  async do(task: Task<object>): Promise<Resource> {
    return { phase: 'SUCCEEDED', outputs: { o0: { kind: 'string', value: task.inputs.string('text') } } };
  }
}

/** A service in memory whose agent meets faults as they are ordered; it knows its jobs by the keys they carry. */
export class FlakyAgent extends ClockAgent {
  override readonly name = 'Flaky';
  override readonly taskTypes = [{ name: 'interop_flaky' }];
  /** The jobs that were started, and whether they still run. */
  readonly jobs = new Map<string, boolean>();
  /** How many of the coming polls fail, every other one. */
  failingPolls = 0;
  #polls = 0;

  override async create(task: Task<Config>, context: { readonly idempotencyKey: string }): Promise<Ref> {
    const created = await super.create(task, context);
    this.jobs.set(context.idempotencyKey, true);
    return created;
  }

  override async get(stored: Ref, context: GetContext): Promise<Resource> {
    this.#polls++;
    if (this.failingPolls > 0 && this.#polls % 2 === 0) {
      this.failingPolls--;
      throw new AgentError({ code: 'UNAVAILABLE', message: 'the service answered 503' });
    }
    // It does not end before all of the faults were met.
    if (this.failingPolls > 0) return { phase: 'RUNNING' };
    return super.get(stored, context);
  }

  override async delete({ job }: Ref): Promise<void> {
    this.jobs.set(job.replace('clock-', ''), false);
  }

  override async find(key: string): Promise<Ref | undefined> {
    return this.jobs.has(key) ? { job: `clock-${key}`, seconds: 0.5 } : undefined;
  }
}

/** All that need no orders. */
export const testAgents: readonly Agent[] = [new ClockAgent(), new EchoAgent()];
