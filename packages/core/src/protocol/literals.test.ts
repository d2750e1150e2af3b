import { create, fromBinary, toBinary, type DescMessage } from '@bufbuild/protobuf';
import * as flyte1 from '@flyte-agents/proto/flyte1';
import * as flyte2 from '@flyte-agents/proto/flyte2';
import { describe, expect, test } from 'vitest';
import { literal, random, text } from '../__fixtures__/generate.ts';
import { literalCases } from '../__fixtures__/golden.ts';
import { FlyteDatetime, FlyteDuration, type JsonObject, type Literal } from '../literals/model.ts';
import { encodeLiterals, fromMapMessage, lazyInputs, toMapMessage, toOutputsMessage } from './literals.ts';
import { toStruct } from './types.ts';

function decodeOne(message: flyte1.Literal): Literal {
  const value = fromMapMessage(create(flyte1.LiteralMapSchema, { literals: { x: message } })).get('x');
  if (value === undefined) throw new Error('no x');
  return value;
}

function encodeOne(value: Literal): flyte1.Literal {
  const message = toMapMessage({ x: value }).literals['x'];
  if (message === undefined) throw new Error('no x');
  return message;
}

/** The message without what is no part of the value: cache hashes, SDK notes, what types say beyond their tag. */
function valueOnly(message: flyte1.Literal): flyte1.Literal {
  message.hash = '';
  message.metadata = {};
  const { value } = message;
  if (value.case === 'offloadedMetadata') delete value.value.inferredType;
  if (value.case === 'collection') value.value.literals.forEach(valueOnly);
  if (value.case === 'map') Object.values(value.value.literals).forEach(valueOnly);
  if (value.case === 'scalar' && value.value.value.case === 'union') {
    const { type, value: inner } = value.value.value.value;
    if (inner !== undefined) valueOnly(inner);
    if (type?.structure !== undefined) type.structure.dataclassType = {};
  }
  return message;
}

const valueless = 'hand-empty-literal';

describe('golden literals', () => {
  test.each(literalCases.filter(({ name }) => name !== valueless))(
    '$protocol $name comes back as it was, with the same bytes',
    ({ literal: bytes }) => {
      const message = valueOnly(fromBinary(flyte1.LiteralSchema, bytes));
      const back = encodeOne(decodeOne(message));
      expect(Buffer.from(toBinary(flyte1.LiteralSchema, back)).equals(toBinary(flyte1.LiteralSchema, message))).toBe(true);
    },
  );

  test('a literal without a value names the variable', () => {
    const empty = fromBinary(flyte1.LiteralSchema, literalCases.find(({ name }) => name === valueless)?.literal ?? Uint8Array.of(0));
    const message = create(flyte1.LiteralMapSchema, { literals: { threshold: empty } });
    expect(() => fromMapMessage(message)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: 'value threshold: expected a value, got a literal without one' }),
    );
  });
});

describe('literals of the model', () => {
  test('come back from their messages as they were', () => {
    for (let seed = 0; seed < 500; seed++) {
      const next = random(seed);
      const values = { [text(next)]: literal(next, { stored: false }), [text(next)]: literal(next, { stored: false }) };
      const back = fromMapMessage(fromBinary(flyte1.LiteralMapSchema, encodeLiterals(values)));
      expect(Object.fromEntries(back), `seed ${seed}`).toEqual(values);
    }
  });

  test('C20: have the bytes of Flyte 2’s literals and named outputs', () => {
    for (let seed = 0; seed < 100; seed++) {
      const next = random(seed);
      const values = { a: literal(next, { stored: false }), __proto__x: literal(next, { stored: false }) };
      const bytes = encodeLiterals(values);
      const outputs = fromBinary(flyte2.OutputsSchema, bytes);
      expect(outputs.literals.map(({ name }) => name)).toEqual(['a', '__proto__x']);
      expect(fromMapMessage(fromBinary(flyte1.LiteralMapSchema, toBinary(flyte2.OutputsSchema, outputs)))).toEqual(
        new Map(Object.entries(values)),
      );
    }
  });
});

