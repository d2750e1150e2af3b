import { faultStatus, World, type Fault, type JobState, type WorldJob } from '@flyte-agents/testing';
import { z } from 'zod';
import { SnowflakeAgent } from '../agent.ts';
import type { NewStatement, Progress, SnowflakeClient, Statement } from '../client.ts';
import { SnowflakeError } from '../errors.ts';
import type { SnowflakeAgentOptions } from '../options.ts';

/** Snowflake behind the agent's port: it runs the statement of a request id once. */
export class SnowflakeWorld extends World<NewStatement> {
  override readonly secrets = { SNOWFLAKE_PRIVATE_KEY: this.canaries.make('private key') };
  readonly #options: SnowflakeAgentOptions;

  constructor(options: SnowflakeAgentOptions = {}) {
    super();
    this.#options = options;
  }

  agent(): SnowflakeAgent {
    return new SnowflakeAgent({ connect: () => this.client(), ...this.#options });
  }

  client(): SnowflakeClient {
    return {
      submit: (statement) => this.call('submit', () => view(this.takenBy(statement) ?? this.submit(statement.requestId, statement))),
      get: (handle, signal) => this.call('read', () => view(this.#found(handle)), signal),
      rows: (_handle, _partition, signal) => this.call('read', () => [], signal),
      progress: (queryId, signal) => this.call('read', () => toProgress(this.job(queryId)), signal),
      findByTag: (tag, _where, signal) => this.call('search', () => this.jobs.find(({ id, details }) => this.job(id) !== undefined && tagOf(details).startsWith(tag))?.id, signal),
      cancel: (handle) => this.call('cancel', () => this.cancel(handle)),
      cancelQuery: (queryId) => this.call('cancel', () => this.cancel(queryId)),
    };
  }

  /** The statement that Snowflake took with a request id. */
  protected takenBy({ requestId }: NewStatement): WorldJob<NewStatement> | undefined {
    return this.taken.find(({ key }) => key === requestId);
  }

  #found(handle: string): WorldJob<NewStatement> {
    const job = this.job(handle);
    if (job === undefined) throw new SnowflakeError('statement not found', { status: 404, reason: '391918' });
    return job;
  }

  protected override error({ kind, retryAfterMs }: Fault): SnowflakeError {
    // As fetch has it, with what was sent.
    const cause = Object.assign(new Error(kind), { headers: { authorization: `Bearer ${this.secrets.SNOWFLAKE_PRIVATE_KEY}` } });
    const status = faultStatus(kind);
    if (status === undefined) return new SnowflakeError('no answer (ECONNRESET)', { cause });
    return new SnowflakeError(kind, { status, retryAfterMs, cause });
  }
}

const states: Readonly<Record<JobState, Statement['state']>> = {
  waiting: 'RUNNING',
  running: 'RUNNING',
  unknown: 'RUNNING',
  succeeded: 'SUCCESS',
  failed: 'FAILED',
  cancelled: 'FAILED',
};
const words: Readonly<Record<JobState, string>> = {
  waiting: 'QUEUED',
  running: 'RUNNING',
  unknown: 'HIBERNATING',
  succeeded: 'SUCCESS',
  failed: 'FAILED_WITH_ERROR',
  cancelled: 'ABORTED',
};
const errors: Readonly<Partial<Record<JobState, Pick<Statement, 'code' | 'sqlState' | 'message'>>>> = {
  failed: { code: '000904', sqlState: '42000', message: 'SQL compilation error: invalid identifier' },
  cancelled: { code: '000604', sqlState: '57014', message: 'SQL execution canceled' },
};

function view({ id, state }: WorldJob<NewStatement>): Statement {
  const columns = [{ name: 'TOTAL', type: 'fixed' }];
  return { handle: id, state: states[state], ...errors[state], handles: [], rowCount: 1, columns, rows: [['3']], partitions: [], stats: {} };
}

/** A session tells also what a query waits for, and whether it was begun anew. */
function toProgress(job: WorldJob<NewStatement> | undefined): Progress | undefined {
  if (job === undefined) return undefined;
  return { state: job.state === 'waiting' && job.hasStarted ? 'RESTARTED' : words[job.state] };
}

function tagOf({ body }: NewStatement): string {
  return z.object({ parameters: z.object({ QUERY_TAG: z.string() }) }).parse(body).parameters.QUERY_TAG;
}
