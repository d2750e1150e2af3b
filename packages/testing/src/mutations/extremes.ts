import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { StructSchema, ValueSchema } from '@bufbuild/protobuf/wkt';
import {
  CreateTaskRequestSchema,
  LiteralCollectionSchema,
  LiteralMapSchema,
  LiteralSchema,
  TaskTemplateSchema,
} from '@flyte-agents/proto/flyte1';

/** How deep values are in values: just within what readers of protobuf take, and far beyond. */
const depths = [30, 300];
const wide = 2000;
/** The key and value of a map's entry. */
const [entryKey, entryValue] = [1, 2];

/** Groups in groups, which no message has: whoever skips a group of an unknown field goes into it. */
export const groups: Uint8Array = new Uint8Array(wide).fill(0x0b);

/** Requests to create a task that are whole and hard to swallow: deep or wide. @param good what they are made from */
export function extremeRequests(good: Uint8Array): readonly Uint8Array[] {
  const { inputs, template } = CreateTaskRequestSchema.field;
  const { structValue } = ValueSchema.field;
  const custom = [template.number, TaskTemplateSchema.field.custom.number];
  const level = [StructSchema.field.fields.number, entryValue, structValue.number];
  const literal = [inputs.number, LiteralMapSchema.field.literals.number, entryValue];
  const collection = [LiteralSchema.field.collection.number, LiteralCollectionSchema.field.literals.number];
  const config = [template.number, TaskTemplateSchema.field.config.number];
  return [
    groups,
    ...depths.map((depth) => joined(good, nested([...custom, ...repeated(level, depth)], new Uint8Array()))),
    ...depths.map((depth) => joined(good, nested([...literal, ...repeated(collection, depth)], new Uint8Array()))),
    joined(good, ...Array.from({ length: wide }, (_unused, index) => nested(config, text(entryKey, `key ${index}`)))),
    joined(good, ...Array.from({ length: 50 }, () => good)),
  ];
}

/** References that are JSON and hard to swallow. @param good what they are made from */
export function extremeReferences(good: Uint8Array): readonly Uint8Array[] {
  const json = Buffer.from(good).toString();
  const inner = (value: string): string => json.replace(/"(ref|result|pending)":\{/, `"$1":{"extreme":${value},`);
  return [
    '['.repeat(8000),
    `${'['.repeat(4000)}${']'.repeat(4000)}`,
    inner(`${'['.repeat(3000)}${']'.repeat(3000)}`),
    inner(`${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`),
    inner('{"__proto__":{"phase":"SUCCEEDED"},"constructor":{"prototype":{}}}'),
    inner('1e999'),
    json.replace(/"at":\d+/, '"at":-1e308'),
    json.replace(/"v":1/, '"v":2'),
    ' '.repeat(9000),
  ].map((reference) => new TextEncoder().encode(reference));
}

function repeated(fields: readonly number[], times: number): readonly number[] {
  return Array.from({ length: times }, () => fields).flat();
}

/** A message in a field of a message, from the outermost field on. */
function nested(fields: readonly number[], inner: Uint8Array): Uint8Array {
  return fields.reduceRight<Uint8Array>(
    (bytes, field) => new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(bytes).finish(),
    inner,
  );
}

function text(field: number, value: string): Uint8Array {
  return new BinaryWriter().tag(field, WireType.LengthDelimited).string(value).finish();
}

/** Encoded messages one after the other are their merge. */
function joined(...messages: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(messages));
}
