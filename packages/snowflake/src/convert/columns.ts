import { AgentError, FlyteDatetime, type Literal, type SimpleType } from '@flyte-agents/core';
import type { Column, Row, Statement } from '../client.ts';
import type { JobRef, OutputType } from '../config.ts';

/** How many rows, and how many bytes of them, a list takes: it goes to the engine in one message. */
const mostRows = 10_000;
const mostBytes = 2 * 1024 * 1024;

/** An output that is a column of a result. */
interface Wanted {
  readonly ref: JobRef;
  readonly result: Statement | undefined;
  /** The rows after those of the result's first partition. */
  readonly rest: readonly Row[];
  readonly name: string;
  readonly type: OutputType;
}

/** The numbers of the partitions after the first one that outputs need. @throws AgentError INVALID_ARGUMENT for a result that is too large for a list */
export function neededPartitions(ref: JobRef, { partitions, rowCount = 0 }: Statement): readonly number[] {
  const [name] = Object.entries(ref.outputs).find(([, type]) => itemOf(type) !== undefined) ?? [];
  if (name === undefined) return [];
  const bytes = partitions.reduce((sum, size) => sum + size, 0);
  if (rowCount > mostRows || bytes > mostBytes) {
    const found = `the result has ${rowCount} rows in ${bytes} bytes, and a list takes ${mostRows} in ${mostBytes}`;
    throw mismatch(ref, name, `${found}: declare a structured dataset, or end the statement with COPY INTO @stage`);
  }
  return [...partitions.keys()].slice(1);
}

/** A column of the result's only row, or the list of a column's values. @throws AgentError INVALID_ARGUMENT when the result lacks it */
export function toColumn({ ref, result, rest, name, type }: Wanted): Literal {
  const place = result?.columns.findIndex((each) => each.name.toUpperCase() === name.toUpperCase()) ?? -1;
  const column = result?.columns[place];
  const rows = [...(result?.rows ?? []), ...rest];
  const count = result?.rowCount ?? rows.length;
  const item = itemOf(type);
  // A list is whole, or it is none.
  if (column === undefined || rows.length !== count || (item === undefined && count !== 1)) {
    const wanted = item === undefined ? 'one row with a column of this name' : 'all its rows, with a column of this name';
    const shown = rows.length === count ? '' : `${rows.length} of `;
    const found = `${shown}${count} rows of ${result?.columns.map((each) => each.name).join(', ') || 'no columns'}`;
    throw mismatch(ref, name, `the query must give ${wanted}, and gave ${found}`);
  }
  const toCell = (row: Row | undefined, declared: Exclude<OutputType, object>): Literal => {
    const text = row?.[place] ?? null;
    if (text === null) return { kind: 'none' };
    const literal = toLiteral(text, declared, column);
    if (literal !== undefined) return literal;
    throw mismatch(
      ref,
      name,
      `its column is of Snowflake's type ${column.type}, the task declares ${item === undefined ? '' : 'list of '}${declared}`,
    );
  };
  return typeof type !== 'object' ? toCell(rows[0], type) : { kind: 'collection', items: rows.map((row) => toCell(row, type.list)) };
}

/** Of what a list is. */
function itemOf(type: OutputType): SimpleType | undefined {
  return typeof type === 'object' ? type.list : undefined;
}

function mismatch(ref: JobRef, name: string, what: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message: `Snowflake query ${ref.queryId}: output ${name}: ${what}` });
}

/** Values are texts in Snowflake's answers: https://docs.snowflake.com/en/developer-guide/sql-api/handling-responses */
function toLiteral(text: string, type: Exclude<OutputType, object>, column: Column): Literal | undefined {
  if (type === 'STRING') return { kind: 'string', value: text };
  if (type === 'BOOLEAN') return text === 'true' || text === 'false' ? { kind: 'boolean', value: text === 'true' } : undefined;
  if (type === 'INTEGER') return /^-?\d+$/.test(text) ? { kind: 'integer', value: BigInt(text) } : undefined;
  if (type === 'FLOAT') return text.trim() === '' || Number.isNaN(Number(text)) ? undefined : { kind: 'float', value: Number(text) };
  return toDatetime(text, column);
}

/** Dates are days, points in time are seconds with a fraction, both since 1970; a zone may follow. */
function toDatetime(text: string, { type }: Column): Literal | undefined {
  const [, whole, fraction = ''] = /^(-?\d+)(?:\.(\d{1,9}))?(?: \d+)?$/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  if (type.toLowerCase() === 'date') return { kind: 'datetime', value: new FlyteDatetime(BigInt(whole) * 86_400n) };
  if (!type.toLowerCase().startsWith('timestamp')) return undefined;
  const nanos = Number(fraction.padEnd(9, '0'));
  const isBefore = whole.startsWith('-') && nanos > 0;
  return {
    kind: 'datetime',
    value: isBefore ? new FlyteDatetime(BigInt(whole) - 1n, 1_000_000_000 - nanos) : new FlyteDatetime(BigInt(whole), nanos),
  };
}
