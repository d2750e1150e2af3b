import type { Literal, LiteralType } from '@flyte-agents/core';
import type { Seen } from './conditions.ts';

const strings: LiteralType = { kind: 'collection', items: { kind: 'simple', simple: 'STRING' } };
const integers: LiteralType = { kind: 'collection', items: { kind: 'simple', simple: 'INTEGER' } };

/** What a file sensor can tell of what it found: four lists in the same order. */
export const fileOutputs: Readonly<Record<'paths' | 'keys' | 'sizes' | 'etags', LiteralType>> = {
  /** URLs. */
  paths: strings,
  keys: strings,
  /** In bytes; -1 where the store does not tell. */
  sizes: integers,
  /** Empty where the store has none. */
  etags: strings,
};

/** The objects that count, as outputs. */
export function toFileOutputs(objects: readonly Seen[]): Readonly<Record<keyof typeof fileOutputs, Literal>> {
  const list = (toItem: (object: Seen) => Literal): Literal => ({ kind: 'collection', items: objects.map(toItem) });
  return {
    paths: list(({ url }) => ({ kind: 'string', value: url })),
    keys: list(({ key }) => ({ kind: 'string', value: key })),
    sizes: list(({ size = -1 }) => ({ kind: 'integer', value: BigInt(size) })),
    etags: list(({ etag = '' }) => ({ kind: 'string', value: etag })),
  };
}
