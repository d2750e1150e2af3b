import { invalid } from './invalid.ts';
import { FlyteDatetime, type FlyteDuration, type Reference } from './model.ts';

/**
 * What an agent may give where a literal is wanted: the values that literals are read as, and a Date for a point in time. A
 * property that is `undefined` is not there.
 */
export type NativeValue =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | Date
  | FlyteDatetime
  | FlyteDuration
  | Reference
  | readonly NativeValue[]
  | ReadonlyMap<NativeValue, NativeValue>
  | NativeObject;

/** A mapping whose keys are texts. */
export interface NativeObject {
  readonly [key: string]: NativeValue | undefined;
}

export function isList(value: NativeValue): value is readonly NativeValue[] {
  return Array.isArray(value);
}

/** The keys and values of a mapping in its order; `undefined` for anything else, such as an instance of a class. */
export function entriesOf(value: NativeValue): readonly (readonly [NativeValue, NativeValue])[] | undefined {
  if (value instanceof Map) return [...value];
  if (!isPlainObject(value)) return undefined;
  return Object.entries(value).filter((entry): entry is [string, NativeValue] => entry[1] !== undefined);
}

function isPlainObject(value: NativeValue): value is NativeObject {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** @throws AgentError INVALID_ARGUMENT when Flyte cannot hold it */
export function checkedDatetime(value: Date | FlyteDatetime, path: string): FlyteDatetime {
  if (value instanceof Date && Number.isNaN(value.getTime())) throw invalid(path, 'expected a point in time, got an invalid Date');
  const datetime = value instanceof Date ? FlyteDatetime.fromDate(value) : value;
  if (!datetime.isRepresentable) throw invalid(path, 'expected a point in time of the years 1 to 9999, got another');
  return datetime;
}

/** @throws AgentError INVALID_ARGUMENT when Flyte cannot hold it */
export function checkedDuration(value: FlyteDuration, path: string): FlyteDuration {
  if (value.isRepresentable) return value;
  throw invalid(path, 'expected a length of time of one sign and at most ten thousand years, got another');
}

/** @throws AgentError INVALID_ARGUMENT for half a character, which neither protobuf nor MessagePack can carry */
export function checkedText(text: string, path: string): string {
  if (!text.isWellFormed()) throw invalid(path, 'expected text, got half of a character (a lone surrogate)');
  return text;
}
