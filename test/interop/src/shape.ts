import {
  ScalarType,
  type DescEnum,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescMethod,
  type DescService,
} from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';

/** What descriptors say about bytes and JSON: of each element, by its full name, one line of text. */
export type Shape = ReadonlyMap<string, string>;

type Line = readonly [name: string, meaning: string];

/** The shape of all messages, fields, enums, enum values, services and methods of some files. */
export function shapeOf(files: readonly DescFile[]): Shape {
  return new Map(
    files.flatMap((file) => [
      ...file.messages.flatMap(messageLines),
      ...file.enums.flatMap(enumLines),
      ...file.services.flatMap(serviceLines),
    ]),
  );
}

/** A file and all that it imports, without what is Google's and Buf's own: the well-known types, and the options. */
export function closure(root: DescFile): DescFile[] {
  const files = new Map<string, DescFile>();
  const add = (file: DescFile): void => {
    if (files.has(file.name) || /^(?:google|buf|protoc-gen-openapiv2)\//.test(file.name)) return;
    files.set(file.name, file);
    file.dependencies.forEach(add);
  };
  add(root);
  return [...files.values()];
}

/** A scalar type's name in .proto files. */
export function scalarName(type: ScalarType): string {
  return ScalarType[type].toLowerCase();
}

function messageLines(message: DescMessage): Line[] {
  return [
    [message.typeName, 'message'],
    ...message.fields.map((field): Line => [`${message.typeName}.${field.name}`, fieldMeaning(field)]),
    ...message.nestedMessages.flatMap(messageLines),
    ...message.nestedEnums.flatMap(enumLines),
  ];
}

function fieldMeaning(field: DescField): string {
  const oneof = field.oneof === undefined ? '' : `, in oneof ${field.oneof.name}`;
  return `${fieldType(field)} = ${field.number}, ${FeatureSet_FieldPresence[field.presence]}, JSON ${field.jsonName}${oneof}`;
}

function fieldType(field: DescField): string {
  if (field.fieldKind === 'list') return `repeated ${elementType(field)}${field.packed ? ' packed' : ''}`;
  if (field.fieldKind === 'map') return `map<${scalarName(field.mapKey)}, ${elementType(field)}>`;
  return elementType(field);
}

function elementType({ scalar, enum: enumType, message }: DescField): string {
  if (scalar !== undefined) return scalarName(scalar);
  return enumType?.typeName ?? message?.typeName ?? '';
}

function enumLines(type: DescEnum): Line[] {
  const values = type.values.map((value): Line => [`${type.typeName}.${value.name}`, `enum value ${value.number}`]);
  return [[type.typeName, type.open ? 'open enum' : 'closed enum'], ...values];
}

function serviceLines(service: DescService): Line[] {
  return [
    [service.typeName, 'service'],
    ...service.methods.map((method): Line => [`${service.typeName}.${method.name}`, methodMeaning(method)]),
  ];
}

function methodMeaning({ methodKind, input, output }: DescMethod): string {
  return `${methodKind} method (${input.typeName}) returns (${output.typeName})`;
}
