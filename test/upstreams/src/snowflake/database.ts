import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api';

/** Rows, every value as text. */
export type Rows = readonly (readonly (string | null)[])[];

/** A result in the words of the SQL API. */
interface ResultSet {
  readonly resultSetMetaData: { readonly numRows: number; readonly rowType: readonly { readonly name: string; readonly type: string }[] };
  readonly data: Rows;
}

/** A statement of Snowflake's that runs, and may be interrupted. */
export interface RunningStatement {
  readonly result: Promise<ResultSet>;
  interrupt(): void;
}

/** DuckDB in memory. Databases and schemas are not told apart. */
export class Database {
  readonly #instance: DuckDBInstance;

  private constructor(instance: DuckDBInstance) {
    this.#instance = instance;
  }

  static async create(): Promise<Database> {
    return new Database(await DuckDBInstance.create(':memory:'));
  }

  /** Runs a statement in a session of its own. */
  async start(sql: string, bindings: readonly (string | null)[] = []): Promise<RunningStatement> {
    const connection = await this.#instance.connect();
    return { result: resultOf(connection, toDuckDb(sql), bindings), interrupt: () => connection.interrupt() };
  }
}

async function resultOf(connection: DuckDBConnection, sql: string, bindings: readonly (string | null)[]): Promise<ResultSet> {
  try {
    const reader = await connection.runAndReadAll(sql, [...bindings]);
    const types = reader.columnTypes().map(String);
    const rowType = reader.columnNames().map((name, index) => ({ name: name.toUpperCase(), type: toType(types[index] ?? '') }));
    const data = reader.getRows().map((row) => row.map((value) => (value === null ? null : String(value))));
    return { resultSetMetaData: { numRows: data.length, rowType }, data };
  } finally {
    connection.closeSync();
  }
}

/** Escapes in texts, names of three parts, and `GENERATOR`, which DuckDB calls `range`. The rest it understands. */
function toDuckDb(sql: string): string {
  return sql
    .replaceAll(
      /'(?:[^'\\]|\\.|'')*'/gs,
      (text) =>
        `'${text
          .slice(1, -1)
          .replaceAll(/\\(.)/gs, unescaped)
          .replaceAll(/(?<!')'(?!')/g, "''")}'`,
    )
    .replaceAll(/\bTABLE\s*\(\s*GENERATOR\s*\(\s*ROWCOUNT\s*=>\s*(\d+)\s*\)\s*\)/gi, 'range($1)');
}

function unescaped(_escape: string, character: string): string {
  return { n: '\n', r: '\r', t: '\t' }[character] ?? character;
}

function toType(type: string): string {
  if (/^(?:U?(?:TINY|SMALL|BIG|HUGE)?INT(?:EGER)?|DECIMAL)/.test(type)) return 'fixed';
  if (type === 'DOUBLE' || type === 'FLOAT') return 'real';
  return type === 'BOOLEAN' ? 'boolean' : 'text';
}
