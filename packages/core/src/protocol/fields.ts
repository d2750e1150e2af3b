import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** A message's bytes in two parts. */
export interface CutMessage {
  /** The content of every occurrence of the field, put together: for a message field that is their merge. `undefined`: not there. */
  readonly field: Uint8Array | undefined;
  /** The message without the field. */
  readonly rest: Uint8Array;
}

/**
 * Cuts one length-delimited field off the top level of an encoded message without decoding what is in it.
 *
 * @throws RangeError when the bytes are no message
 */
export function cutField(bytes: Uint8Array, number: number): CutMessage {
  const reader = new BinaryReader(bytes);
  const fields: Uint8Array[] = [];
  const rest: Uint8Array[] = [];
  let keptFrom = 0;
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [found, wireType] = reader.tag();
    if (found === number && wireType === WireType.LengthDelimited) {
      rest.push(bytes.subarray(keptFrom, start));
      fields.push(reader.bytes());
      keptFrom = reader.pos;
    } else {
      reader.skip(wireType, found);
    }
  }
  if (fields.length === 0) return { field: undefined, rest: bytes };
  rest.push(bytes.subarray(keptFrom));
  return { field: joined(fields), rest: joined(rest) };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  return only !== undefined && parts.length === 1 ? only : Buffer.concat(parts);
}
