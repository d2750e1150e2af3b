import type { FlyteDatetime, FlyteDuration, Reference } from './model.ts';

/**
 * A literal as plain JavaScript. Integers are bigint and floats are number, so that the integer 2 and the float 2.0 stay two
 * things; a mapping is an object without a prototype, or a Map when not all of its keys are texts.
 */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint8Array
  | FlyteDatetime
  | FlyteDuration
  | Reference
  | readonly Value[]
  | ReadonlyMap<Value, Value>
  | ValueObject;

/** A mapping whose keys are texts. */
export interface ValueObject {
  readonly [key: string]: Value;
}

/** A mapping as {@link Value} has it. */
export function toMapping(entries: readonly (readonly [Value, Value])[]): ValueObject | ReadonlyMap<Value, Value> {
  const object: Record<string, Value> = Object.create(null);
  for (const [key, value] of entries) {
    if (typeof key !== 'string') return new Map(entries);
    object[key] = value;
  }
  return object;
}
