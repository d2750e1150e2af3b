import {
  AgentError,
  AsyncAgent,
  ClientPool,
  type AgentContext,
  type Check,
  type CreateContext,
  type GetContext,
  type IdempotencyKey,
  type Locator,
  type LogLink,
  type Resource,
  type Task,
} from '@flyte-agents/core';
import { toOrigin } from './account.ts';
import { connect, type NewStatement, type Progress, type Row, type SnowflakeClient, type Statement } from './client.ts';
import { jobConfig, jobPlace, jobRef, legacyJobRef, type JobConfig, type JobPlace, type JobRef } from './config.ts';
import { neededPartitions, toIdentifier, toLink, toNewStatement, toPlace, toResource, toTagStart } from './convert.ts';
import { readCredentials, signToken } from './credentials.ts';
import { rethrow, toReadFault, toSubmitFault, toUnclear } from './errors.ts';
import type { SnowflakeAgentOptions } from './options.ts';
import { isOver, stateOf } from './states.ts';

/** Of how many statements of one request each is told. */
const toldStatements = 50;

/** Runs `snowflake` tasks as statements of Snowflake's SQL API. */
export class SnowflakeAgent extends AsyncAgent<JobConfig, JobRef> {
  readonly name = 'Snowflake Agent';
  readonly taskTypes = [{ name: 'snowflake' }, { name: 'snowflake_query_job' }, { name: 'snowflake_query_job_task' }];
  readonly config = jobConfig;
  readonly ref = jobRef;
  override readonly legacyRef = legacyJobRef;
  readonly #clients = new ClientPool<SnowflakeClient>();
  readonly #options: SnowflakeAgentOptions;

  constructor(options: SnowflakeAgentOptions = {}) {
    super();
    this.#options = options;
  }

