import { AgentError, Sensor, type PokeContext, type PokeResult, type SensorTask } from '@flyte-agents/core';
import type { Statement } from '../client.ts';
import { tableConfig, type TableConfig } from './config.ts';
import { rethrow } from '../errors.ts';
import { toHost } from '../hosts.ts';
import { toLook, toStatement } from './look.ts';
import type { DatabricksOptions } from '../options.ts';
import { statementPhase } from '../sql/states.ts';
import { Workspaces } from '../workspaces.ts';

/** Waits for a table of Unity Catalog, for rows in one of its partitions, or for a change of its data. */
export class TableSensor extends Sensor<TableConfig> {
  readonly name = 'Databricks table';
  readonly claims = { kind: 'databricks_table' };
  readonly config = tableConfig;
  readonly #options: DatabricksOptions;
  readonly #workspaces: Workspaces;

  constructor(options: DatabricksOptions = {}) {
    super();
    this.#options = options;
    this.#workspaces = new Workspaces(options);
  }

  override check(task: SensorTask<TableConfig>): void {
    this.hostOf(task);
    toLook(task, 0);
  }

  override hostOf({ config: { instance } }: SensorTask<TableConfig>): string {
    return toHost(instance, this.#options);
  }

  async poke(task: SensorTask<TableConfig>, { secrets, signal, createdAt }: PokeContext): Promise<PokeResult> {
    const { table, what, query } = toLook(task, createdAt);
    const client = await this.#workspaces.client(this.hostOf(task), task.config.auth, secrets);
    // Costs nothing; another look wakes a warehouse.
    const isThere = await client.hasTable(table, signal).catch(rethrow(`table ${table}`));
    if (!isThere) return { met: false, message: `waiting for table ${table}` };
    if (query === undefined) return { met: true, message: `${what} is there` };
    const statement = await client.executeStatement(toStatement(query), signal).catch(rethrow(what));
    if (hasAnswer(statement, what)) {
      const isFound = (statement.result?.data_array ?? []).length > 0;
      return { met: isFound, message: isFound ? `${what} is there` : `waiting for ${what}` };
    }
    return { met: false, message: `waiting for ${what}: warehouse ${query.warehouseId} has not answered yet` };
  }
}

/** Whether the look came to its end. @throws AgentError when it cannot */
function hasAnswer(statement: Statement, what: string): boolean {
  const { state, error } = statement.status;
  if (state !== 'FAILED') return state === 'SUCCEEDED';
  const said = [error?.error_code, error?.message].filter(Boolean).join(': ').slice(0, 1000);
  const message = `Databricks ${what}: ${said}`;
  if (statementPhase(statement) === 'RETRYABLE_FAILED') throw new AgentError({ code: 'UNAVAILABLE', message });
  const isRefused = said.includes('[INSUFFICIENT_PERMISSIONS]');
  throw new AgentError({
    code: isRefused ? 'PERMISSION_DENIED' : 'INVALID_ARGUMENT',
    message: isRefused ? `${message} (grant SELECT on the table)` : message,
  });
}
