import { typeName, type LiteralType, type NativeValue, type SimpleType } from '@flyte-agents/core';
import { shown } from '../document.ts';
import { UsageError } from '../errors.ts';

/**
 * A plain value for an input; its declared type decides what becomes of it. Times may be a Date, a FlyteDatetime or ISO 8601,
 * lengths of time a FlyteDuration, a text such as `90s` or a number of seconds; files and datasets are their URL, or their
 * `uri` and `format`.
 */
export type InputValue = NativeValue;

/** What is wrong with a text: the input, its type and what came. */
export function mismatch(path: string, type: LiteralType, text: string): UsageError {
  return new UsageError(`input ${path}: expected ${typeName(type)}, got ${shown(text)}`);
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
