import { AgentError, kindName, pythonText, toValue, type Literal, type LiteralMap, type Value } from '@flyte-agents/core';
import { toTable, type Screen } from './table.ts';

/** The most that is shown of one value, in characters; `--json` shows all. */
const longestCell = 2000;

/** A task's outputs as a table: name, kind, value. */
export function toOutputTable(outputs: LiteralMap, stream: Screen): string {
  const rows = [...outputs].map(([name, literal]) => [visible(name), toKind(literal), shortened(visible(toCell(literal)))]);
  return toTable(['OUTPUT', 'TYPE', 'VALUE'], rows, stream);
}

function toKind(literal: Literal): string {
  const inner = opened(literal);
  const format = inner.kind === 'blob' || inner.kind === 'dataset' ? visible(inner.format) : '';
  return format === '' ? kindName(inner) : `${kindName(inner)} (${format})`;
}

function opened(literal: Literal): Literal {
  return literal.kind === 'union' ? opened(literal.value) : literal;
}

/** A text is itself; within lists and maps it has quotes. */
function toCell(literal: Literal): string {
  const inner = opened(literal);
  return inner.kind === 'string' ? inner.value : toText(inner);
}

function toText(literal: Literal): string {
  switch (literal.kind) {
    case 'datetime':
    case 'duration':
      return String(literal.value);
    case 'none':
      return 'none';
    case 'blob':
    case 'dataset':
    case 'schema':
      return literal.uri;
    case 'error':
      return `error of node ${literal.failedNodeId}: ${literal.message}`;
    case 'offloaded':
      return `${literal.uri} (${literal.sizeBytes} bytes)`;
    case 'binary':
      return toBinaryText(literal);
    case 'union':
      return toText(literal.value);
    case 'collection':
      return `[${literal.items.map(toText).join(', ')}]`;
    case 'map':
      return `{${[...literal.entries].map(([key, item]) => `${JSON.stringify(key)}: ${toText(item)}`).join(', ')}}`;
    default:
      return toValueText(literal.value);
  }
}

function toBinaryText(literal: Extract<Literal, { readonly kind: 'binary' }>): string {
  const size = `${literal.value.byteLength} bytes`;
  if (literal.tag !== 'msgpack') return literal.tag === '' ? size : `${size} (${literal.tag})`;
  try {
    return toValueText(toValue(literal, 'value'));
  } catch (error) {
    if (AgentError.is(error)) return `${size} (broken MessagePack)`;
    throw error;
  }
}

/** As JSON, but integers and floats stay apart. */
function toValueText(value: Value): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return pythonText(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Uint8Array) return `(${value.byteLength} bytes)`;
  if (isList(value)) return `[${value.map(toValueText).join(', ')}]`;
  const entries: readonly (readonly [Value, Value])[] = value instanceof Map ? [...value] : Object.entries(value);
  return `{${entries.map(([key, item]) => `${toValueText(key)}: ${toValueText(item)}`).join(', ')}}`;
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** What would move a terminal's cursor is shown, not sent. Lines stay lines. */
function visible(text: string): string {
  return text.replaceAll(/(?!\n)[\p{Cc}\u2028\u2029]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function shortened(text: string): string {
  return text.length <= longestCell ? text : `${text.slice(0, longestCell)}… (${text.length - longestCell} more characters)`;
}
