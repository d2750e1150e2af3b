import { AgentError, FlyteDatetime, toLiteral, type JsonValue, type Literal, type NativeValue, type SimpleType } from '@flyte-agents/core';
import type { Rows } from '../client.ts';

/**
 * The values of a result's only row for the outputs that want them.
 *
 * @param outputs the outputs' types by the names of the columns
 * @throws AgentError INVALID_ARGUMENT when there is no such column, no such row, or the value is of another type
 */
export function toColumns(result: Rows, outputs: ReadonlyMap<string, SimpleType>): Readonly<Record<string, Literal>> {
  const { schema, rows } = result;
  const [row, ...others] = rows ?? [];
  const names = [...outputs.keys()].join(', ');
  if (row === undefined || others.length > 0) {
    throw invalid(
      `the query gave ${row === undefined ? 'no row' : 'more than one row'}, but its outputs (${names}) are the columns of exactly one`,
    );
  }
  const fields = schema?.fields ?? [];
  const literals = [...outputs].map(([name, simple]): [string, Literal] => {
    const index = fields.findIndex((field) => field.name === name);
    const field = fields[index];
    if (field === undefined) throw invalid(`output ${name}: the query gave no column of this name`);
    const type = field.mode === 'REPEATED' ? 'ARRAY' : simple === 'FLOAT' && decimals.has(field.type) ? 'FLOAT64' : field.type;
    const value = toValue(row.f[index]?.v ?? null, type, name);
    return [name, toLiteral(value, { kind: 'simple', simple }, `output ${name}`)];
  });
  return Object.fromEntries(literals);
}

/** Types of which a float has less digits: an author who declares one wants it. */
const decimals: ReadonlySet<string> = new Set(['NUMERIC', 'BIGNUMERIC']);

/** Old and new names of the types whose values are no texts to Flyte. */
const readers: Readonly<Record<string, (text: string) => NativeValue>> = {
  INTEGER: BigInt,
  INT64: BigInt,
  FLOAT: Number,
  FLOAT64: Number,
  BOOLEAN: (text) => text === 'true',
  BOOL: (text) => text === 'true',
  BYTES: (text) => Uint8Array.from(Buffer.from(text, 'base64')),
  JSON: parseJson,
  // In microseconds, as they are asked for.
  TIMESTAMP: (text) => fromMicros(BigInt(text)),
  DATETIME: fromDatetime,
  DATE: fromDatetime,
};

/** What a text of the REST API stands for. */
function toValue(value: JsonValue, type: string, name: string): NativeValue {
  if (value === null) return null;
  if (typeof value !== 'string') throw invalid(`output ${name}: BigQuery's ${type} is no simple type: select TO_JSON(${name})`);
  return (readers[type] ?? String)(value);
}

function parseJson(text: string): NativeValue {
  const value: JsonValue = JSON.parse(text);
  return value;
}

function fromMicros(micros: bigint): FlyteDatetime {
  const fraction = ((micros % 1_000_000n) + 1_000_000n) % 1_000_000n;
  return new FlyteDatetime((micros - fraction) / 1_000_000n, Number(fraction) * 1000);
}

/** A time without a zone is one in UTC, as it is in parameters. */
function fromDatetime(text: string): FlyteDatetime {
  const [whole = '', fraction = ''] = text.split('.');
  return new FlyteDatetime(
    BigInt(Date.parse(`${whole.includes('T') ? whole : `${whole}T00:00:00`}Z`) / 1000),
    Number(fraction.padEnd(9, '0')),
  );
}

function invalid(message: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message });
}
