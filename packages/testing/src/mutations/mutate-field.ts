import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';

/**
 * A copy of an encoded message that is damaged in one of its fields, or in a field of a field, and whole around it: readers get
 * further than with {@link mutate}. Bytes that are no message are damaged as bytes.
 */
export function mutateField(message: Uint8Array, random: Random, other: Uint8Array = message): Uint8Array {
  const fields = toFields(message);
  const index = random.integer(0, Math.max(0, (fields?.length ?? 0) - 1));
  const field = fields?.[index];
  if (fields === undefined || field === undefined) return mutate(message, random, other);
  return Uint8Array.from(Buffer.concat(fields.toSpliced(index, 1, ...damaged(field, random, other)).map(({ bytes }) => bytes)));
}

interface Field {
  /** The field with its tag. */
  readonly bytes: Uint8Array;
  readonly number: number;
  /** What a length goes before: a text, bytes or a message. */
  readonly content: Uint8Array | undefined;
}

function damaged(field: Field, random: Random, other: Uint8Array): readonly Field[] {
  const { number, content } = field;
  switch (random.weighted({ content: 8, drop: 1, double: 1, renumber: 1 })) {
    case 'drop':
      return [];
    case 'double':
      return [field, field];
    case 'renumber':
      return [toField(random.integer(1, 20), content ?? new Uint8Array())];
    default:
      if (content === undefined) return [{ ...field, bytes: toNumber(number, random) }];
      return [toField(number, random.chance(0.8) ? mutateField(content, random, other) : mutate(content, random, other))];
  }
}

function toField(number: number, content: Uint8Array): Field {
  return { bytes: new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(content).finish(), number, content };
}

function toNumber(number: number, random: Random): Uint8Array {
  const value = random.pick(0n, 1n, 127n, 2n ** 31n - 1n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n);
  return new BinaryWriter().tag(number, WireType.Varint).uint64(value).finish();
}

/** The fields of an encoded message; `undefined` when it is none, or empty. */
function toFields(message: Uint8Array): readonly Field[] | undefined {
  const reader = new BinaryReader(message);
  const fields: Field[] = [];
  try {
    while (reader.pos < reader.len) {
      const start = reader.pos;
      const [number, wireType] = reader.tag();
      const content = wireType === WireType.LengthDelimited ? reader.bytes() : undefined;
      if (content === undefined) reader.skip(wireType, number);
      fields.push({ bytes: message.subarray(start, reader.pos), number, content });
    }
    return fields.length === 0 ? undefined : fields;
  } catch {
    return undefined;
  }
}
