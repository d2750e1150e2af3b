import type { FlyteDatetime, FlyteDuration, LiteralType, SimpleType } from '@flyte-agents/core';
import { shown } from '../document.ts';
import { UsageError } from '../errors.ts';

/**
 * A plain value for an input; its declared type decides what becomes of it. Times may be a Date, a FlyteDatetime or ISO 8601,
 * lengths of time a FlyteDuration, a text such as `90s` or a number of seconds; files and datasets are their URL.
 */
export type InputValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | Date
  | FlyteDatetime
  | FlyteDuration
  | readonly InputValue[]
  | { readonly [key: string]: InputValue };

/** A declared type in words: `INTEGER`, `list of STRING`, `FLOAT or NONE`. */
export function typeName(type: LiteralType): string {
  switch (type.kind) {
    case 'simple':
      return type.simple;
    case 'collection':
      return `list of ${typeName(type.items)}`;
    case 'map':
      return `map of ${typeName(type.values)}`;
    case 'union':
      return type.variants.map(typeName).join(' or ');
    case 'enum':
      return `one of ${type.values.join(', ')}`;
    case 'blob':
      return type.multipart ? 'folder' : 'file';
    case 'dataset':
    case 'schema':
      return type.kind;
  }
}

/** What is wrong with a value: the input, its type and what came. */
export function mismatch(path: string, type: LiteralType, value: unknown): UsageError {
  return new UsageError(`input ${path}: expected ${typeName(type)}, got ${shown(value)}`);
}

const narrowest: readonly SimpleType[] = ['NONE', 'BOOLEAN', 'INTEGER', 'FLOAT', 'DATETIME', 'DURATION', 'STRUCT'];

/** A union's variants in the order in which a value tries them: whatever is a number is not taken for a text. */
export function byNarrowness(variants: readonly LiteralType[]): readonly LiteralType[] {
  return variants.toSorted((a, b) => rank(a) - rank(b));
}

function rank(type: LiteralType): number {
  if (type.kind === 'blob' || type.kind === 'dataset' || type.kind === 'schema') return narrowest.length + 2;
  if (type.kind !== 'simple') return narrowest.length;
  const index = narrowest.indexOf(type.simple);
  return index === -1 ? narrowest.length + 1 : index;
}
