import {
  AgentError,
  FlyteDatetime,
  toLiteral,
  toText,
  type IdempotencyKey,
  type JsonObject,
  type JsonValue,
  type Literal,
  type NativeValue,
  type Resource,
  type SimpleType,
  type Task,
} from '@flyte-agents/core';
import type { Statement } from '../client.ts';
import { toHost } from '../hosts.ts';
import { parseJson } from '../json.ts';
import type { DatabricksOptions } from '../options.ts';
import type { StatementConfig, StatementPlace, StatementRef } from './config.ts';
import { statementPhase } from './states.ts';

/** Marks an attempt's statement in the history of queries: the API takes no token. */
export function toComment(key: IdempotencyKey): string {
  return `/* flyte-${key} */`;
}

/** Where the task's statement will be, and what is wanted of it. @throws AgentError INVALID_ARGUMENT for a host or an output that cannot be */
export function toPlace({ config, template }: Task<StatementConfig>, options: DatabricksOptions): StatementPlace {
  const outputs = [...template.outputs].map(([name, { type }]) => {
    if (type?.kind !== 'simple') throw invalid(`output ${name}: a column of the statement's only row has a simple type`);
    return [name, type.simple] as const;
  });
  const { instance, auth, warehouseId } = config;
  return { host: toHost(instance, options), auth, warehouseId, outputs: Object.fromEntries(outputs) };
}

/** The body of the statement's submit. @throws AgentError INVALID_ARGUMENT when there is no statement */
export function toStatement({ config, template, inputs }: Task<StatementConfig>, key: IdempotencyKey): JsonObject {
  const { sql = '' } = template;
  if (sql.trim() === '') throw invalid('template.sql: the task has no statement');
  const { warehouseId, catalog, schema } = config;
  const literals = [...inputs.literals].flatMap(([name, given]): (readonly [string, Literal])[] => [[name, opened(given)]]);
  return {
    statement: `${toComment(key)} ${sql}`,
    warehouse_id: warehouseId,
    ...(catalog !== undefined && { catalog }),
    ...(schema !== undefined && { schema }),
    ...(literals.length > 0 && { parameters: literals.map(toParameter) }),
    disposition: 'INLINE',
    format: 'JSON_ARRAY',
    // Of the result, only one row is of use; a second one shows that there are more.
    row_limit: 2,
  };
}

/** The shortest that the API waits for a statement, in seconds, and what else a submit takes at most, in milliseconds. */
const waitSeconds = 5;
const overheadMs = 2000;

/**
 * How long the submit waits for the statement's end, which nothing stops but a cancel. Engines ask right after the submit, and
 * then half a minute later: a short statement has ended when they first do.
 *
 * @param remainingMs how long the create may take, in milliseconds
 */
export function toWait(remainingMs: number): JsonObject {
  const hasTime = remainingMs >= waitSeconds * 1000 + overheadMs;
  return { wait_timeout: hasTime ? `${waitSeconds}s` : '0s', on_wait_timeout: 'CONTINUE' };
}

/** Flyte's types in SQL: https://docs.databricks.com/aws/en/sql/language-manual/sql-ref-datatypes */
const sqlTypes: Readonly<Partial<Record<Literal['kind'], string>>> = {
  integer: 'BIGINT',
  float: 'DOUBLE',
  boolean: 'BOOLEAN',
  datetime: 'TIMESTAMP',
  string: 'STRING',
};

/** A value for `:name`. Without a value, it is NULL. */
function toParameter([name, literal]: readonly [string, Literal]): JsonObject {
  if (literal.kind === 'none') return { name, type: 'STRING' };
  const value: JsonValue =
    literal.kind === 'datetime' ? String(literal.value) : literal.kind === 'boolean' ? String(literal.value) : toText(literal);
  return { name, value, type: sqlTypes[literal.kind] ?? 'STRING' };
}

function opened(literal: Literal): Literal {
  return literal.kind === 'union' ? opened(literal.value) : literal;
}

/** How a statement stands. @throws AgentError INVALID_ARGUMENT when its result is not what the task declares */
export function toResource(ref: StatementRef, statement: Statement): Resource {
  const { status, manifest } = statement;
  const phase = statementPhase(statement);
  const said = [status.state, status.error?.error_code, status.error?.message].filter(Boolean).join(': ');
  const info = { statementId: ref.statementId, rows: manifest?.total_row_count, bytes: manifest?.total_byte_count };
  const entries = Object.entries(info).flatMap(([name, value]) => (value === undefined || value === null ? [] : [[name, value] as const]));
  return {
    phase,
    message: `Databricks statement ${ref.statementId}: ${said.slice(0, 3000)}`,
    ...(phase === 'SUCCEEDED' && { outputs: toOutputs(ref, statement) }),
    customInfo: Object.fromEntries(entries),
  };
}

function toOutputs({ outputs, statementId }: StatementRef, { manifest, result }: Statement): Readonly<Record<string, Literal>> {
  const declared = Object.entries(outputs);
  if (declared.length === 0) return {};
  const rows = result?.data_array ?? [];
  const [row] = rows;
  if (row === undefined || rows.length > 1) {
    const names = declared.map(([name]) => name).join(', ');
    const many = row === undefined ? 'no row' : 'more than one row';
    throw invalid(`Databricks statement ${statementId} gave ${many}, but its outputs (${names}) are the columns of exactly one`);
  }
  const columns = manifest?.schema?.columns ?? [];
  return Object.fromEntries(
    declared.map(([name, simple]) => {
      const index = columns.findIndex((column) => column.name === name);
      if (index < 0) throw invalid(`output ${name}: the statement gave no column of this name`);
      return [name, toLiteral(fromText(row[index] ?? null, simple), { kind: 'simple', simple }, `output ${name}`)];
    }),
  );
}

/** What a text of the API stands for; one that is no such value is refused as a text. */
function fromText(text: string | null, simple: SimpleType): NativeValue {
  if (text === null) return null;
  switch (simple) {
    case 'INTEGER':
      return /^-?\d+$/.test(text) ? BigInt(text) : text;
    case 'FLOAT':
      return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
    case 'BOOLEAN':
      return text === 'true' || text === 'false' ? text === 'true' : text;
    case 'DATETIME':
      return fromTimestamp(text) ?? text;
    case 'STRUCT':
      return fromJson(text);
    default:
      return text;
  }
}

/** `2026-01-01`, `2026-01-01T00:00:00.000Z`; without a zone it is in UTC. */
function fromTimestamp(text: string): FlyteDatetime | undefined {
  const [, day, time = '00:00:00', fraction = '', zone = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? [];
  return day === undefined
    ? undefined
    : new FlyteDatetime(BigInt(Date.parse(`${day}T${time}${zone}`) / 1000), Number(fraction.padEnd(9, '0')));
}

function fromJson(text: string): NativeValue {
  try {
    // What is read of JSON is JSON.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    return parseJson(text) as NativeValue;
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}

function invalid(message: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message });
}
