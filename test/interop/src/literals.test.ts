import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { LiteralMapSchema, LiteralSchema, LiteralTypeSchema, type Literal } from '@flyte-agents/proto/flyte1';
import {
  CreateTaskRequestSchema,
  InputsSchema,
  LiteralMapSchema as LiteralMap2Schema,
  LiteralSchema as Literal2Schema,
  LiteralTypeSchema as LiteralType2Schema,
  OutputsSchema,
  TaskTemplateSchema,
} from '@flyte-agents/proto/flyte2';
import { describe, expect, test } from 'vitest';
import { wireDifferences } from './wire.ts';

describe("Flyte 2's literals have Flyte 1's bytes", () => {
  const entry = 'flyteidl.core.LiteralMap.literals and flyteidl2.task.NamedLiteral: string key = 1 and string name = 1';
  const cases = [
    { before: LiteralSchema, after: Literal2Schema, differences: [] },
    { before: LiteralTypeSchema, after: LiteralType2Schema, differences: [] },
    { before: LiteralMapSchema, after: LiteralMap2Schema, differences: [] },
    {
      before: LiteralMapSchema,
      after: InputsSchema,
      differences: [entry, 'flyteidl2.task.Inputs: only here repeated message context = 2'],
    },
    { before: LiteralMapSchema, after: OutputsSchema, differences: [entry] },
  ];

  test.for(cases)('$after.typeName is $before.typeName, but for what is listed', ({ before, after, differences }) => {
    expect(wireDifferences(before, after)).toEqual(differences);
  });

  test('the list of named inputs reads as a map of literals', () => {
    const inputs = create(InputsSchema, {
      literals: [
        { name: 'x', value: integer(21n) },
        { name: 'y', value: { value: { case: 'collection', value: { literals: [integer(1n), integer(2n)] } } } },
      ],
      context: [{ key: 'trace', value: 't1' }],
    });
    const { literals } = fromBinary(LiteralMapSchema, toBinary(InputsSchema, inputs));
    expect(Object.keys(literals)).toEqual(['x', 'y']);
    expect(literals['x'] && integerOf(literals['x'])).toBe(21n);
    expect(literals['y']?.value.case === 'collection' && literals['y'].value.value.literals.map(integerOf)).toEqual([1n, 2n]);
  });

  test('a map of literals reads as the list of named outputs', () => {
    const map = create(LiteralMapSchema, {
      literals: { o0: { value: { case: 'scalar', value: { value: { case: 'noneType', value: {} } } } } },
    });
    const { literals } = fromBinary(OutputsSchema, toBinary(LiteralMapSchema, map));
    expect(literals).toMatchObject([{ name: 'o0', value: { value: { case: 'scalar', value: { value: { case: 'noneType' } } } } }]);
  });
});

test('fields of a newer Flyte pass through unread', () => {
  const named = toBinary(TaskTemplateSchema, create(TaskTemplateSchema, { type: 'sensor' }));
  // reuse_policy = 19 and worker_kind = 20 came after the descriptors that were generated.
  const added = new BinaryWriter().tag(19, WireType.LengthDelimited).bytes(Uint8Array.of(8, 1)).tag(20, WireType.Varint).int32(1).finish();
  const request = new BinaryWriter()
    .tag(2, WireType.LengthDelimited)
    .bytes(Buffer.concat([named, added]))
    .finish();
  const read = fromBinary(CreateTaskRequestSchema, request);
  expect(read.template?.type).toBe('sensor');
  expect(Buffer.from(toBinary(CreateTaskRequestSchema, read))).toEqual(Buffer.from(request));
});

function integer(value: bigint): MessageInitShape<typeof Literal2Schema> {
  return { value: { case: 'scalar', value: { value: { case: 'primitive', value: { value: { case: 'integer', value } } } } } };
}

function integerOf({ value: literal }: Literal): bigint | undefined {
  if (literal.case !== 'scalar' || literal.value.value.case !== 'primitive') return undefined;
  const { value: primitive } = literal.value.value.value;
  return primitive.case === 'integer' ? primitive.value : undefined;
}
