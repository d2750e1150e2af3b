import { invalid } from '../invalid.ts';
import type { JsonSchema } from '../json-schema.ts';
import { deepestNesting, FlyteDatetime, FlyteDuration } from '../model.ts';
import { valueName } from '../names.ts';
import { checkedDatetime, checkedDuration, checkedText, entriesOf, isList, type NativeValue } from '../native.ts';
import { isoformat, totalSeconds } from '../python.ts';
import { Writer } from './writer.ts';

/** Where a value is, and what is known of it. */
interface Place {
  readonly path: string;
  readonly schema: JsonSchema | undefined;
  readonly depth: number;
}

/**
 * Writes a value as MessagePack, every part in its shortest form, as Python does. A number that is an integer becomes one
 * unless its schema says that it is a float; points in time become ISO 8601 and lengths of time seconds, as in dataclasses.
 *
 * @param path names the value in errors: `output info`
 * @param schema of a dataclass or model. Without one, a number tells by itself what it is
 * @throws AgentError INVALID_ARGUMENT for what has no place there: integers beyond 64 bits, half characters, instances of classes
 */
export function encodeMsgpack(value: NativeValue, path: string, schema?: JsonSchema): Uint8Array {
  const writer = new Writer(path);
  write(writer, value, { path, schema, depth: 0 });
  return writer.bytes();
}

function write(writer: Writer, value: NativeValue, place: Place): void {
  const { path, schema, depth } = place;
  if (depth > deepestNesting) throw invalid(path, `expected at most ${deepestNesting} levels of nesting, got more`);
  if (value === null) writer.mark(0xc0);
  else if (typeof value === 'boolean') writer.mark(value ? 0xc3 : 0xc2);
  else if (typeof value === 'string') writeText(writer, value, path);
  else if (typeof value === 'bigint' || typeof value === 'number') writeNumber(writer, value, place);
  else if (value instanceof Uint8Array) writeBytes(writer, value);
  else if (value instanceof Date || value instanceof FlyteDatetime) writeText(writer, isoformat(checkedDatetime(value, path)), path);
  else if (value instanceof FlyteDuration) writer.float64(0xcb, totalSeconds(checkedDuration(value, path)));
  else if (isList(value)) {
    writeCount(writer, value.length, { few: 0x90, many: 0xdc });
    const items = schema?.items;
    for (const [index, item] of value.entries()) write(writer, item, { path: `${path}[${index}]`, schema: items, depth: depth + 1 });
  } else writeMapping(writer, value, place);
}

function writeMapping(writer: Writer, value: NativeValue, { path, schema, depth }: Place): void {
  const entries = entriesOf(value);
  if (entries === undefined) throw invalid(path, `expected text, numbers, lists and mappings, got ${valueName(value)}`);
  writeCount(writer, entries.length, { few: 0x80, many: 0xde });
  for (const [key, item] of entries) {
    if (typeof key === 'object' && key !== null && !(key instanceof Uint8Array))
      throw invalid(path, `expected texts or numbers as keys, got ${valueName(key)}`);
    const name = String(key);
    write(writer, key, { path: `${path} (a key)`, schema: undefined, depth });
    write(writer, item, { path: `${path}.${name}`, schema: schema?.property(name), depth: depth + 1 });
  }
}

/** How many items follow. */
function writeCount(writer: Writer, count: number, { few, many }: { readonly few: number; readonly many: number }): void {
  if (count <= 15) writer.mark(few | count);
  else if (count <= 0xffff) writer.unsigned(many, count, 2);
  else writer.unsigned(many + 1, count, 4);
}

function writeText(writer: Writer, text: string, path: string): void {
  const bytes = Buffer.from(checkedText(text, path));
  const length = bytes.byteLength;
  if (length <= 31) writer.mark(0xa0 | length);
  else if (length <= 0xff) writer.unsigned(0xd9, length, 1);
  else if (length <= 0xffff) writer.unsigned(0xda, length, 2);
  else writer.unsigned(0xdb, length, 4);
  writer.append(bytes);
}

function writeBytes(writer: Writer, bytes: Uint8Array): void {
  const length = bytes.byteLength;
  if (length <= 0xff) writer.unsigned(0xc4, length, 1);
  else if (length <= 0xffff) writer.unsigned(0xc5, length, 2);
  else writer.unsigned(0xc6, length, 4);
  writer.append(bytes);
}

function writeNumber(writer: Writer, value: number | bigint, { path, schema }: Place): void {
  const double = Number(value);
  if (schema?.isFloat === true) {
    if (typeof value === 'bigint' && BigInt(double) !== value) throw invalid(path, `expected a float, got ${value}, which is none exactly`);
    writer.float64(0xcb, double);
  } else if (Number.isSafeInteger(double) && !Object.is(double, -0)) writeInteger(writer, double);
  else if (typeof value === 'number') writer.float64(0xcb, value);
  else if (BigInt.asUintN(64, value) === value) writer.unsigned64(0xcf, value);
  else if (BigInt.asIntN(64, value) === value) writer.signed64(0xd3, value);
  else throw invalid(path, `expected an integer of 64 bits, got ${value}`);
}

function writeInteger(writer: Writer, value: number): void {
  if (value >= 0) {
    if (value <= 0x7f) writer.mark(value);
    else if (value <= 0xff) writer.unsigned(0xcc, value, 1);
    else if (value <= 0xffff) writer.unsigned(0xcd, value, 2);
    else if (value <= 0xffff_ffff) writer.unsigned(0xce, value, 4);
    else writer.unsigned64(0xcf, BigInt(value));
  } else if (value >= -0x20) writer.mark(0x100 + value);
  else if (value >= -0x80) writer.signed(0xd0, value, 1);
  else if (value >= -0x8000) writer.signed(0xd1, value, 2);
  else if (value >= -0x8000_0000) writer.signed(0xd2, value, 4);
  else writer.signed64(0xd3, BigInt(value));
}