describe('C14: the key __proto__', () => {
  const pairs: Record<string, Literal> = Object.fromEntries([
    ['__proto__', { kind: 'string', value: 'kept' }] as const,
    ['constructor', { kind: 'none' }] as const,
  ]);

  test('as an input’s name is a name', () => {
    const inputs = lazyInputs(encodeLiterals(pairs));
    expect([...inputs.literals.keys()]).toEqual(['__proto__', 'constructor']);
    expect(inputs.string('__proto__')).toBe('kept');
  });

  test('in a map is a key, and changes no object', () => {
    const map: Literal = { kind: 'map', entries: new Map(Object.entries(pairs)) };
    expect(decodeOne(fromBinary(flyte1.LiteralSchema, toBinary(flyte1.LiteralSchema, encodeOne(map))))).toStrictEqual(map);
    expect(Object.hasOwn(Object.prototype, 'kind')).toBe(false);
    expect({}).not.toHaveProperty('value');
  });

  test('in a struct is a key', () => {
    const generic: Literal = { kind: 'generic', value: JSON.parse('{"__proto__":{"x":1}}') };
    const back = decodeOne(fromBinary(flyte1.LiteralSchema, toBinary(flyte1.LiteralSchema, encodeOne(generic))));
    expect(back.kind === 'generic' && JSON.stringify(back.value)).toBe('{"__proto__":{"x":1}}');
  });
});

function nested(depth: number, kind: 'collection' | 'map' | 'union'): Literal {
  let value: Literal = { kind: 'none' };
  for (let i = 0; i < depth; i++) {
    if (kind === 'collection') value = { kind, items: [value] };
    if (kind === 'map') value = { kind, entries: new Map([['k', value]]) };
    if (kind === 'union') value = { kind, value, type: { kind: 'simple', simple: 'NONE' } };
  }
  return value;
}

/** A literal that is so many lists deep. */
function nestedMessage(depth: number): flyte1.Literal {
  let message = create(flyte1.LiteralSchema, { value: { case: 'scalar', value: { value: { case: 'noneType', value: {} } } } });
  for (let i = 0; i < depth; i++) message = create(flyte1.LiteralSchema, { value: { case: 'collection', value: { literals: [message] } } });
  return message;
}

describe('a value', () => {
  test.each(['collection', 'map', 'union'] as const)('nested 64 %ss deep is read, and one deeper is refused by name', (kind) => {
    expect(decodeOne(encodeOne(nested(64, kind)))).toEqual(nested(64, kind));
    expect(() => encodeOne(nested(65, kind))).toThrow(/^output x.*: expected at most 64 levels of nesting, got more$/);
  });

  test.each(['collection', 'map', 'union'] as const)('nested 64 %ss deep is read from bytes, and sent in an answer', (kind) => {
    const value = nested(64, kind);
    expect(lazyInputs(encodeLiterals({ x: value })).literals.get('x')).toEqual(value);
    expect(fromMapMessage(toOutputsMessage(flyte1.LiteralMapSchema, { x: value })).get('x')).toEqual(value);
  });

  test('whose struct is nested 64 levels deep is read, and one deeper is refused by name', () => {
    const struct = (depth: number): JsonObject => (depth === 0 ? {} : { a: struct(depth - 1) });
    const sent = (depth: number): Uint8Array =>
      toBinary(
        flyte1.LiteralMapSchema,
        create(flyte1.LiteralMapSchema, {
          literals: { x: { value: { case: 'scalar', value: { value: { case: 'generic', value: toStruct(struct(depth)) } } } } },
        }),
      );
    expect(lazyInputs(sent(64)).literals.get('x')).toEqual({ kind: 'generic', value: struct(64) });
    expect(() => lazyInputs(sent(65)).literals).toThrow('input x: expected at most 64 levels of nesting, got more');
  });

  test('nested deeper by the sender is refused by name', () => {
    expect(() => decodeOne(nestedMessage(65))).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/^value x\[0\].*: expected at most 64 levels of nesting, got more$/),
      }),
    );
  });

  test.each<[string, Literal]>([
    ['an integer of 64 bits', { kind: 'integer', value: 2n ** 63n }],
    ['an integer of 64 bits', { kind: 'integer', value: -(2n ** 63n) - 1n }],
    ['a point in time', { kind: 'datetime', value: new FlyteDatetime(253_402_300_800n) }],
    ['a point in time', { kind: 'datetime', value: new FlyteDatetime(-62_135_596_801n) }],
    ['a point in time', { kind: 'datetime', value: new FlyteDatetime(0n, -1) }],
    ['a length of time', { kind: 'duration', value: new FlyteDuration(1n, -1) }],
    ['a length of time', { kind: 'duration', value: new FlyteDuration(315_576_000_001n) }],
  ])('that is not %s is refused by name, not sent: %o', (what, value) => {
    expect(() => encodeLiterals({ list: { kind: 'collection', items: [{ kind: 'none' }, value] } })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(`output list[1]: expected ${what}`) }),
    );
  });

  test.each<[string, flyte1.Primitive['value']]>([
    ['a point in time', { case: 'datetime', value: { $typeName: 'google.protobuf.Timestamp', seconds: 2n ** 62n, nanos: 0 } }],
    ['a length of time', { case: 'duration', value: { $typeName: 'google.protobuf.Duration', seconds: -1n, nanos: 1 } }],
    ['a value', { case: undefined }],
  ])('that is not %s is refused by name when it comes', (what, value) => {
    const message = create(flyte1.LiteralSchema, { value: { case: 'scalar', value: { value: { case: 'primitive', value: { value } } } } });
    expect(() => decodeOne(message)).toThrow(`value x: expected ${what}`);
  });

  test.each<[string, flyte1.Scalar['value']]>([
    ['a value, got a literal without one', { case: undefined }],
    ['a value and its type, got a union without them', { case: 'union', value: create(flyte1.UnionSchema) }],
  ])('that is not %s is refused by name', (why, value) => {
    expect(() => decodeOne(create(flyte1.LiteralSchema, { value: { case: 'scalar', value: { value } } }))).toThrow(
      `value x: expected ${why}`,
    );
  });

  test('that is false, zero or empty is there', () => {
    for (const value of [
      { kind: 'boolean', value: false },
      { kind: 'integer', value: 0n },
      { kind: 'string', value: '' },
    ] as const)
      expect(decodeOne(fromBinary(flyte1.LiteralSchema, toBinary(flyte1.LiteralSchema, encodeOne(value))))).toEqual(value);
  });
});

