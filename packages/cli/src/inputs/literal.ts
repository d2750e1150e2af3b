import {
  FlyteDatetime,
  FlyteDuration,
  type JsonObject,
  type JsonValue,
  type Literal,
  type LiteralType,
  type SimpleType,
} from '@flyte-agents/core';
import { parseDatetime, parseDuration } from '../time.ts';
import { byNarrowness, mismatch, type InputValue } from './value.ts';

/**
 * The literal of a plain value for an input of this type.
 *
 * @param path names the input in errors
 * @throws UsageError when the value is not of this type
 */
export function toLiteral(value: InputValue, type: LiteralType, path: string): Literal {
  const literal = tryLiteral(value, type);
  if (literal === undefined) throw mismatch(path, type, value);
  return literal;
}

function tryLiteral(value: InputValue, type: LiteralType): Literal | undefined {
  switch (type.kind) {
    case 'simple':
      return trySimple(value, type.simple);
    case 'collection': {
      const items = isList(value) ? complete(value.map((item) => tryLiteral(item, type.items))) : undefined;
      return items && { kind: 'collection', items };
    }
    case 'map': {
      if (!isPlainObject(value)) return undefined;
      const items = complete(Object.values(value).map((item) => tryLiteral(item, type.values)));
      return items && { kind: 'map', entries: new Map(zip(Object.keys(value), items)) };
    }
    case 'union':
      return tryVariants(value, type.variants);
    case 'enum':
      return typeof value === 'string' && type.values.includes(value) ? { kind: 'string', value } : undefined;
    case 'blob':
      return typeof value === 'string' ? { kind: 'blob', uri: value, format: type.format, multipart: type.multipart } : undefined;
    case 'dataset':
      return typeof value === 'string' ? { kind: 'dataset', uri: value, format: type.format, columns: type.columns } : undefined;
    case 'schema':
      return typeof value === 'string' ? { kind: 'schema', uri: value, columns: type.columns } : undefined;
  }
}

function trySimple(value: InputValue, type: SimpleType): Literal | undefined {
  switch (type) {
    case 'NONE':
      return value === null ? { kind: 'none' } : undefined;
    case 'INTEGER': {
      const integer = toInteger(value);
      return integer === undefined ? undefined : { kind: 'integer', value: integer };
    }
    case 'FLOAT':
      if (typeof value === 'number') return { kind: 'float', value };
      return typeof value === 'bigint' && BigInt(Number(value)) === value ? { kind: 'float', value: Number(value) } : undefined;
    case 'STRING':
      return typeof value === 'string' ? { kind: 'string', value } : undefined;
    case 'BOOLEAN':
      return typeof value === 'boolean' ? { kind: 'boolean', value } : undefined;
    case 'DATETIME': {
      const datetime = toDatetime(value);
      return datetime && { kind: 'datetime', value: datetime };
    }
    case 'DURATION': {
      const duration = toDuration(value);
      return duration && { kind: 'duration', value: duration };
    }
    case 'STRUCT': {
      const json = isPlainObject(value) ? toJsonObject(value) : undefined;
      return json && { kind: 'generic', value: json };
    }
    case 'BINARY':
    case 'ERROR':
      return undefined;
  }
}

function toInteger(value: InputValue): bigint | undefined {
  const integer = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
  return typeof integer === 'bigint' && BigInt.asIntN(64, integer) === integer ? integer : undefined;
}

function toDatetime(value: InputValue): FlyteDatetime | undefined {
  if (value instanceof FlyteDatetime) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : FlyteDatetime.fromDate(value);
  return typeof value === 'string' ? parseDatetime(value) : undefined;
}

function toDuration(value: InputValue): FlyteDuration | undefined {
  if (value instanceof FlyteDuration) return value;
  return typeof value === 'string' || typeof value === 'number' ? parseDuration(String(value)) : undefined;
}

function tryVariants(value: InputValue, variants: readonly LiteralType[]): Literal | undefined {
  for (const variant of byNarrowness(variants)) {
    const literal = tryLiteral(value, variant);
    if (literal !== undefined) return { kind: 'union', value: literal, type: variant };
  }
  return undefined;
}

function toJson(value: InputValue): JsonValue | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') return value;
  if (typeof value === 'bigint') return BigInt(Number(value)) === value ? Number(value) : undefined;
  if (isList(value)) return complete(value.map(toJson));
  return isPlainObject(value) ? toJsonObject(value) : undefined;
}

/** A struct's numbers are doubles: a whole number that none holds exactly is refused. */
function toJsonObject(value: { readonly [key: string]: InputValue }): JsonObject | undefined {
  const values = complete(Object.values(value).map(toJson));
  return values && Object.fromEntries(zip(Object.keys(value), values));
}

function complete<Value>(values: readonly (Value | undefined)[]): readonly Value[] | undefined {
  const found = values.filter((value) => value !== undefined);
  return found.length === values.length ? found : undefined;
}

function zip<Value>(keys: readonly string[], values: readonly Value[]): [string, Value][] {
  return values.map((value, index) => [keys[index] ?? '', value]);
}

function isList(value: InputValue): value is readonly InputValue[] {
  return Array.isArray(value);
}

function isPlainObject(value: InputValue): value is { readonly [key: string]: InputValue } {
  return typeof value === 'object' && value !== null && !isList(value) && Object.getPrototypeOf(value) === Object.prototype;
}
