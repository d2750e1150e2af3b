/** Random values that are the same in every run. */
import { FlyteDatetime, FlyteDuration, type JsonValue, type Literal } from '../literals/model.ts';

/** A source of numbers from 0 to 1, by its seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Random = () => number;

export function below(next: Random, limit: number): number {
  return Math.floor(next() * limit);
}

function pick<Value>(next: Random, values: readonly [Value, ...Value[]]): Value {
  return values[below(next, values.length)] ?? values[0];
}

export function text(next: Random): string {
  const pieces = ['', 'a', '__proto__', 'constructor', 'größe', '😀', '\u0000', '\u2028', '"', '\\', '$integer', '{{.inputs.x}}', 'x y', 'toString'] as const;
  return Array.from({ length: below(next, 3) + 1 }, () => pick(next, pieces)).join('');
}

function integer(next: Random): bigint {
  return pick(next, [0n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n, BigInt(below(next, 1e9))]);
}

function float(next: Random): number {
  return pick(next, [0, -0, 1, 1.5, Number.NaN, Infinity, -Infinity, 5e-324, Number.MAX_VALUE, next() * 1e6]);
}

function nanos(next: Random): number {
  return pick(next, [0, 1, 999_999_999, below(next, 1e9)]);
}

function json(next: Random, depth: number): JsonValue {
  const kind = below(next, depth > 2 ? 4 : 6);
  switch (kind) {
    case 0:
      return null;
    case 1:
      return next() < 0.5;
    case 2:
      return pick(next, [0, 1, 1.5, -7]);
    case 3:
      return text(next);
    case 4:
      return list(next, () => json(next, depth + 1));
    default:
      return jsonObject(next, depth + 1);
  }
}

function jsonObject(next: Random, depth: number): { [key: string]: JsonValue } {
  return Object.fromEntries(list(next, () => [text(next), json(next, depth)] as const));
}

function list<Value>(next: Random, make: () => Value): Value[] {
  return Array.from({ length: below(next, 4) }, make);
}

/** A literal of any kind that survives being stored: its unions are opened and its columns untyped when `stored` is true. */
export function literal(next: Random, { stored }: { stored: boolean }, depth: number = 0): Literal {
  const kinds = [
    'integer',
    'float',
    'string',
    'boolean',
    'datetime',
    'duration',
    'none',
    'blob',
    'dataset',
    'schema',
    'binary',
    'generic',
    'error',
    'offloaded',
    'collection',
    'map',
    'union',
  ] as const;
  const kind = kinds[below(next, depth > 3 ? 14 : stored ? 16 : 17)] ?? 'none';
  switch (kind) {
    case 'integer':
      return { kind, value: integer(next) };
    case 'float':
      return { kind, value: float(next) };
    case 'string':
      return { kind, value: text(next) };
    case 'boolean':
      return { kind, value: next() < 0.5 };
    case 'datetime':
      return { kind, value: new FlyteDatetime(pick(next, [0n, -1n, -62_135_596_800n, 253_402_300_799n]), nanos(next)) };
    case 'duration': {
      const seconds = pick(next, [0n, 1n, 86_400n, 315_576_000_000n]);
      return next() < 0.5
        ? { kind, value: new FlyteDuration(seconds, nanos(next)) }
        : { kind, value: new FlyteDuration(-seconds, 0 - nanos(next) || 0) };
    }
    case 'none':
      return { kind };
    case 'blob':
      return { kind, uri: text(next), format: text(next), multipart: next() < 0.5 };
    case 'dataset':
      return {
        kind,
        uri: text(next),
        format: text(next),
        columns: list(next, () => ({ name: text(next), type: stored ? undefined : { kind: 'simple', simple: 'FLOAT' } })),
      };
    case 'schema':
      return { kind, uri: text(next), columns: list(next, () => ({ name: text(next), type: pick(next, ['INTEGER', 'STRING']) })) };
    case 'binary':
      return { kind, tag: text(next), value: Uint8Array.from(list(next, () => below(next, 256))) };
    case 'generic':
      return { kind, value: jsonObject(next, 0) };
    case 'error':
      return { kind, failedNodeId: text(next), message: text(next) };
    case 'offloaded':
      return { kind, uri: text(next), sizeBytes: pick(next, [0n, 7n, 2n ** 64n - 1n]) };
    case 'collection':
      return { kind, items: list(next, () => literal(next, { stored }, depth + 1)) };
    case 'map':
      return { kind, entries: new Map(list(next, () => [text(next), literal(next, { stored }, depth + 1)] as const)) };
    case 'union':
      return { kind, value: literal(next, { stored }, depth + 1), type: { kind: 'simple', simple: 'STRING', tag: text(next) } };
  }
}
