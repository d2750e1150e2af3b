import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';
import { toDuckDb, toStatementType } from './dialect.ts';
import { JobFailure } from './failure.ts';
import type { QueryParameter } from './parameters.ts';
import { toCell, toField, type Cell, type Field } from './rows.ts';

/** A table in BigQuery's words. */
export interface TableReference {
  readonly projectId: string;
  readonly datasetId: string;
  readonly tableId: string;
}

/** How a job writes its table. */
export interface Writing {
  readonly destinationTable?: TableReference;
  readonly writeDisposition?: string;
  readonly createDisposition?: string;
}

/** The settings of a query that the server honours. */
export interface QuerySettings extends Writing {
  readonly query: string;
  readonly queryParameters?: readonly QueryParameter[];
  readonly defaultDataset?: { readonly datasetId: string };
  readonly maximumBytesBilled?: string;
  readonly useQueryCache?: boolean;
}

/** What a statement did. */
export interface Outcome {
  readonly statementType: string;
  readonly destinationTable?: TableReference | undefined;
  readonly bytesProcessed: bigint;
  readonly cacheHit: boolean;
}

/** A page of a table. */
export interface Page {
  readonly fields: readonly Field[];
  readonly rows: readonly { readonly f: readonly Cell[] }[];
  readonly totalRows: number;
}

/** Where results go that have no table of their own. */
const anonymousDataset = '_anonymous';
/** The least that is billed for a query that reads anything, in bytes. */
export const leastBilled = 10_485_760n;

/** DuckDB in memory, with a dataset for a schema. Projects are not told apart. */
export class Database {
  readonly #instance: DuckDBInstance;
  /** The tables of queries that were run before and whose tables have not changed. */
  readonly #cache = new Map<string, TableReference>();

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  static async create(): Promise<Database> {
    const database = new Database(await DuckDBInstance.create(':memory:'));
    await database.execute(`CREATE SCHEMA ${anonymousDataset}; CREATE MACRO generate_array(first, last) AS range(first, last + 1)`);
    return database;
  }

  /** A session of its own, which can be interrupted. */
  connect(): Promise<DuckDBConnection> {
    return this.#instance.connect();
  }

  /** Runs DuckDB's own SQL. */
  async execute(sql: string): Promise<void> {
    const connection = await this.connect();
    try {
      for (const statement of sql.split(';')) await connection.run(statement);
    } finally {
      connection.closeSync();
    }
  }

  /** Runs one statement. @throws what DuckDB throws, or a JobFailure */
  async query(
    connection: DuckDBConnection,
    settings: QuerySettings,
    names: { readonly project: string; readonly jobId: string },
  ): Promise<Outcome> {
    const { query, queryParameters = [], defaultDataset, maximumBytesBilled, useQueryCache = true, destinationTable } = settings;
    if (defaultDataset !== undefined) await connection.run(`USE ${quoted(defaultDataset.datasetId)}`);
    const sql = toDuckDb(query, queryParameters);
    const statementType = toStatementType(query);
    const cached = useQueryCache && destinationTable === undefined ? this.#cache.get(sql) : undefined;
    if (cached !== undefined) return { statementType, destinationTable: cached, bytesProcessed: 0n, cacheHit: true };
    const bytesProcessed = await this.bytesOf(connection, sql);
    if (maximumBytesBilled !== undefined && bytesProcessed > BigInt(maximumBytesBilled)) {
      const message = `Query exceeded limit for bytes billed: ${maximumBytesBilled}. ${bytesProcessed} or higher required.`;
      throw new JobFailure('bytesBilledLimitExceeded', message);
    }
    if (statementType !== 'SELECT') {
      await connection.run(sql);
      this.#cache.clear();
      return { statementType, bytesProcessed, cacheHit: false };
    }
    const table = destinationTable ?? { projectId: names.project, datasetId: anonymousDataset, tableId: `anon${names.jobId}` };
    await this.write(connection, sql, { ...settings, destinationTable: table });
    if (destinationTable === undefined) this.#cache.set(sql, table);
    return { statementType, destinationTable: table, bytesProcessed, cacheHit: false };
  }

  /** Writes what a query gives into a table. @throws JobFailure when it may not */
  async write(connection: DuckDBConnection, sql: string, { destinationTable: table, ...how }: Writing): Promise<void> {
    if (table === undefined) throw new JobFailure('invalid', 'Required parameter is missing: destinationTable');
    const name = tableName(table);
    const shown = `${table.projectId}:${table.datasetId}.${table.tableId}`;
    const rows = await this.#count(connection, table);
    if (rows === undefined && how.createDisposition === 'CREATE_NEVER') throw new JobFailure('notFound', `Not found: Table ${shown}`);
    const { writeDisposition = 'WRITE_EMPTY' } = how;
    if (rows !== undefined && rows > 0 && writeDisposition === 'WRITE_EMPTY')
      throw new JobFailure('duplicate', `Already Exists: Table ${shown}`);
    const isAppended = rows !== undefined && writeDisposition === 'WRITE_APPEND';
    await connection.run(isAppended ? `INSERT INTO ${name} ${sql}` : `CREATE OR REPLACE TABLE ${name} AS ${sql}`);
    if (table.datasetId !== anonymousDataset) this.#cache.clear();
  }

  /** How much a statement reads: eight bytes for each value of its tables. */
  async bytesOf(connection: DuckDBConnection, sql: string): Promise<bigint> {
    const names = new Set(connection.getTableNames(sql, true).map((name) => name.replaceAll('"', '').split('.').at(-1)));
    const reader = await connection.runAndReadAll('SELECT table_name, estimated_size * column_count * 8 FROM duckdb_tables()');
    const sizes = reader.getRows().map(([name, bytes]) => (names.has(String(name)) ? BigInt(String(bytes)) : 0n));
    return sizes.reduce((sum, bytes) => sum + bytes, 0n);
  }

  /** @throws what DuckDB throws when there is no such table */
  async page(table: TableReference, { start, limit }: { readonly start: number; readonly limit: number }): Promise<Page> {
    const connection = await this.connect();
    try {
      const reader = await connection.runAndReadAll(`SELECT * FROM ${tableName(table)} LIMIT ${limit} OFFSET ${start}`);
      const types = reader.columnTypes();
      const fields = reader.columnNames().flatMap((name, index) => (types[index] === undefined ? [] : [toField(name, types[index])]));
      const rows = reader.getRows().map((row) => ({ f: row.map(toCell) }));
      return { fields, rows, totalRows: (await this.#count(connection, table)) ?? 0 };
    } finally {
      connection.closeSync();
    }
  }

  /** How many rows a table has, `undefined` if there is none. */
  async #count(connection: DuckDBConnection, { datasetId, tableId }: TableReference): Promise<number | undefined> {
    const found = await connection.runAndReadAll('SELECT 1 FROM duckdb_tables() WHERE schema_name = $1 AND table_name = $2', [
      datasetId,
      tableId,
    ]);
    if (found.currentRowCount === 0) return undefined;
    const counted = await connection.runAndReadAll(`SELECT count(*) FROM ${quoted(datasetId)}.${quoted(tableId)}`);
    return Number(counted.getRows()[0]?.[0]);
  }
}

/** A table in DuckDB's words. */
export function tableName({ datasetId, tableId }: TableReference): string {
  return `${quoted(datasetId)}.${quoted(tableId)}`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
