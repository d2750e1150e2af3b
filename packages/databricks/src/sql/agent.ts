import {
  AgentError,
  AsyncAgent,
  toUnsubmitted,
  type AgentContext,
  type CreateContext,
  type GetContext,
  type IdempotencyKey,
  type Locator,
  type LogLink,
  type Resource,
  type Task,
} from '@flyte-agents/core';
import type { DatabricksClient } from '../client.ts';
import { rethrow, toSubmitFault } from '../errors.ts';
import type { DatabricksOptions } from '../options.ts';
import { Workspaces } from '../workspaces.ts';
import { statementConfig, statementPlace, statementRef, type StatementConfig, type StatementPlace, type StatementRef } from './config.ts';
import { toComment, toPlace, toResource, toStatement, toWait } from './convert.ts';
import { isOver } from './states.ts';

/** Runs `databricks_sql` tasks as statements on a SQL warehouse. */
export class DatabricksSqlAgent extends AsyncAgent<StatementConfig, StatementRef> {
  readonly name = 'Databricks SQL Agent';
  readonly taskTypes = [{ name: 'databricks_sql' }];
  readonly config = statementConfig;
  readonly ref = statementRef;
  readonly #options: DatabricksOptions;
  readonly #workspaces: Workspaces;

  constructor(options: DatabricksOptions = {}) {
    super();
    this.#options = options;
    this.#workspaces = new Workspaces(options);
  }

  /** The API takes no token: the statement is looked for by its comment before it is sent. */
  async create(task: Task<StatementConfig>, context: CreateContext): Promise<StatementRef> {
    const place = this.locate(task);
    const { idempotencyKey: key } = context;
    const body = toStatement(task, key);
    const known = await this.find(key, place, context).catch((error: unknown) => {
      throw toUnsubmitted(AgentError.from(error));
    });
    if (known !== undefined) return known;
    const client = await this.#client(place, context);
    try {
      const { statement_id: statementId } = await client.executeStatement({ ...body, ...toWait(context.deadline - Date.now()) });
      return { ...place, statementId };
    } catch (error) {
      throw toSubmitFault(error, 'statement');
    }
  }

  async get(ref: StatementRef, context: GetContext): Promise<Resource> {
    const client = await this.#client(ref, context);
    const statement = await client.getStatement(ref.statementId, context.signal).catch(rethrow(`statement ${ref.statementId}`));
    return toResource(ref, statement);
  }

  async delete(ref: StatementRef, context: AgentContext): Promise<void> {
    const client = await this.#client(ref, context);
    const statement = await client.getStatement(ref.statementId, context.signal).catch(rethrow(`statement ${ref.statementId}`));
    if (isOver(statement)) return;
    await client.cancelStatement(ref.statementId).catch(rethrow(`cancel of statement ${ref.statementId}`));
  }

  override links({ host, statementId }: StatementRef): readonly LogLink[] {
    return [{ name: 'Databricks Console', uri: `https://${host}/sql/history?queryId=${encodeURIComponent(statementId)}` }];
  }

  locate(task: Task<StatementConfig>): StatementPlace {
    return toPlace(task, this.#options);
  }

  override hostOf({ host }: StatementRef | Locator): string {
    return typeof host === 'string' ? host : '';
  }

  async find(key: IdempotencyKey, where: Locator, context: AgentContext): Promise<StatementRef | undefined> {
    const place = statementPlace.parse(where);
    const client = await this.#client(place, context);
    const listed = await client.listStatements(place.warehouseId, context.signal).catch(rethrow('history of statements'));
    const found = listed.find(({ query_text: text }) => text?.startsWith(toComment(key)));
    return found && { ...place, statementId: found.query_id };
  }

  async #client({ host, auth }: StatementPlace, context: AgentContext): Promise<DatabricksClient> {
    return this.#workspaces.client(host, auth, context.secrets);
  }
}