  async create(task: Task<JobConfig>, context: CreateContext): Promise<JobRef> {
    const place = toPlace(task, this.#options);
    const statement = toNewStatement(task, place, context.idempotencyKey);
    const { unread } = task.config.options;
    if (unread.length > 0) context.logger.warn({ keys: unread.slice(0, 20) }, 'these connection_kwargs have no effect');
    const client = await this.#client(place, context);
    try {
      const { handle } = await client.submit(statement);
      return { ...place, queryId: handle, by: 'api' };
    } catch (error) {
      const fault = toSubmitFault(error, 'submit');
      if (fault.submitted === 'no') throw fault;
    }
    // Whether it was taken is not known. Snowflake answers with the statement of a request id, once it knows of it.
    const found = await this.#lookUp(client, place, { key: context.idempotencyKey, signal: context.signal }).catch(rethrowUnclear);
    return { ...place, queryId: found ?? (await resubmitted(client, statement)), by: 'api' };
  }

  async get(ref: JobRef, { signal, ...context }: GetContext): Promise<Resource> {
    const client = await this.#client(ref, { signal, ...context });
    if (ref.by === 'session') return toResource({ ref, progress: await sessionProgress(client, ref, signal), children: [] });
    const read = (handle: string): Promise<Statement> => client.get(handle, signal).catch(rethrow(`query ${handle}`));
    const found = await read(ref.queryId);
    const progress = found.state === 'RUNNING' ? await progressOf(client, ref, signal) : undefined;
    // It ended between the two questions: the SQL API knows why.
    const statement = progress !== undefined && isOver(progress.state) ? await read(ref.queryId) : found;
    const children = await Promise.all(statement.handles.slice(-toldStatements).map(read));
    const rest = statement.state === 'SUCCESS' ? await restOf(client, { ref, result: children.at(-1) ?? statement, signal }) : [];
    return toResource({ ref, statement, progress, children, rest });
  }

  async delete(ref: JobRef, context: AgentContext): Promise<void> {
    const client = await this.#client(ref, context);
    const what = `cancel of query ${ref.queryId}`;
    if (ref.by === 'session') {
      const { state } = await sessionProgress(client, ref, context.signal);
      if (!isOver(state)) await client.cancelQuery(ref.queryId).catch(rethrow(what));
      return;
    }
    const statement = await client.get(ref.queryId, context.signal).catch(rethrow(`query ${ref.queryId}`));
    if (!isOver(stateOf(statement))) await client.cancel(ref.queryId).catch(rethrow(what));
  }

  override links(ref: JobRef): readonly LogLink[] {
    return [toLink(ref)];
  }

  locate(task: Task<JobConfig>): JobPlace {
    return toPlace(task, this.#options);
  }

  /** By the tag of the statement: the SQL API does not tell statements by their request ids. */
  async find(key: IdempotencyKey, where: Locator, context: AgentContext): Promise<JobRef | undefined> {
    const place = jobPlace.parse(where);
    const client = await this.#client(place, context);
    const queryId = await this.#lookUp(client, place, { key, signal: context.signal }).catch(rethrow('look-up of a query'));
    return queryId === undefined ? undefined : { ...place, queryId, by: 'api' };
  }

  override hostOf(where: JobRef | Locator): string {
    return toOrigin(jobPlace.parse(where), this.#options);
  }

  /** Tasks may name other authenticators, and Flyte 2's bring their own secrets. */
  override checks(): readonly Check[] {
    return [{ name: 'credentials', isOptional: true, run: async ({ secrets }) => checkCredentials(secrets, this.#options) }];
  }

  async #lookUp(
    client: SnowflakeClient,
    { database, warehouse, role }: JobPlace,
    { key, signal }: { readonly key: IdempotencyKey; readonly signal: AbortSignal },
  ): Promise<string | undefined> {
    const where = {
      database: toIdentifier(database),
      warehouse: toIdentifier(this.#options.lookupWarehouse ?? warehouse),
      role: role === null ? null : toIdentifier(role),
    };
    return client.findByTag(toTagStart(key), where, signal);
  }

  async #client(place: JobPlace, { secrets }: AgentContext): Promise<SnowflakeClient> {
    const { oauthTokenUrl, connect: connected = connect } = this.#options;
    const origin = toOrigin(place, this.#options);
    const credentials = await readCredentials(place, secrets, this.#options.authenticator);
    const key = { tenant: secrets.tenant, host: origin, secrets: Object.values(credentials) };
    return this.#clients.get(key, async () => connected({ origin, credentials, oauthTokenUrl, hide: (token) => secrets.hide(token) }));
  }
}

async function checkCredentials(secrets: AgentContext['secrets'], { authenticator: byDefault }: SnowflakeAgentOptions): Promise<string> {
  const credentials = await readCredentials({ account: 'any', user: 'any', authenticator: null }, secrets, byDefault);
  const { authenticator } = credentials;
  if (authenticator === 'SNOWFLAKE_JWT') signToken(credentials);
  return `the secrets for ${authenticator} are there${authenticator === 'SNOWFLAKE_JWT' ? ', and the key signs' : ''}`;
}

async function resubmitted(client: SnowflakeClient, statement: NewStatement): Promise<string> {
  const { handle } = await client.submit(statement).catch(rethrowUnclear);
  return handle;
}

function rethrowUnclear(error: unknown): never {
  throw toUnclear(toSubmitFault(error, 'submit'));
}

/** The rows after the first partition's, where an output is a list. */
async function restOf(
  client: SnowflakeClient,
  { ref, result, signal }: { readonly ref: JobRef; readonly result: Statement; readonly signal: AbortSignal },
): Promise<readonly Row[]> {
  const { handle } = result;
  const numbers = neededPartitions(ref, result);
  const parts = await Promise.all(numbers.map((number) => client.rows(handle, number, signal).catch(rethrow(`result of query ${handle}`))));
  return parts.flat();
}

async function sessionProgress(client: SnowflakeClient, { queryId }: JobRef, signal: AbortSignal): Promise<Progress> {
  const progress = await client.progress(queryId, signal).catch(rethrow(`query ${queryId}`));
  if (progress === undefined || progress.state.startsWith('NO_')) {
    throw new AgentError({ code: 'NOT_FOUND', message: `Snowflake query ${queryId}: not found` });
  }
  return progress;
}

/** What a query waits for. Where no session is to be had, the SQL API's word is enough: it runs. */
async function progressOf(client: SnowflakeClient, { queryId }: JobRef, signal: AbortSignal): Promise<Progress | undefined> {
  try {
    return await client.progress(queryId, signal);
  } catch (error) {
    const fault = toReadFault(error, `query ${queryId}`);
    if (fault.passes) throw fault;
    return undefined;
  }
}
