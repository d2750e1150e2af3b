import type { Random } from './random.ts';

/** Bytes that readers stumble over: ends of ranges, protobuf's longest numbers, JSON's signs, half of a character. */
const nasty: readonly Uint8Array[] = [
  [0x00],
  [0xff],
  [0x80],
  [0x7f],
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
  [0x0b],
  [0x0c],
  [0xed, 0xa0, 0x80],
  [...Buffer.from('{"')],
  [...Buffer.from('[[[[')],
  [...Buffer.from('"__proto__":')],
  [...Buffer.from('1e999')],
].map((bytes) => Uint8Array.from(bytes));

/** A damaged copy: bits flipped, bytes cut out, doubled, moved or put in, cut short, joined with another. */
export function mutate(bytes: Uint8Array, random: Random, other: Uint8Array = bytes): Uint8Array {
  let damaged = Uint8Array.from(bytes);
  for (let rounds = random.integer(1, 4); rounds > 0; rounds--) damaged = mutateOnce(damaged, random, other);
  return damaged;
}

function mutateOnce(bytes: Uint8Array<ArrayBuffer>, random: Random, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const at = random.integer(0, bytes.length);
  const length = Math.min(bytes.length - at, random.pick(1, 2, 4, 16, 64));
  const [before, part, after] = [bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at + length)];
  switch (random.weighted({ flip: 4, cut: 2, double: 2, insert: 3, truncate: 1, splice: 1, empty: 0.1 })) {
    case 'flip': {
      const flipped = Uint8Array.from(bytes);
      const index = Math.min(at, flipped.length - 1);
      if (index >= 0) flipped[index] = (flipped[index] ?? 0) ^ (1 << random.integer(0, 7));
      return flipped;
    }
    case 'cut':
      return join(before, after);
    case 'double':
      return join(before, part, part, after);
    case 'insert':
      return join(before, nasty[random.integer(0, nasty.length - 1)] ?? part, after);
    case 'truncate':
      return join(before);
    case 'splice':
      return join(before, other.subarray(random.integer(0, other.length)));
    default:
      return new Uint8Array();
  }
}

function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat(parts));
}
