import { AgentError } from '@flyte-agents/core';
import type { FileConfig } from '../config.ts';

/** An object or document that a path leads to. */
export interface Seen {
  readonly url: string;
  readonly key: string;
  /** In bytes; absent where the store does not tell. */
  readonly size?: number | undefined;
  readonly etag?: string | undefined;
  /** In milliseconds since 1970. */
  readonly modifiedAt?: number | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** Everything that one path leads to. */
export interface Sight {
  /** The path, as messages have it. */
  readonly path: string;
  readonly objects: readonly Seen[];
  /** The store's own clock, in milliseconds since 1970. */
  readonly seenAt: number;
}

/** What a path must lead to. */
export interface Conditions {
  readonly minSize: number;
  readonly minCount: number;
  /** In milliseconds since 1970, whole seconds. */
  readonly newerThan: number | undefined;
  readonly unchangedForMs: number | undefined;
  /** Names in lower case. */
  readonly metadata: readonly (readonly [string, string])[];
}

/** Whether a path leads to what it must, and to what. */
export interface Finding {
  readonly met: boolean;
  readonly message: string;
  readonly objects: readonly Seen[];
}

/** @param createdAt when the task was created, in milliseconds since 1970 */
export function toConditions(config: FileConfig, createdAt: number): Conditions {
  const { min_size: minSize, min_count: minCount, newer_than: newerThan, unchanged_for: unchangedFor, metadata } = config;
  const since = newerThan === 'start' ? createdAt : newerThan;
  return {
    minSize: minSize ?? 0,
    minCount: minCount ?? 1,
    newerThan: typeof since === 'number' ? Math.floor(since / 1000) * 1000 : undefined,
    unchangedForMs: unchangedFor ?? undefined,
    metadata: Object.entries(metadata ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  };
}

/** Whether one object is enough, whatever it is like. */
export function isPlain({ minSize, minCount, newerThan, unchangedForMs, metadata }: Conditions): boolean {
  return minSize === 0 && minCount === 1 && newerThan === undefined && unchangedForMs === undefined && metadata.length === 0;
}

/**
 * Whether a path leads to what it must.
 *
 * @throws AgentError FAILED_PRECONDITION when the store does not tell what a condition asks for
 */
export function judge(sight: Sight, conditions: Conditions): Finding {
  const { path, objects, seenAt } = sight;
  const counted = objects.filter((object) => counts(object, conditions));
  const { minCount, unchangedForMs } = conditions;
  const waiting = `waiting for ${path}`;
  if (counted.length < minCount) {
    const others = objects.length - counted.length;
    const details = `${counted.length} of ${minCount} there${others === 0 ? '' : `, ${others} more that do not count`}`;
    return { met: false, message: minCount === 1 && others === 0 ? waiting : `${waiting}: ${details}`, objects: [] };
  }
  const found = `${path} is there${minCount === 1 ? '' : `: ${counted.length} objects`}`;
  if (unchangedForMs === undefined) return { met: true, message: found, objects: counted };
  const quietMs = seenAt - Math.max(...objects.map((object) => modifiedAt(object, 'unchanged_for')));
  if (quietMs >= unchangedForMs) return { met: true, message: found, objects: counted };
  const seconds = Math.max(0, Math.floor(quietMs / 1000));
  return { met: false, message: `${waiting}: changed ${seconds} s ago, must be unchanged for ${unchangedForMs / 1000} s`, objects: [] };
}

function counts(object: Seen, { minSize, newerThan, metadata }: Conditions): boolean {
  if (minSize > 0 && (object.size ?? unknown(object, 'min_size', 'size')) < minSize) return false;
  if (newerThan !== undefined && modifiedAt(object, 'newer_than') < newerThan) return false;
  if (metadata.length === 0) return true;
  const known = object.metadata ?? unknown(object, 'metadata', 'metadata of what is in folders and patterns');
  return metadata.every(([name, value]) => known[name] === value);
}

function modifiedAt(object: Seen, condition: string): number {
  return object.modifiedAt ?? unknown(object, condition, 'time of the last change');
}

function unknown({ url }: Seen, condition: string, what: string): never {
  const message = `sensor_config.${condition} cannot be checked for ${url}: its store tells no ${what}`;
  throw new AgentError({ code: 'FAILED_PRECONDITION', message });
}
