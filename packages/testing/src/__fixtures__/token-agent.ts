import {
  AsyncAgent,
  defineStates,
  type AgentContext,
  type CreateContext,
  type GetContext,
  type IdempotencyKey,
  type Literal,
  type LogLink,
  type Phase,
  type Resource,
  type Schema,
  type Task,
} from '@flyte-agents/core';
import { z } from 'zod';
import type { Fault } from '../faults.ts';
import type { JobState, WorldJob } from '../job.ts';
import { World } from '../world.ts';
import { rethrow, ServiceError, toServiceError } from './service-error.ts';

const queryConfig = z.looseObject({ query: z.string().min(1) });
type QueryConfig = z.infer<typeof queryConfig>;
const queryRef = z.object({ id: z.string() });
export type QueryRef = { readonly id: string };

/** What the service says of a job. */
interface QueryJob {
  readonly id: string;
  readonly state: string;
  readonly reason: string;
  readonly rows: number;
}

/** A service that takes a client token with a job: the same token, the same job. */
export interface QueryClient {
  submit(token: string, query: string): Promise<QueryJob>;
  describe(id: string, signal: AbortSignal): Promise<QueryJob>;
  byToken(token: string, signal: AbortSignal): Promise<QueryJob | undefined>;
  cancel(id: string): Promise<void>;
}

const queryPhase: (state: string) => Phase = defineStates({
  PENDING: 'WAITING_FOR_RESOURCES',
  ACTIVE: 'RUNNING',
  REQUEUED: 'RUNNING',
  DONE: 'SUCCEEDED',
  BROKEN: 'FAILED',
  STOPPED: 'FAILED',
});

/** Runs queries on a service with client tokens. */
export class TokenAgent extends AsyncAgent<QueryConfig, QueryRef> {
  readonly name: string = 'Token Agent';
  readonly taskTypes = [{ name: 'token_query' }];
  readonly config: Schema<QueryConfig> = queryConfig;
  readonly ref: Schema<QueryRef> = queryRef;
  protected readonly client: QueryClient;

  constructor(client: QueryClient) {
    super();
    this.client = client;
  }

  async create(task: Task<QueryConfig>, { idempotencyKey }: CreateContext): Promise<QueryRef> {
    const { id } = await this.client.submit(idempotencyKey, task.config.query).catch(rethrow('query: submit'));
    return { id };
  }

  async get({ id }: QueryRef, { signal }: GetContext): Promise<Resource> {
    const job = await this.client.describe(id, signal).catch(rethrow(`query ${id}`));
    const phase = queryPhase(job.state);
    const outputs: Record<string, Literal> = { rows: { kind: 'integer', value: BigInt(job.rows) } };
    return { phase, message: `query ${id}: ${job.reason}`, ...(phase === 'SUCCEEDED' && { outputs }) };
  }

  async delete({ id }: QueryRef, { signal }: AgentContext): Promise<void> {
    try {
      const { state } = await this.client.describe(id, signal);
      if (['DONE', 'BROKEN', 'STOPPED'].includes(state)) return;
      await this.client.cancel(id);
    } catch (error) {
      if (error instanceof ServiceError && error.status === 404) return;
      rethrow(`query ${id}: cancel`)(error);
    }
  }

  override links({ id }: QueryRef): readonly LogLink[] {
    return [{ name: 'Query', uri: `https://queries.example/${id}` }];
  }

  locate(): Record<string, never> {
    return {};
  }

  async find(key: IdempotencyKey, _where: object, { signal }: AgentContext): Promise<QueryRef | undefined> {
    const job = await this.client.byToken(key, signal).catch(rethrow('query: look-up'));
    return job && { id: job.id };
  }
}

/** The service with client tokens. */
export class TokenWorld extends World {
  readonly #apiKey = this.canaries.make('api key');

  agent(): TokenAgent {
    return new TokenAgent(this.client());
  }

  client(): QueryClient {
    return {
      submit: (token) => this.call('submit', () => view(this.byKey(token)[0] ?? this.submit(token, {}))),
      describe: (id, signal) => this.call('read', () => view(this.job(id)), signal),
      byToken: (token, signal) => this.call('search', () => this.byKey(token).map(view)[0], signal),
      cancel: (id) => this.call('cancel', () => this.cancel(id)),
    };
  }

  protected override error(fault: Fault): ServiceError {
    return toServiceError(fault, this.#apiKey);
  }
}

const states: Readonly<Record<JobState, string>> = {
  waiting: 'PENDING',
  running: 'ACTIVE',
  succeeded: 'DONE',
  failed: 'BROKEN',
  cancelled: 'STOPPED',
  unknown: 'HIBERNATING',
};

function view(job: WorldJob | undefined): QueryJob {
  if (job === undefined) throw new ServiceError('no such job', { status: 404 });
  const state = job.state === 'waiting' && job.hasStarted ? 'REQUEUED' : states[job.state];
  return { id: job.id, state, reason: job.state === 'failed' ? 'division by zero' : state.toLowerCase(), rows: 3 };
}

