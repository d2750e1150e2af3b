import {
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
  readonly name = 'Clock';
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

  async delete(): Promise<void> {}

  override links({ job }: Ref): { name: string; uri: string }[] {
    return [{ name: 'Clock', uri: `https://clock.example/${job}` }];
  }

  locate(): JsonObject {
    return {};
  }

  async find(): Promise<undefined> {}
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

/** All of them. */
export const testAgents: readonly Agent[] = [new ClockAgent(), new EchoAgent()];
