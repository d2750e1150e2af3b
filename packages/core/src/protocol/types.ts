import { create, type JsonObject as ProtobufJson, type MessageInitShape } from '@bufbuild/protobuf';
import {
  BlobType_BlobDimensionality,
  LiteralTypeSchema,
  SchemaType_SchemaColumn_SchemaColumnType,
  SimpleType,
  type LiteralType as LiteralTypeMessage,
  StructuredDatasetTypeSchema,
  type StructuredDatasetType,
  type SchemaType,
} from '@flyte-agents/proto/flyte1';
import type * as flyte2 from '@flyte-agents/proto/flyte2';
import type { JsonObject, LiteralType, LiteralTypeShape, SchemaColumn, SimpleType as SimpleName } from '../literals/model.ts';

const simpleNames = new Map<number, SimpleName>(
  (['NONE', 'INTEGER', 'FLOAT', 'STRING', 'BOOLEAN', 'DATETIME', 'DURATION', 'BINARY', 'ERROR', 'STRUCT'] as const).map((name) => [
    SimpleType[name],
    name,
  ]),
);

/** A declared type out of either protocol's message: both have the same fields. `undefined` when it declares nothing that is known here. */
export function fromTypeMessage(message: LiteralTypeMessage | flyte2.LiteralType | undefined): LiteralType | undefined {
  const shape = message && toShape(message);
  if (message === undefined || shape === undefined) return undefined;
  return {
    ...shape,
    ...(message.structure === undefined ? {} : { tag: message.structure.tag }),
    ...(message.metadata === undefined ? {} : { metadata: fromStruct(message.metadata) }),
    ...(message.annotation?.annotations === undefined ? {} : { annotation: fromStruct(message.annotation.annotations) }),
  };
}

function toShape({ type }: LiteralTypeMessage | flyte2.LiteralType): LiteralTypeShape | undefined {
  switch (type.case) {
    case 'simple':
      return { kind: 'simple', simple: simpleNames.get(type.value) ?? 'NONE' };
    case 'collectionType': {
      const items = fromTypeMessage(type.value);
      return items && { kind: 'collection', items };
    }
    case 'mapValueType': {
      const values = fromTypeMessage(type.value);
      return values && { kind: 'map', values };
    }
    case 'blob':
      return { kind: 'blob', format: type.value.format, multipart: type.value.dimensionality === BlobType_BlobDimensionality.MULTIPART };
    case 'enumType':
      return { kind: 'enum', values: type.value.values };
    case 'structuredDatasetType':
      return { kind: 'dataset', ...fromDatasetType(type.value) };
    case 'schema':
      return { kind: 'schema', columns: fromSchemaColumns(type.value) };
    case 'unionType':
      return { kind: 'union', variants: type.value.variants.map(fromTypeMessage).filter((variant) => variant !== undefined) };
    default:
      return undefined;
  }
}

/** A declared type as a message, for the variant of a union. */
export function toTypeMessage(type: LiteralType): LiteralTypeMessage {
  return create(LiteralTypeSchema, {
    type: fromShape(type),
    ...(type.tag === undefined ? {} : { structure: { tag: type.tag } }),
    ...(type.metadata === undefined ? {} : { metadata: toStruct(type.metadata) }),
    ...(type.annotation === undefined ? {} : { annotation: { annotations: toStruct(type.annotation) } }),
  });
}

function fromShape(type: LiteralType): NonNullable<MessageInitShape<typeof LiteralTypeSchema>['type']> {
  switch (type.kind) {
    case 'simple':
      return { case: 'simple', value: SimpleType[type.simple] };
    case 'collection':
      return { case: 'collectionType', value: toTypeMessage(type.items) };
    case 'map':
      return { case: 'mapValueType', value: toTypeMessage(type.values) };
    case 'blob':
      return { case: 'blob', value: { format: type.format, dimensionality: toDimensionality(type.multipart) } };
    case 'enum':
      return { case: 'enumType', value: { values: [...type.values] } };
    case 'dataset':
      return { case: 'structuredDatasetType', value: toDatasetType(type) };
    case 'schema':
      return { case: 'schema', value: { columns: toSchemaColumns(type.columns) } };
    case 'union':
      return { case: 'unionType', value: { variants: type.variants.map(toTypeMessage) } };
  }
}

/** The number of a blob's dimensionality. */
export function toDimensionality(multipart: boolean): BlobType_BlobDimensionality {
  return multipart ? BlobType_BlobDimensionality.MULTIPART : BlobType_BlobDimensionality.SINGLE;
}

/** What is known of a dataset beside where it is. */
type DatasetShape = Omit<Extract<LiteralTypeShape, { readonly kind: 'dataset' }>, 'kind'>;

/** A dataset's format and columns out of its type. */
export function fromDatasetType(type: StructuredDatasetType | flyte2.StructuredDatasetType | undefined): DatasetShape {
  const columns = (type?.columns ?? []).map(({ name, literalType }) => ({ name, type: fromTypeMessage(literalType) }));
  const { format = '', externalSchemaType = '', externalSchemaBytes = new Uint8Array() } = type ?? {};
  if (externalSchemaType === '' && externalSchemaBytes.byteLength === 0) return { format, columns };
  return { format, columns, externalSchema: { type: externalSchemaType, bytes: externalSchemaBytes } };
}

/** A dataset's type. */
export function toDatasetType({ format, columns, externalSchema }: DatasetShape): MessageInitShape<typeof StructuredDatasetTypeSchema> {
  return {
    format,
    columns: columns.map(({ name, type }) => (type === undefined ? { name } : { name, literalType: toTypeMessage(type) })),
    ...(externalSchema && { externalSchemaType: externalSchema.type, externalSchemaBytes: externalSchema.bytes }),
  };
}

const schemaColumnTypes = new Map<number, string>(
  Object.entries(SchemaType_SchemaColumn_SchemaColumnType).map(([name, number]) => [number, name]),
);

/** A schema's columns out of its type. */
export function fromSchemaColumns(type: SchemaType | flyte2.SchemaType | undefined): readonly SchemaColumn[] {
  return (type?.columns ?? []).map((column) => ({ name: column.name, type: schemaColumnTypes.get(column.type) ?? String(column.type) }));
}

/** A schema's columns for its type. */
export function toSchemaColumns(columns: readonly SchemaColumn[]): { name: string; type: SchemaType_SchemaColumn_SchemaColumnType }[] {
  const numbers: Readonly<Record<string, SchemaType_SchemaColumn_SchemaColumnType>> = SchemaType_SchemaColumn_SchemaColumnType;
  return columns.map(({ name, type }) => ({ name, type: numbers[type] ?? SchemaType_SchemaColumn_SchemaColumnType.INTEGER }));
}

/** A protobuf Struct, which protobuf-es gives as JSON, read-only. */
export function fromStruct(struct: ProtobufJson): JsonObject {
  return struct;
}

/** JSON for a protobuf Struct. */
export function toStruct(json: JsonObject): ProtobufJson {
  // The same values; protobuf-es only does not declare them read-only.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return json as ProtobufJson;
}
