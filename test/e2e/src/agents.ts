import {
  AsyncAgent,
  defineStates,
  SyncAgent,
  type AgentContext,
  type CreateContext,
  type GetContext,
  type IdempotencyKey,
  type Phase,
  type Resource,
  type Schema,
  type Task,
} from '@flyte-agents/core';
import { z } from 'zod';
import type { JobClient } from './job-client.ts';

const config = z.looseObject({});
const jobRef = z.object({ id: z.string() });
type JobRef = z.infer<typeof jobRef>;

const jobPhase: (state: string) => Phase = defineStates({ running: 'RUNNING', succeeded: 'SUCCEEDED', cancelled: 'FAILED' });

/** Runs `e2e_job` tasks as jobs of the job service, which takes a client token. */
export class JobAgent extends AsyncAgent<object, JobRef> {
  readonly name = 'Job Agent';
  readonly taskTypes = [{ name: 'e2e_job' }];
  readonly config: Schema<object> = config;
  readonly ref: Schema<JobRef> = jobRef;
  readonly #client: JobClient;

  constructor(client: JobClient) {
    super();
    this.#client = client;
  }

  async create({ outputPrefix }: Task<object>, { idempotencyKey }: CreateContext): Promise<JobRef> {
    const { id } = await this.#client.submit(idempotencyKey, outputPrefix);
    return { id };
  }

  async get({ id }: JobRef, { signal }: GetContext): Promise<Resource> {
    const { state } = await this.#client.describe(id, signal);
    return { phase: jobPhase(state), message: `${id} is ${state}` };
  }

  async delete({ id }: JobRef, { signal }: AgentContext): Promise<void> {
    await this.#client.cancel(id, signal);
  }

  locate(): Record<string, never> {
    return {};
  }

  async find(key: IdempotencyKey, _where: object, { signal }: AgentContext): Promise<JobRef | undefined> {
    const job = await this.#client.byToken(key, signal);
    return job && { id: job.id };
  }
}

/** Does `e2e_answer` tasks within one request to the job service. */
export class AnswerAgent extends SyncAgent<object> {
  readonly name = 'Answer Agent';
  readonly taskTypes = [{ name: 'e2e_answer' }];
  readonly config: Schema<object> = config;
  readonly #client: JobClient;

  constructor(client: JobClient) {
    super();
    this.#client = client;
  }

  async do(_task: Task<object>, { signal }: CreateContext): Promise<Resource> {
    return { phase: 'SUCCEEDED', outputs: { answer: { kind: 'string', value: await this.#client.answer(signal) } } };
  }
}
