import { AgentError, type JsonObject, type SensorTask } from '@flyte-agents/core';
import { fromStart, type ChangedAfter, type PartitionValue, type TableConfig } from './config.ts';

/** What is looked for. */
export interface Look {
  readonly table: string;
  /** In people's words. */
  readonly what: string;
  /** A statement that gives a row as soon as it is so. Default: that the table is there will do. */
  readonly query: Query | undefined;
}

/** A look by a warehouse. */
export interface Query {
  readonly warehouseId: string;
  readonly sql: string;
  readonly values: readonly { readonly value: string; readonly type: string }[];
}

/**
 * What a sensor's task waits for.
 *
 * @param createdAt when the waiting began, in milliseconds since 1970
 * @throws AgentError INVALID_ARGUMENT for what cannot be looked for
 */
export function toLook(task: SensorTask<TableConfig>, createdAt: number): Look {
  const table = tableOf(task);
  const { partition, warehouseId } = task.config;
  const changed = changedOf(task);
  if (partition === undefined && changed === undefined) return { table, what: `table ${table}`, query: undefined };
  if (warehouseId === undefined) throw invalid('input changedSince: a change is looked for by a warehouse: give its databricksWarehouseId');
  if (partition !== undefined) {
    const what = `partition ${JSON.stringify(partition)} of table ${table}`;
    return { table, what, query: { warehouseId, ...toPartitionQuery(table, partition) } };
  }
  const after = changed !== undefined && 'version' in changed ? changed : { since: toTime(changed?.since, createdAt) };
  const what = `a change of table ${table} after ${'version' in after ? `version ${after.version}` : after.since}`;
  return { table, what, query: { warehouseId, ...toChangeQuery(table, after) } };
}

/** The table of the config, or of the input `table`. */
function tableOf({ config, inputs }: SensorTask<TableConfig>): string {
  const [table, where] = config.table === undefined ? [inputs.string('table'), 'input table'] : [config.table, 'sensor_config.table'];
  if (/^[^\s./`]+(?:\.[^\s./`]+){2}$/.test(table)) return table;
  throw invalid(`${where}: expected a table, catalog.schema.table`);
}

/** What the config says of changes, or the input `changedSince`. */
function changedOf({ config: { changed, partition }, inputs }: SensorTask<TableConfig>): ChangedAfter | undefined {
  if (changed !== undefined || partition !== undefined || inputs.literal('changedSince') === undefined) return changed;
  return { since: String(inputs.datetime('changedSince')) };
}

function toTime(since: string = fromStart, createdAt: number): string {
  return since === fromStart ? new Date(createdAt).toISOString() : since;
}

/** One row of the partition: the catalog does not list partitions, and those of Delta may be empty. */
function toPartitionQuery(table: string, partition: Readonly<Record<string, PartitionValue>>): Pick<Query, 'sql' | 'values'> {
  const columns = Object.entries(partition);
  const conditions = columns.map(([column], index) => `${quoted(column)} = :p${index}`).join(' AND ');
  return {
    sql: `SELECT 1 FROM ${quotedTable(table)} WHERE ${conditions} LIMIT 1`,
    values: columns.map(([, value]) => ({ value: String(value), type: sqlType(value) })),
  };
}

/** Entries of a table's history after which it has the data that it had: https://docs.databricks.com/aws/en/delta/history */
const upkeep: readonly string[] = [
  'ADD CONSTRAINT',
  'CHANGE COLUMN',
  'CHANGE COLUMNS',
  'CLUSTER BY',
  'COMPUTE STATS',
  'CONVERT',
  'DROP CONSTRAINT',
  'DROP TABLE FEATURE',
  'FSCK',
  'OPTIMIZE',
  'RENAME COLUMN',
  'REORG',
  'SET TBLPROPERTIES',
  'UNSET TBLPROPERTIES',
  'UPDATE COLUMN METADATA',
  'UPGRADE PROTOCOL',
  'VACUUM END',
  'VACUUM START',
];

/** One entry of the table's history that changed its data. */
function toChangeQuery(table: string, after: ChangedAfter): Pick<Query, 'sql' | 'values'> {
  const [column, value, type] =
    'version' in after ? (['version', String(after.version), 'BIGINT'] as const) : (['timestamp', after.since, 'TIMESTAMP'] as const);
  const names = upkeep.map((operation) => `'${operation}'`).join(', ');
  return {
    sql: `SELECT version FROM (DESCRIBE HISTORY ${quotedTable(table)}) WHERE ${column} > :p0 AND operation NOT IN (${names}) LIMIT 1`,
    values: [{ value, type }],
  };
}

/** The body of the look's submit. */
export function toStatement({ sql, warehouseId, values }: Query): JsonObject {
  return {
    statement: sql,
    warehouse_id: warehouseId,
    parameters: values.map((value, index) => ({ name: `p${index}`, ...value })),
    // The shortest that there is; what a slow warehouse finds later nobody would read.
    wait_timeout: '5s',
    on_wait_timeout: 'CANCEL',
    disposition: 'INLINE',
    format: 'JSON_ARRAY',
  };
}

function quotedTable(table: string): string {
  return table.split('.').map(quoted).join('.');
}

function quoted(identifier: string): string {
  return `\`${identifier.replaceAll('`', '``')}\``;
}

function sqlType(value: PartitionValue): string {
  if (typeof value === 'boolean') return 'BOOLEAN';
  return typeof value === 'number' ? 'BIGINT' : 'STRING';
}

function invalid(message: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message });
}
