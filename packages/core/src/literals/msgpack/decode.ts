import type { AgentError } from '../../errors.ts';
import { invalid } from '../invalid.ts';
import { deepestNesting } from '../model.ts';
import { toMapping, type Value } from '../value.ts';
import { largestMsgpack, mostValues } from './limits.ts';

/** How {@link decodeMsgpack} builds mappings. */
export type Mapping = (entries: readonly (readonly [Value, Value])[]) => Value;

/**
 * Reads one value of MessagePack. The wire tells integers from floats, and so does the result: bigint and number. Extension
 * types are refused: the SDKs send none, and none is data only.
 *
 * @param path names the value in errors
 * @param toObject makes mappings of keys and values in the sender's order. Default: objects, and Maps where a key is no text
 * @throws AgentError INVALID_ARGUMENT for anything else, and for what is too large or nested too deep
 */
export function decodeMsgpack(bytes: Uint8Array, path: string, toObject: Mapping = toMapping): Value {
  if (bytes.byteLength > largestMsgpack)
    throw invalid(path, `expected at most ${largestMsgpack} bytes of MessagePack, got ${bytes.byteLength}`);
  return new Decoder(bytes, path, toObject).only();
}

// A text may begin with a byte order mark; it is part of the text.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

class Decoder {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #path: string;
  readonly #toObject: Mapping;
  #at = 0;
  #values = 0;

  constructor(bytes: Uint8Array, path: string, toObject: Mapping) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#path = path;
    this.#toObject = toObject;
  }

  /** The value that the bytes are, and nothing after it. */
  only(): Value {
    const value = this.#value(0);
    if (this.#at !== this.#bytes.byteLength) throw this.#broken(`there are bytes after the value, at ${this.#at}`);
    return value;
  }

  #value(depth: number): Value {
    if (depth > deepestNesting) throw invalid(this.#path, `expected at most ${deepestNesting} levels of nesting, got more`);
    if (++this.#values > mostValues) throw invalid(this.#path, `expected at most ${mostValues} values, got more`);
    const type = this.#view.getUint8(this.#skip(1));
    if (type < 0x80) return BigInt(type);
    if (type < 0x90) return this.#map(type & 0x0f, depth);
    if (type < 0xa0) return this.#list(type & 0x0f, depth);
    if (type < 0xc0) return this.#text(type & 0x1f);
    if (type >= 0xe0) return BigInt(type - 0x100);
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
        return this.#data(this.#uint8());
      case 0xc5:
        return this.#data(this.#uint16());
      case 0xc6:
        return this.#data(this.#uint32());
      case 0xca:
        return this.#view.getFloat32(this.#skip(4));
      case 0xcb:
        return this.#view.getFloat64(this.#skip(8));
      case 0xcc:
        return BigInt(this.#uint8());
      case 0xcd:
        return BigInt(this.#uint16());
      case 0xce:
        return BigInt(this.#uint32());
      case 0xcf:
        return this.#view.getBigUint64(this.#skip(8));
      case 0xd0:
        return BigInt(this.#view.getInt8(this.#skip(1)));
      case 0xd1:
        return BigInt(this.#view.getInt16(this.#skip(2)));
      case 0xd2:
        return BigInt(this.#view.getInt32(this.#skip(4)));
      case 0xd3:
        return this.#view.getBigInt64(this.#skip(8));
      case 0xd9:
        return this.#text(this.#uint8());
      case 0xda:
        return this.#text(this.#uint16());
      case 0xdb:
        return this.#text(this.#uint32());
      case 0xdc:
        return this.#list(this.#uint16(), depth);
      case 0xdd:
        return this.#list(this.#uint32(), depth);
      case 0xde:
        return this.#map(this.#uint16(), depth);
      case 0xdf:
        return this.#map(this.#uint32(), depth);
      default:
        throw this.#broken(`type 0x${type.toString(16)} at ${this.#at - 1} is an extension or unknown`);
    }
  }

  #uint8(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  #uint16(): number {
    return this.#view.getUint16(this.#skip(2));
  }

  #uint32(): number {
    return this.#view.getUint32(this.#skip(4));
  }

  #list(count: number, depth: number): Value {
    this.#expect(count);
    const items: Value[] = [];
    for (let i = 0; i < count; i++) items.push(this.#value(depth + 1));
    return items;
  }

  #map(count: number, depth: number): Value {
    this.#expect(2 * count);
    const entries: (readonly [Value, Value])[] = [];
    for (let i = 0; i < count; i++) {
      const key = this.#value(depth + 1);
      if (typeof key === 'object' && key !== null && !(key instanceof Uint8Array)) throw this.#broken('a list or a mapping is a key');
      entries.push([key, this.#value(depth + 1)]);
    }
    return this.#toObject(entries);
  }

  #text(length: number): string {
    const start = this.#skip(length);
    try {
      return utf8.decode(this.#bytes.subarray(start, start + length));
    } catch {
      throw this.#broken(`the text at ${start} is no UTF-8`);
    }
  }

  #data(length: number): Uint8Array {
    const start = this.#skip(length);
    return this.#bytes.slice(start, start + length);
  }

  /** Every value takes at least one byte: a header that promises more than there is costs nothing. */
  #expect(count: number): void {
    if (count > this.#bytes.byteLength - this.#at) throw this.#broken('it ends too early');
  }

  /** Where the next bytes begin; what comes then begins after them. */
  #skip(length: number): number {
    const start = this.#at;
    this.#at += length;
    if (this.#at > this.#bytes.byteLength) throw this.#broken('it ends too early');
    return start;
  }

  #broken(why: string): AgentError {
    return invalid(this.#path, `expected MessagePack, got something else: ${why}`);
  }
}
