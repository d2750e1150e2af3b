import type { Literal } from './model.ts';

/** A literal as people read it: in result tables and messages. Nothing is lost that has a short text; long bytes are counted. */
export function toText(literal: Literal): string {
  switch (literal.kind) {
    case 'string':
      return literal.value;
    case 'integer':
    case 'float':
    case 'boolean':
    case 'datetime':
    case 'duration':
      return String(literal.value);
    case 'none':
      return 'none';
    case 'blob':
    case 'dataset':
    case 'schema':
    case 'offloaded':
      return literal.uri;
    case 'binary':
      return `${literal.value.byteLength} bytes${literal.tag === '' ? '' : ` (${literal.tag})`}`;
    case 'generic':
      return JSON.stringify(literal.value);
    case 'error':
      return `error: ${literal.message}`;
    case 'collection':
      return `[${literal.items.map(toText).join(', ')}]`;
    case 'map':
      return `{${[...literal.entries].map(([key, value]) => `${key}: ${toText(value)}`).join(', ')}}`;
    case 'union':
      return toText(literal.value);
  }
}

/** A literal's kind as Flyte's types are called, for messages: `INTEGER`, `collection`. */
export function kindName(literal: Literal): string {
  const inner = literal.kind === 'union' ? literal.value : literal;
  return inner.kind;
}