describe('inputs', () => {
  test('that are absent or empty are none', () => {
    for (const bytes of [undefined, new Uint8Array()]) expect(lazyInputs(bytes).literals.size).toBe(0);
  });

  test('know their size without being decoded, and say what is wrong when they are', () => {
    const inputs = lazyInputs(Uint8Array.of(0x0a, 0xff));
    expect(inputs.byteLength).toBe(2);
    expect(() => inputs.literals).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: 'the inputs of the task are not an encoded map of literals' }),
    );
  });

  test('nested so deep that reading them would overflow the stack are refused', () => {
    // Every level is a list in a literal, four bytes; sizes are right for a while and wrong then: the reader recurses first.
    let bytes = new Uint8Array();
    for (let i = 0; i < 3000; i++) {
      const list = wrapped(0x0a, bytes);
      bytes = wrapped(0x12, list);
    }
    const entry = Buffer.concat([Uint8Array.of(0x0a, 1, 0x78), wrapped(0x12, bytes)]);
    expect(() => lazyInputs(wrapped(0x0a, entry)).literals).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  test('R3: outputs that the engine’s client could not take are refused before they are sent', () => {
    const message = toOutputsMessage(flyte1.LiteralMapSchema, { x: { kind: 'string', value: 'x'.repeat(4_000_000) } });
    expect(toBinary(flyte1.LiteralMapSchema, message).byteLength).toBeLessThan(4 * 1024 * 1024);
    expect(() => toOutputsMessage(flyte1.LiteralMapSchema, { x: { kind: 'string', value: 'x'.repeat(4_150_000) } })).toThrow(
      /^the outputs have 41\d{5} bytes, the engine takes at most 4128768/,
    );
  });
});

/** A length-delimited field. */
function wrapped(tag: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const length: number[] = [];
  for (let left = content.byteLength; ; left = Math.floor(left / 128)) {
    if (left < 128) {
      length.push(left);
      break;
    }
    length.push((left % 128) + 128);
  }
  return Uint8Array.from(Buffer.concat([Uint8Array.of(tag, ...length), content]));
}

/** What of a message goes over the wire: every field's number and kind, all the way down. */
function shapeOf(message: DescMessage, prefix: string, seen: ReadonlySet<string> = new Set()): readonly string[] {
  if (seen.has(message.typeName)) return [];
  const inside = new Set([...seen, message.typeName]);
  return message.fields.flatMap((field) => {
    const path = `${prefix}/${field.number}:${field.fieldKind}`;
    return field.message === undefined ? [path] : [path, ...shapeOf(field.message, path, inside)];
  });
}

test('C20: Flyte 2’s literals have every field of Flyte 1’s at the same place, so that one codec reads both', () => {
  const ofFlyte2 = new Set(shapeOf(flyte2.LiteralSchema, ''));
  // A map of literals in Flyte 1, and the same in Flyte 2.
  const missing = shapeOf(flyte1.LiteralSchema, '').filter((path) => !ofFlyte2.has(path));
  expect(missing).toEqual([]);
});
