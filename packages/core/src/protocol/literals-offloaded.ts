import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { deepestNesting } from '../literals/model.ts';

/** The messages between a map of literals and an offloaded one: which fields lead where. Numbers are those of the protocol. */
const ways: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  literals: { 1: 'entry' },
  entry: { 2: 'literal' },
  literal: { 1: 'scalar', 2: 'collection', 3: 'literals', 8: 'offloaded' },
  collection: { 1: 'literal' },
  scalar: { 9: 'union' },
  union: { 1: 'literal' },
};

/** Whether a value in an encoded map of literals is offloaded. Nothing is decoded, and hardly anything looked at where no URL is. */
export function hasOffloaded(bytes: Uint8Array): boolean {
  const hasUrl = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('://');
  try {
    return hasUrl && leadsToOffloaded(bytes, 'literals', 0);
  } catch {
    // Whoever reads the inputs is told that they are broken.
    return false;
  }
}

function leadsToOffloaded(bytes: Uint8Array, message: string, depth: number): boolean {
  if (message === 'offloaded') return true;
  if (depth > 3 * deepestNesting) return false;
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    const next = wireType === WireType.LengthDelimited ? ways[message]?.[field] : undefined;
    if (next === undefined) reader.skip(wireType, field);
    else if (leadsToOffloaded(reader.bytes(), next, depth + 1)) return true;
  }
  return false;
}
