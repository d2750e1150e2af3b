import { AgentError, Sensor, type AgentContext, type JsonObject, type PokeResult, type SensorTask } from '@flyte-agents/core';
import type { Statement } from './client.ts';
import { tableConfig, type PartitionValue, type TableConfig } from './config.ts';
import { rethrow } from './errors.ts';
import { toHost } from './hosts.ts';
import type { DatabricksOptions } from './options.ts';
import { statementPhase } from './sql/states.ts';
import { Workspaces } from './workspaces.ts';

/** Waits for a table of Unity Catalog, or for rows in one of its partitions. */
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
    tableOf(task);
  }

  override hostOf({ config: { instance } }: SensorTask<TableConfig>): string {
    return toHost(instance, this.#options);
  }

  async poke(task: SensorTask<TableConfig>, { secrets, signal }: AgentContext): Promise<PokeResult> {
    const { auth, partition } = task.config;
    const table = tableOf(task);
    const client = await this.#workspaces.client(this.hostOf(task), auth, secrets);
    // Costs nothing; a partition's look wakes a warehouse.
    const isThere = await client.hasTable(table, signal).catch(rethrow(`table ${table}`));
    if (!isThere) return { met: false, message: `waiting for table ${table}` };
    if (partition === undefined) return { met: true, message: `table ${table} is there` };
    const what = `partition ${JSON.stringify(partition.values)} of table ${table}`;
    const statement = await client.executeStatement(toLook(table, partition), signal).catch(rethrow(what));
    if (hasAnswer(statement, what)) {
      const isFilled = (statement.result?.data_array ?? []).length > 0;
      return { met: isFilled, message: isFilled ? `${what} is there` : `waiting for ${what}` };
    }
    return { met: false, message: `waiting for ${what}: warehouse ${partition.warehouseId} has not answered yet` };
  }
}

/** The table of the config, or of the input `table`. */
function tableOf({ config, inputs }: SensorTask<TableConfig>): string {
  const [table, where] = config.table === undefined ? [inputs.string('table'), 'input table'] : [config.table, 'sensor_config.table'];
  if (/^[^\s./`]+(?:\.[^\s./`]+){2}$/.test(table)) return table;
  throw new AgentError({ code: 'INVALID_ARGUMENT', message: `${where}: expected a table, catalog.schema.table` });
}

/** One row of the partition: the catalog does not list partitions, and those of Delta may be empty. */
function toLook(table: string, { values, warehouseId }: NonNullable<TableConfig['partition']>): JsonObject {
  const columns = Object.entries(values);
  return {
    statement: `SELECT 1 FROM ${table.split('.').map(quoted).join('.')} WHERE ${columns.map(([column], index) => `${quoted(column)} = :p${index}`).join(' AND ')} LIMIT 1`,
    warehouse_id: warehouseId,
    parameters: columns.map(([, value], index) => ({ name: `p${index}`, value: String(value), type: sqlType(value) })),
    // The shortest that there is; what a slow warehouse finds later nobody would read.
    wait_timeout: '5s',
    on_wait_timeout: 'CANCEL',
    disposition: 'INLINE',
    format: 'JSON_ARRAY',
  };
}

function quoted(identifier: string): string {
  return `\`${identifier.replaceAll('`', '``')}\``;
}

function sqlType(value: PartitionValue): string {
  if (typeof value === 'boolean') return 'BOOLEAN';
  return typeof value === 'number' ? 'BIGINT' : 'STRING';
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
