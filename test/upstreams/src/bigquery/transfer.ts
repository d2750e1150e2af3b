import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { DuckDBConnection } from '@duckdb/node-api';
import { tableName, type Database, type TableReference, type Writing } from './database.ts';
import { JobFailure } from './failure.ts';

/** A load job's settings. */
export interface LoadSettings extends Writing {
  readonly sourceUris?: readonly string[];
  readonly sourceFormat?: string;
}

/** An extract job's settings. */
export interface ExtractSettings {
  readonly sourceTable?: TableReference;
  readonly destinationUris?: readonly string[];
  readonly destinationFormat?: string;
}

/** A copy job's settings. */
export interface CopySettings extends Writing {
  readonly sourceTable?: TableReference;
}

const readers: Readonly<Record<string, string>> = { CSV: 'read_csv', NEWLINE_DELIMITED_JSON: 'read_json', PARQUET: 'read_parquet' };
const formats: Readonly<Record<string, string>> = { CSV: 'CSV, HEADER', NEWLINE_DELIMITED_JSON: 'JSON', PARQUET: 'PARQUET' };

/** Reads files of the bucket folder into a table. */
export async function load(database: Database, connection: DuckDBConnection, settings: LoadSettings, buckets: string): Promise<void> {
  const { sourceUris = [], sourceFormat = 'CSV', ...writing } = settings;
  const reader = readers[sourceFormat];
  if (reader === undefined) throw new JobFailure('invalid', `Unsupported source format ${sourceFormat}`);
  const files = sourceUris.map((uri) => `'${toPath(uri, buckets)}'`).join(', ');
  // A load appends, unless it is told otherwise.
  await database.write(connection, `SELECT * FROM ${reader}([${files}])`, { writeDisposition: 'WRITE_APPEND', ...writing });
}

/** Writes a table into a file of the bucket folder. */
export async function extract(connection: DuckDBConnection, settings: ExtractSettings, buckets: string): Promise<void> {
  const { sourceTable, destinationUris = [], destinationFormat = 'CSV' } = settings;
  const [uri] = destinationUris;
  const format = formats[destinationFormat];
  if (sourceTable === undefined || uri === undefined || format === undefined)
    throw new JobFailure('invalid', 'Required parameter is missing');
  const path = toPath(uri.replace('*', '000000000000'), buckets);
  mkdirSync(dirname(path), { recursive: true });
  await connection.run(`COPY ${tableName(sourceTable)} TO '${path}' (FORMAT ${format})`);
}

/** Copies a table. */
export async function copy(database: Database, connection: DuckDBConnection, { sourceTable, ...writing }: CopySettings): Promise<void> {
  if (sourceTable === undefined) throw new JobFailure('invalid', 'Required parameter is missing: sourceTable');
  await database.write(connection, `SELECT * FROM ${tableName(sourceTable)}`, writing);
}

/** Where an object of a bucket is. */
function toPath(uri: string, buckets: string): string {
  const [, path] = /^gs:\/\/([^']+)$/.exec(uri) ?? [];
  if (path === undefined || path.split('/').includes('..'))
    throw new JobFailure('invalid', `Source URI must be a Google Cloud Storage location: ${uri}`);
  return join(buckets, path);
}
