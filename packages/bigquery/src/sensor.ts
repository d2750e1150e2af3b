import { ClientPool, Sensor, type AgentContext, type PokeResult, type SensorTask } from '@flyte-agents/core';
import { connect, loadSdk, type Connect, type TableClient, type TableReference } from './client.ts';
import { tableConfig, type TableConfig } from './config.ts';
import { toDataset, toTableReference } from './convert/tables.ts';
import { readCredentials } from './credentials.ts';
import { rethrow } from './errors.ts';

/** Options of {@link TableSensor}. */
export interface TableSensorOptions {
  /** Makes clients. Default: Google's SDK. */
  readonly connect?: Connect<TableClient> | undefined;
}

/** Waits for a table, for one of its partitions, or for rows in it. */
export class TableSensor extends Sensor<TableConfig> {
  readonly name = 'BigQuery table';
  readonly claims = { kind: 'bigquery_table' };
  readonly config = tableConfig;
  override readonly outputs = {
    table: { kind: 'dataset', format: '', columns: [] },
    rows: { kind: 'simple', simple: 'INTEGER' },
  } as const;
  readonly #clients = new ClientPool<TableClient>();
  readonly #connect: Connect<TableClient>;

  constructor(options: TableSensorOptions = {}) {
    super();
    this.#connect = options.connect ?? connect;
  }

  override async prepare(): Promise<void> {
    await loadSdk();
  }

  override check(task: SensorTask<TableConfig>): void {
    tableOf(task);
  }

  async poke(task: SensorTask<TableConfig>, { secrets, signal }: AgentContext): Promise<PokeResult> {
    const { partition, minRows } = task.config;
    const reference = tableOf(task);
    const name = `${reference.projectId}:${reference.datasetId}.${reference.tableId}`;
    const credentials = await readCredentials(secrets);
    const key = { tenant: secrets.tenant, host: reference.projectId, secrets: [JSON.stringify(credentials)] };
    const client = await this.#clients.get(key, () => this.#connect(reference.projectId, credentials));
    const table = await client.table(reference, signal).catch(rethrow(`table ${name}`));
    if (table === undefined) return { met: false, message: `waiting for table ${name}` };
    if (
      partition !== undefined &&
      !(await client.partitions(reference, signal).catch(rethrow(`partitions of ${name}`))).includes(partition)
    ) {
      return { met: false, message: `waiting for partition ${partition} of table ${name}` };
    }
    const rows = BigInt(table.numRows ?? 0);
    if (rows < minRows) return { met: false, message: `waiting for ${minRows} rows in table ${name}, which has ${rows}` };
    return {
      met: true,
      message: `table ${name} is there`,
      outputs: { table: toDataset(reference), rows: { kind: 'integer', value: rows } },
    };
  }
}

/** The table of the config, or of the input `table`: a dataset or a text. */
function tableOf({ config, inputs }: SensorTask<TableConfig>): TableReference {
  if (config.table !== undefined) return toTableReference(config.table, 'sensor_config.table');
  const literal = inputs.literal('table');
  return toTableReference(literal?.kind === 'dataset' ? literal.uri : inputs.string('table'), 'input table');
}
