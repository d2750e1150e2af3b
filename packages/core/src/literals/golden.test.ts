import { fromBinary, toJson as toProtobufJson, type JsonValue as ProtobufJson } from '@bufbuild/protobuf';
import { LiteralMapSchema, LiteralSchema, LiteralTypeSchema } from '@flyte-agents/proto/flyte1';
import { describe, expect, test } from 'vitest';
import { literalCases, namedCases, textCases, type LiteralCase } from '../__fixtures__/golden.ts';
import { fromTagged, toTagged } from '../__fixtures__/tagged.ts';
import { decodeLiteral, lazyInputs, toMapMessage } from '../protocol/literals.ts';
import { fromTypeMessage } from '../protocol/types.ts';
import { toValue } from './decode.ts';
import { toLiteral } from './encode.ts';
import { Inputs } from './inputs.ts';
import type { Literal, LiteralType } from './model.ts';
import { toText } from './text.ts';

/** Golden literals that are no value here, and why. */
const unreadable: ReadonlyMap<string, RegExp> = new Map([
  ['hand-empty-literal', /^x: expected a value, got a literal without one$/],
  ['hand-error', /^x: expected a value, got the error of node n1: boom$/],
  [
    'hand-offloaded-list',
    /^x: is offloaded to s3:\/\/example-bucket\/metadata\/offloaded\/abc \(12345678 bytes\), and there is no object store/,
  ],
  ['hand-binary-without-tag', /^x: expected MessagePack, got untagged binary data, .* pickled Python objects are never read/],
  ['bytes', /^x: expected MessagePack, got untagged binary data, .* pickled Python objects are never read/],
  ['literal-str', /^x: expected MessagePack, got untagged binary data, .* pickled Python objects are never read/],
]);

/** Golden literals whose declared type says something else: what they are is seen when they are asked for as such. */
const givenAsOther = new Set(['hand-float-given-as-integer', 'hand-integer-given-as-float']);

function withLiteral(check: (literal: Literal, each: LiteralCase) => void): (each: LiteralCase) => void {
  return (each) => check(decodeLiteral(each.literal, 'x'), each);
}

describe('golden literals', () => {
  const readable = literalCases.filter(({ name }) => !unreadable.has(name));

  test.each(readable.filter(({ expected, name }) => expected !== undefined && !givenAsOther.has(name)))(
    '$protocol $name is the value that Python gave it',
    withLiteral((literal, { expected }) => {
      expect(toTagged(toValue(literal, 'x'))).toStrictEqual(expected);
    }),
  );

  test.each(literalCases.filter(({ name }) => unreadable.has(name)))('$protocol $name is refused, and says why', ({ name, literal }) => {
    expect(() => toValue(decodeLiteral(literal, 'x'), 'x')).toThrow(unreadable.get(name));
    expect(() => toText(decodeLiteral(literal, 'x'), 'x')).toThrow(unreadable.get(name));
  });

  test('an integer given for a float is one, and a float without a fraction an integer', () => {
    const inputs = Inputs.of(new Map([...givenAsOther].map((name) => [name, decodeLiteral(golden(name).literal, name)])));
    expect(inputs.number('hand-float-given-as-integer')).toBe(3);
    expect(inputs.integer('hand-integer-given-as-float')).toBe(3n);
  });

  test.each(readable.filter(({ text }) => text !== undefined))(
    '$protocol $name reads as Python prints it',
    withLiteral((literal, { text }) => {
      expect(toText(literal, 'x')).toBe(text);
    }),
  );

  test.each(textCases)('$text is what Python prints', ({ literal, text }) => {
    expect(toText(decodeLiteral(literal, 'x'), 'x')).toBe(text);
  });

  test.each(namedCases.filter(({ expected }) => expected !== undefined))('$protocol $name are values by name', ({ bytes, expected }) => {
    const { literals } = lazyInputs(bytes);
    expect(Object.fromEntries([...literals].map(([name, literal]) => [name, toTagged(toValue(literal, name))]))).toStrictEqual(expected);
  });

  test.each(namedCases)('$protocol $name come back as they were', ({ bytes }) => {
    const message = fromBinary(LiteralMapSchema, bytes, { readUnknownFields: false });
    expect(toMapMessage(Object.fromEntries(lazyInputs(bytes).literals))).toEqual(message);
  });
});

const oldStruct = 'old settings of flytekit make a Struct where the type asks for MessagePack';
const hashed = 'the hash and the metadata of a literal are no part of its value';
/** Golden literals that do not come back when their plain value is given for their declared type, and why. */
const changed: ReadonlyMap<string, string> = new Map([
  ['dict-untyped-msgpack', 'an untyped dict does not say which whole numbers are floats: they become integers'],
  ['dict-untyped-struct', oldStruct],
  ['dict-unsafe-int-struct', oldStruct],
  ['dataclass-outer-struct', oldStruct],
  ['pydantic-struct', oldStruct],
  ['hash-on-int', hashed],
  ['hash-on-string', hashed],
  ['hand-hash-and-metadata', hashed],
  ['hand-float-given-as-integer', 'what is declared a float becomes one'],
  ['hand-integer-given-as-float', 'what is declared an integer becomes one'],
]);

describe('plain values, given for the declared type,', () => {
  const cases = literalCases.flatMap((each) => {
    const type = each.type && fromTypeMessage(fromBinary(LiteralTypeSchema, each.type));
    return type === undefined || unreadable.has(each.name) ? [] : [{ ...each, type }];
  });

  test.each(cases.filter(({ name }) => !changed.has(name)))('$protocol $name become the literal that Python made', (each) => {
    expect(encodedAnew(each)).toEqual(asSent(each));
  });

  test.each(cases.filter(({ name }) => changed.has(name)))('$protocol $name become another', (each) => {
    expect(encodedAnew(each)).not.toEqual(asSent(each));
  });

  test('every exception is the name of a golden literal', () => {
    const names = new Set(cases.map(({ name }) => name));
    expect([...changed.keys()].filter((name) => !names.has(name))).toEqual([]);
    expect([...unreadable.keys()].filter((name) => !literalCases.some((each) => each.name === name))).toEqual([]);
  });

  test.each(cases.filter(({ name }) => changed.get(name) === oldStruct))(
    '$protocol $name become the Struct that Python made where the type does not ask for MessagePack',
    (each) => {
      const { metadata: _metadata, ...struct } = asSent(each);
      expect(encodedAnew({ ...each, type: { ...each.type, annotation: undefined } })).toEqual(struct);
    },
  );
});

function golden(name: string): LiteralCase {
  const found = literalCases.find((each) => each.name === name);
  if (found === undefined) throw new Error(`no golden literal ${name}`);
  return found;
}

/** The plain value as an author would write it, where the golden file has it; else what the literal is read as. */
function encodedAnew({ literal, type, expected }: Omit<LiteralCase, 'type'> & { readonly type: LiteralType }): object | undefined {
  const value = expected === undefined ? toValue(decodeLiteral(literal, 'x'), 'x') : fromTagged(expected);
  const message = toMapMessage({ x: toLiteral(value, type, 'x') }).literals['x'];
  return message && toObject(toProtobufJson(LiteralSchema, message));
}

/** The order of keys in messages is free; MessagePack is compared byte by byte. */
function asSent({ literal }: { readonly literal: Uint8Array }): { readonly metadata?: unknown } {
  return toObject(toProtobufJson(LiteralSchema, fromBinary(LiteralSchema, literal)));
}

function toObject(json: ProtobufJson): { readonly metadata?: unknown } {
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {};
}
