import { FlyteDatetime, FlyteDuration, type JsonObject } from '@flyte-agents/core';
import { durationText, invalid, isList, type Value } from './render.ts';

/** A statement whose values go beside it. */
export interface Bound {
  readonly statement: string;
  /** By place, from 1. https://docs.snowflake.com/en/developer-guide/sql-api/submitting-requests#using-bind-variables-in-a-statement */
  readonly bindings: JsonObject;
}

/** Texts, quoted names, comments and bodies, in which nothing is a placeholder; then `:name`, but no cast and no path. */
const token = /'(?:[^'\\]|\\.|'')*'|"(?:[^"]|"")*"|\$\$.*?\$\$|--[^\n]*|\/\*.*?\*\/|(?<![\w"\])$:]):(?<name>[A-Za-z_]\w*)/gs;

/** Whether a statement names one of the values as `:name`. */
export function hasBindings(statement: string, values: ReadonlyMap<string, Value>): boolean {
  return [...statement.matchAll(token)].some(({ groups }) => values.has(groups?.['name'] ?? ''));
}

/** A statement with `?` for its `:name`, and their values by type; a list is several. @throws AgentError INVALID_ARGUMENT for a value that has no type */
export function toBound(statement: string, values: ReadonlyMap<string, Value>): Bound {
  const bound: JsonObject[] = [];
  const text = statement.replaceAll(token, (found: string, name: string | undefined) => {
    const value = name === undefined ? undefined : values.get(name);
    if (value === undefined) return found;
    const items = isList(value) ? value : [value];
    bound.push(...items.map((item) => toBinding(item, `input ${name}`)));
    return items.map(() => '?').join(', ');
  });
  return { statement: text, bindings: Object.fromEntries(bound.map((binding, index) => [String(index + 1), binding])) };
}

function toBinding(value: Value, path: string): JsonObject {
  if (value === null) return { type: 'TEXT', value: null };
  if (typeof value === 'boolean') return { type: 'BOOLEAN', value: String(value) };
  if (typeof value === 'bigint') return { type: 'FIXED', value: String(value) };
  if (typeof value === 'number') return { type: 'REAL', value: String(value) };
  if (typeof value === 'string') return { type: 'TEXT', value };
  // In nanoseconds since 1970, and minutes east of UTC, from 1440 for none.
  if (value instanceof FlyteDatetime)
    return { type: 'TIMESTAMP_TZ', value: `${value.seconds * 1_000_000_000n + BigInt(value.nanos)} 1440` };
  if (value instanceof FlyteDuration) return { type: 'TEXT', value: durationText(value) };
  throw invalid(path, 'expected text, a number, a boolean, a time or a list of them');
}
