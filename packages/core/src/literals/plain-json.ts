import { msgpackBytes, unreadable } from './decode.ts';
import { invalid } from './invalid.ts';
import { isObject } from './json.ts';
import { deepestNesting, FlyteDatetime, FlyteDuration, type JsonObject, type JsonValue, type Literal } from './model.ts';
import { decodeMsgpack } from './msgpack/decode.ts';
import { mostValues } from './msgpack/limits.ts';
import { valueName } from './names.ts';
import { checkedDatetime, checkedDuration, checkedText, entriesOf, isList, type NativeValue } from './native.ts';
import { isoformat, totalSeconds } from './python.ts';

/**
 * A literal as JSON, for requests to services: points in time are ISO 8601, lengths of time seconds, files and datasets their
 * URI, integers numbers.
 *
 * @param path names the value in errors: `input settings`
 * @throws AgentError INVALID_ARGUMENT for what JSON cannot hold: integers beyond 2^53 - 1, NaN, infinities, bytes
 */
export function toJson(literal: Literal, path: string): JsonValue {
  switch (literal.kind) {
    case 'none':
      return null;
    case 'blob':
    case 'dataset':
    case 'schema':
      return literal.uri;
    case 'binary':
      return toJsonValue(decodeMsgpack(msgpackBytes(literal, path), path), path);
    case 'collection':
      return literal.items.map((item, index) => toJson(item, `${path}[${index}]`));
    case 'map':
      return toObject([...literal.entries].map(([key, item]) => [key, toJson(item, `${path}.${key}`)]));
    case 'union':
      return toJson(literal.value, path);
    case 'error':
    case 'offloaded':
      throw unreadable(literal, path);
    default:
      return toJsonValue(literal.value, path);
  }
}

/**
 * A value as JSON; a mapping's numbers as keys become texts.
 *
 * @throws AgentError INVALID_ARGUMENT for what JSON cannot hold
 */
export function toJsonValue(value: NativeValue, path: string): JsonValue {
  return new JsonMaker().value(value, path, 0);
}

/** A mapping as a JSON object. @throws AgentError INVALID_ARGUMENT for what JSON cannot hold, and for anything but a mapping */
export function toJsonObject(value: NativeValue, path: string): JsonObject {
  const json = toJsonValue(value, path);
  if (isObject(json)) return json;
  throw invalid(path, `expected a mapping, got ${valueName(value)}`);
}

class JsonMaker {
  #values = 0;

  value(value: NativeValue, path: string, depth: number): JsonValue {
    if (depth > deepestNesting) throw invalid(path, `expected at most ${deepestNesting} levels of nesting, got more`);
    if (++this.#values > mostValues) throw invalid(path, `expected at most ${mostValues} values, got more`);
    if (value === null || typeof value === 'boolean') return value;
    if (typeof value === 'string') return checkedText(value, path);
    if (typeof value === 'number') return checkedNumber(value, path);
    if (typeof value === 'bigint') return toSafeInteger(value, path);
    if (value instanceof Date || value instanceof FlyteDatetime) return isoformat(checkedDatetime(value, path));
    if (value instanceof FlyteDuration) return totalSeconds(checkedDuration(value, path));
    if (isList(value)) return value.map((item, index) => this.value(item, `${path}[${index}]`, depth + 1));
    const entries = value instanceof Uint8Array ? undefined : entriesOf(value);
    if (entries === undefined) throw invalid(path, `expected what JSON can hold, got ${valueName(value)}`);
    return toObject(
      entries.map(([key, item]) => {
        const name = toKey(key, path);
        return [name, this.value(item, `${path}.${name}`, depth + 1)];
      }),
    );
  }
}

function toKey(key: NativeValue, path: string): string {
  if (typeof key === 'object') throw invalid(path, `expected texts or numbers as keys, got ${valueName(key)}`);
  return checkedText(String(key), path);
}

function checkedNumber(value: number, path: string): number {
  if (!Number.isFinite(value)) throw invalid(path, `expected a finite number, which JSON can hold, got ${value}`);
  return value;
}

/** @throws AgentError INVALID_ARGUMENT for an integer that a number cannot tell from its neighbours */
export function toSafeInteger(value: bigint, path: string): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw invalid(path, `expected an integer of at most 2^53 - 1, got ${value}`);
  return number;
}

/** Defined one by one, a key `__proto__` is a key like any other. */
function toObject(entries: readonly (readonly [string, JsonValue])[]): JsonObject {
  return Object.fromEntries(entries);
}
