import {
  AsyncAgent,
  SyncAgent,
  type AgentContext,
  type AgentList,
  type CreateContext,
  type GetContext,
  type Literal,
  type LogLink,
  type Phase,
  type Resource,
  type Schema,
  type Task,
} from '@flyte-agents/core';
import { z } from 'zod';

interface Countdown {
  /** How many polls the job runs before it ends. */
  readonly polls: number;
  readonly end: Phase;
  readonly message?: string | undefined;
  /** The first attempts fail with RETRYABLE_FAILED. */
  readonly failures?: number | undefined;
}

interface Job {
  readonly [key: string]: string;
  readonly key: string;
}

/** A service whose jobs end after some polls. */
export class CountdownAgent extends AsyncAgent<Countdown, Job> {
  readonly name = 'Countdown';
  readonly taskTypes = [{ name: 'countdown' }];
  readonly config: Schema<Countdown> = z.object({
    polls: z.number(),
    end: z.enum(['SUCCEEDED', 'FAILED', 'RETRYABLE_FAILED', 'RUNNING']),
    message: z.string().optional(),
    failures: z.number().optional(),
  });
  readonly ref: Schema<Job> = z.record(z.string(), z.string()).transform((ref) => ({ ...ref, key: ref['key'] ?? '' }));
  readonly created: Task<Countdown>[] = [];
  readonly deleted: string[] = [];
  readonly #jobs = new Map<string, { task: Task<Countdown>; polls: number }>();

  async create(task: Task<Countdown>, { idempotencyKey }: CreateContext): Promise<Job> {
    this.created.push(task);
    this.#jobs.set(idempotencyKey, { task, polls: 0 });
    return { key: idempotencyKey };
  }

  async get({ key }: Job, _context: GetContext): Promise<Resource> {
    const job = this.#jobs.get(key);
    if (job === undefined) return { phase: 'FAILED', message: 'no such job' };
    const { config, inputs, execution } = job.task;
    if (job.polls++ < config.polls) return { phase: 'RUNNING', message: `poll ${job.polls}` };
    if (execution.attempt < (config.failures ?? 0)) return { phase: 'RETRYABLE_FAILED', message: 'evicted' };
    const outputs: Record<string, Literal> = Object.fromEntries(inputs.literals);
    return { phase: config.end, message: config.message, outputs, customInfo: { polls: job.polls } };
  }

  async delete({ key }: Job, _context: AgentContext): Promise<void> {
    this.deleted.push(key);
  }

  override links({ key }: Job): readonly LogLink[] {
    return [{ name: 'Console', uri: `https://example.com/${key.slice(0, 4)}` }];
  }

  locate(): Record<string, never> {
    return {};
  }

  async find(): Promise<undefined> {}
}

/** Answers its inputs. */
class EchoAgent extends SyncAgent<object> {
  readonly name = 'Echo';
  readonly taskTypes = [{ name: 'echo' }];
  readonly config: Schema<object> = z.looseObject({});
  override readonly resultsMayBeStored = true;

  async do({ inputs }: Task<object>): Promise<Resource> {
    return { phase: 'SUCCEEDED', outputs: Object.fromEntries(inputs.literals) };
  }
}

/** Both. */
export function testAgents(): { readonly countdown: CountdownAgent; readonly agents: AgentList } {
  const countdown = new CountdownAgent();
  return { countdown, agents: [countdown, new EchoAgent()] };
}
