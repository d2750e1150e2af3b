import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { CreateTaskRequestSchema, LiteralMapSchema } from '@flyte-agents/proto/flyte1';
import { describe, expect, test } from 'vitest';
import { below, literal, random, text } from '../__fixtures__/generate.ts';
import { cutField } from './fields.ts';
import { toMapMessage } from './literals.ts';

const inputs = 1;

/** A request whose fields lie in any order, some more than once, some unknown: all that protobuf allows. */
function randomRequest(seed: number): Uint8Array {
  const next = random(seed);
  const map = (): Uint8Array => toBinary(LiteralMapSchema, toMapMessage({ [text(next)]: literal(next, { stored: false }) }));
  const writer = new BinaryWriter();
  for (let i = below(next, 7); i > 0; i--) {
    switch (below(next, 6)) {
      case 0:
      case 1:
        writer.tag(inputs, WireType.LengthDelimited).bytes(map());
        break;
      case 2:
        writer.tag(2, WireType.LengthDelimited).bytes(toBinary(CreateTaskRequestSchema, create(CreateTaskRequestSchema)));
        break;
      case 3:
        writer.tag(3, WireType.LengthDelimited).string(text(next));
        break;
      case 4:
        writer.tag(90, WireType.Varint).uint32(below(next, 1e6)).tag(91, WireType.Bit64).fixed64(below(next, 1e6));
        break;
      default:
        writer.tag(92, WireType.StartGroup).tag(inputs, WireType.LengthDelimited).string('in a group').tag(92, WireType.EndGroup);
    }
  }
  return writer.finish();
}

describe('a field', () => {
  test('cut off any message leaves what protobuf-es reads of the rest, and is the merge of its repeats', () => {
    for (let seed = 0; seed < 500; seed++) {
      const bytes = randomRequest(seed);
      const whole = fromBinary(CreateTaskRequestSchema, bytes);
      const { field, rest } = cutField(bytes, inputs);
      const [cut, read] = [field && fromBinary(LiteralMapSchema, field), whole.inputs].map(
        (map) => map && [...toBinary(LiteralMapSchema, map)],
      );
      expect(cut, `seed ${seed}`).toEqual(read);
      delete whole.inputs;
      const kept = fromBinary(CreateTaskRequestSchema, rest);
      expect(kept.inputs, `seed ${seed}`).toBeUndefined();
      expect(Buffer.from(toBinary(CreateTaskRequestSchema, kept)), `seed ${seed}`).toEqual(
        Buffer.from(toBinary(CreateTaskRequestSchema, whole)),
      );
    }
  });

  test('that is not there leaves the message as it is', () => {
    const bytes = toBinary(CreateTaskRequestSchema, create(CreateTaskRequestSchema, { outputPrefix: 's3://b' }));
    expect(cutField(bytes, inputs)).toEqual({ field: undefined, rest: bytes });
    expect(cutField(new Uint8Array(), inputs)).toEqual({ field: undefined, rest: new Uint8Array() });
  });

  test('that is there and empty is not absent', () => {
    const bytes = new BinaryWriter().tag(inputs, WireType.LengthDelimited).bytes(new Uint8Array()).finish();
    const { field, rest } = cutField(bytes, inputs);
    expect([field?.byteLength, rest.byteLength]).toEqual([0, 0]);
  });

  test('that comes once is not copied', () => {
    const bytes = new BinaryWriter()
      .tag(inputs, WireType.LengthDelimited)
      .bytes(Uint8Array.of(1, 2, 3))
      .finish();
    expect(cutField(bytes, inputs).field?.buffer).toBe(bytes.buffer);
  });

  test('whose number comes with another wire type stays in the rest', () => {
    const bytes = new BinaryWriter().tag(inputs, WireType.Varint).uint32(5).tag(3, WireType.LengthDelimited).string('x').finish();
    expect(cutField(bytes, inputs)).toEqual({ field: undefined, rest: bytes });
  });

  test.each([
    ['in its tag', Uint8Array.of(0x80)],
    ['before its length', Uint8Array.of(0x0a)],
    ['in its content', Uint8Array.of(0x0a, 5, 1, 2)],
    ['in another field', Uint8Array.of(0x1a, 5, 1, 2)],
    ['in a group', Uint8Array.of(0x0b, 0x08, 1)],
    ['with field number 0', Uint8Array.of(0x00, 0x01)],
  ])('of a message that ends %s throws', (_name, bytes) => {
    expect(() => cutField(bytes, inputs)).toThrow(Error);
  });
});
