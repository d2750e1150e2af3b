import {
  AsyncAgent,
  secretCheck,
  type AgentContext,
  type Check,
  type CreateContext,
  type GetContext,
  type IdempotencyKey,
  type LogLink,
  type Resource,
  type Task,
} from '@flyte-agents/core';
import { connect, type AcmeClient, type Connect } from './client.ts';
import { jobConfig, jobRef, type JobConfig, type JobRef } from './config.ts';
import { toJobRequest, toLinks, toResource } from './convert.ts';
import { rethrow, rethrowSubmit } from './errors.ts';
import { isOver } from './states.ts';

/** The secret with the service's API token. */
const apiToken = { name: 'acme_token' };

/** Options of {@link AcmeAgent}. */
export interface AcmeAgentOptions {
  /** Makes the client of a tenant. Default: the service at `ACME_URL`. */
  readonly connect?: Connect;
}

/** Runs `acme_job` tasks as jobs of Acme. */
export class AcmeAgent extends AsyncAgent<JobConfig, JobRef> {
  readonly name = 'Acme Agent';
  readonly taskTypes = [{ name: 'acme_job' }];
  readonly config = jobConfig;
  readonly ref = jobRef;
  readonly #connect: Connect;

  constructor(options: AcmeAgentOptions = {}) {
    super();
    this.#connect = options.connect ?? connect;
  }

  /** The same key gives the same job: Acme takes it as the token of the submit. */
  async create(task: Task<JobConfig>, context: CreateContext): Promise<JobRef> {
    const client = await this.#client(context);
    const { id } = await client.submit(context.idempotencyKey, toJobRequest(task)).catch(rethrowSubmit('submit'));
    return { id };
  }

  async get({ id }: JobRef, context: GetContext): Promise<Resource> {
    const client = await this.#client(context);
    return toResource(await client.describe(id, context.signal).catch(rethrow(`job ${id}`)));
  }

  async delete({ id }: JobRef, context: AgentContext): Promise<void> {
    const client = await this.#client(context);
    const job = await client.describe(id, context.signal).catch(rethrow(`job ${id}`));
    if (!isOver(job.state)) await client.cancel(id).catch(rethrow(`cancel of job ${id}`));
  }

  override links({ id }: JobRef): readonly LogLink[] {
    return toLinks(id);
  }

  /** Acme has one place for all jobs. */
  locate(): Record<string, never> {
    return {};
  }

  async find(key: IdempotencyKey, _where: object, context: AgentContext): Promise<JobRef | undefined> {
    const client = await this.#client(context);
    const job = await client.byToken(key, context.signal).catch(rethrow('look-up'));
    return job && { id: job.id };
  }

  /** Nobody has a job of this token: the look-up costs nothing, and needs the credentials and the right to read. */
  override checks(): readonly Check[] {
    const service = async (context: AgentContext): Promise<string> => {
      const client = await this.#client(context);
      await client.byToken('doctor', context.signal).catch(rethrow('look-up'));
      return 'answers, and lets jobs be read';
    };
    return [secretCheck(apiToken), { name: 'service', run: service }];
  }

  async #client({ secrets }: AgentContext): Promise<AcmeClient> {
    return this.#connect(await secrets.require(apiToken));
  }
}
