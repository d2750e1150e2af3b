import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import * as flyte1 from '@flyte-agents/proto/flyte1';
import * as flyte2 from '@flyte-agents/proto/flyte2';
import { describe, expect, test } from 'vitest';
import { literalCases } from '../__fixtures__/golden.ts';
import type { LiteralType } from '../literals/model.ts';
import { fromTypeMessage, toTypeMessage } from './types.ts';

/** The message without what the model leaves out: the fields of a dataclass. */
function known(message: flyte1.LiteralType): flyte1.LiteralType {
  if (message.structure !== undefined) message.structure.dataclassType = {};
  const { type } = message;
  if (type.case === 'collectionType' || type.case === 'mapValueType') known(type.value);
  if (type.case === 'unionType') type.value.variants.forEach(known);
  return message;
}

const typeCases = literalCases.flatMap(({ protocol, name, type }) => (type === undefined ? [] : [{ protocol, name, type }]));

describe('declared types', () => {
  test.each(typeCases)('$protocol $name comes back as it was', ({ type }) => {
    const message = known(fromBinary(flyte1.LiteralTypeSchema, type));
    const read = fromTypeMessage(message) ?? { kind: 'simple', simple: 'ERROR' };
    expect([...toBinary(flyte1.LiteralTypeSchema, toTypeMessage(read))]).toEqual([...toBinary(flyte1.LiteralTypeSchema, message)]);
  });

  test.each<LiteralType>([
    { kind: 'simple', simple: 'DURATION' },
    { kind: 'simple', simple: 'NONE', tag: 'none' },
    { kind: 'collection', items: { kind: 'map', values: { kind: 'simple', simple: 'STRUCT', metadata: { type: 'object' } } } },
    { kind: 'blob', format: 'csv', multipart: true },
    { kind: 'enum', values: ['red', 'blau-ü'] },
    {
      kind: 'dataset',
      format: 'parquet',
      columns: [
        { name: 'a', type: { kind: 'simple', simple: 'INTEGER' } },
        { name: 'b', type: undefined },
      ],
    },
    { kind: 'dataset', format: '', columns: [], externalSchema: { type: 'arrow', bytes: Uint8Array.of(1, 2) } },
    { kind: 'schema', columns: [{ name: 'x', type: 'DATETIME' }] },
    {
      kind: 'union',
      variants: [
        { kind: 'simple', simple: 'INTEGER', tag: 'int' },
        { kind: 'simple', simple: 'NONE', tag: 'none' },
      ],
    },
    { kind: 'simple', simple: 'STRUCT', annotation: { 'cache-key-metadata': { 'serialization-format': 'msgpack' } } },
  ])('C20: %o is the same on both versions of Flyte', (type) => {
    const bytes = toBinary(flyte1.LiteralTypeSchema, toTypeMessage(type));
    expect(fromTypeMessage(fromBinary(flyte1.LiteralTypeSchema, bytes))).toEqual(type);
    expect(fromTypeMessage(fromBinary(flyte2.LiteralTypeSchema, bytes))).toEqual(type);
  });

  test('that say nothing known here are undefined, wherever they are', () => {
    const empty = create(flyte1.LiteralTypeSchema);
    expect(fromTypeMessage(undefined)).toBeUndefined();
    expect(fromTypeMessage(empty)).toBeUndefined();
    expect(fromTypeMessage(create(flyte1.LiteralTypeSchema, { type: { case: 'collectionType', value: empty } }))).toBeUndefined();
    expect(fromTypeMessage(create(flyte1.LiteralTypeSchema, { type: { case: 'mapValueType', value: empty } }))).toBeUndefined();
    expect(fromTypeMessage(create(flyte1.LiteralTypeSchema, { type: { case: 'unionType', value: { variants: [empty] } } }))).toEqual({
      kind: 'union',
      variants: [],
    });
  });

  test('of a later version have the number of an unknown column type', () => {
    const column = create(flyte1.SchemaType_SchemaColumnSchema, { name: 'x' });
    Object.assign(column, { type: 99 });
    const message = create(flyte1.LiteralTypeSchema, { type: { case: 'schema', value: { columns: [column] } } });
    expect(fromTypeMessage(message)).toEqual({ kind: 'schema', columns: [{ name: 'x', type: '99' }] });
  });
});
