import { AgentError, toLiteral as toDeclared, type Literal, type LiteralType, type NativeObject } from '@flyte-agents/core';
import { UsageError } from '../errors.ts';
import { parseDatetime, parseDuration } from '../time.ts';
import { byNarrowness, type InputValue } from './value.ts';

/**
 * The literal of a plain value for an input of this type.
 *
 * @param path names the input in errors
 * @throws UsageError when the value is not of this type
 */
export function toLiteral(value: InputValue, type: LiteralType, path: string): Literal {
  try {
    return toDeclared(asMeant(value, type), type, `input ${path}`);
  } catch (error) {
    throw AgentError.is(error) ? new UsageError(error.message, error) : error;
  }
}

/** What JSON and YAML have no form for is written as text: times, lengths of time, references. */
function asMeant(value: InputValue, type: LiteralType): InputValue {
  switch (type.kind) {
    case 'simple':
      if (type.simple === 'DATETIME' && typeof value === 'string') return parseDatetime(value) ?? value;
      if (type.simple === 'DURATION' && (typeof value === 'string' || typeof value === 'number'))
        return parseDuration(String(value)) ?? value;
      return value;
    case 'collection':
      return isList(value) ? value.map((item) => asMeant(item, type.items)) : value;
    case 'map':
      return isObject(value)
        ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, item === undefined ? undefined : asMeant(item, type.values)]))
        : value;
    case 'union':
      return asVariant(value, type.variants);
    case 'blob':
    case 'dataset':
    case 'schema':
      return asReference(value, type);
    case 'enum':
      return value;
  }
}

/** A text could be a time or itself: the narrowest variant that takes it is meant. */
function asVariant(value: InputValue, variants: readonly LiteralType[]): InputValue {
  for (const variant of byNarrowness(variants)) {
    const meant = asMeant(value, variant);
    if (fits(meant, variant)) return meant;
  }
  return value;
}

function fits(value: InputValue, type: LiteralType): boolean {
  try {
    toDeclared(value, type, '');
    return true;
  } catch (error) {
    if (AgentError.is(error)) return false;
    throw error;
  }
}

/** `{ uri, format }`, where the type alone does not say what is there. */
function asReference(value: InputValue, type: Extract<LiteralType, { readonly kind: 'blob' | 'dataset' | 'schema' }>): InputValue {
  if (!isObject(value) || 'kind' in value || typeof value['uri'] !== 'string') return value;
  const { uri, format } = value;
  const shape = typeof format === 'string' && type.kind !== 'schema' ? { ...type, format } : type;
  switch (shape.kind) {
    case 'blob':
      return { kind: 'blob', uri, format: shape.format, multipart: shape.multipart };
    case 'dataset':
      return { kind: 'dataset', uri, format: shape.format, columns: shape.columns };
    case 'schema':
      return { kind: 'schema', uri, columns: shape.columns };
  }
}

function isList(value: InputValue): value is readonly InputValue[] {
  return Array.isArray(value);
}

function isObject(value: InputValue): value is NativeObject {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
