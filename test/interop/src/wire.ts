import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { scalarName } from './shape.ts';

/** A message as its bytes show it: by field number, maps as the lists of entries that they are. */
interface WireMessage {
  readonly name: string;
  readonly fields: () => readonly WireField[];
}

interface WireField {
  readonly name: string;
  readonly number: number;
  /** `repeated string`, `message`, … */
  readonly type: string;
  readonly message: WireMessage | undefined;
  readonly enum: DescEnum | undefined;
}

/**
 * Where the bytes of two message types differ, at any depth: fields and enum values that only one knows, and fields with another
 * name or type. The types' own names do not matter.
 */
export function wireDifferences(before: DescMessage, after: DescMessage): string[] {
  const differences = new Set<string>();
  const compared = new Set<string>();
  const compareMessages = (left: WireMessage, right: WireMessage): void => {
    const pair = `${left.name} ${right.name}`;
    if (compared.has(pair)) return;
    compared.add(pair);
    const rightFields = new Map(right.fields().map((field) => [field.number, field]));
    for (const field of left.fields()) {
      const counterpart = rightFields.get(field.number);
      rightFields.delete(field.number);
      if (counterpart === undefined) differences.add(`${left.name}: only here ${fieldText(field)}`);
      else compareFields(field, counterpart, `${left.name} and ${right.name}`);
    }
    for (const field of rightFields.values()) differences.add(`${right.name}: only here ${fieldText(field)}`);
  };
  const compareFields = (left: WireField, right: WireField, where: string): void => {
    if (fieldText(left) !== fieldText(right)) differences.add(`${where}: ${fieldText(left)} and ${fieldText(right)}`);
    if (left.message !== undefined && right.message !== undefined) compareMessages(left.message, right.message);
    if (left.enum !== undefined && right.enum !== undefined) compareEnums(left.enum, right.enum);
  };
  const compareEnums = (left: DescEnum, right: DescEnum): void => {
    const leftValues = left.values.map(({ name, number }) => `${name} = ${number}`);
    const rightValues = right.values.map(({ name, number }) => `${name} = ${number}`);
    for (const value of leftValues) if (!rightValues.includes(value)) differences.add(`${left.typeName}: only here ${value}`);
    for (const value of rightValues) if (!leftValues.includes(value)) differences.add(`${right.typeName}: only here ${value}`);
  };
  compareMessages(wireMessage(before), wireMessage(after));
  return [...differences].toSorted();
}

function fieldText({ name, number, type }: WireField): string {
  return `${type} ${name} = ${number}`;
}

function wireMessage(message: DescMessage): WireMessage {
  return { name: message.typeName, fields: () => message.fields.map(wireField) };
}

function wireField(field: DescField): WireField {
  const { name, number } = field;
  if (field.fieldKind === 'map') return { name, number, type: 'repeated message', message: mapEntry(field), enum: undefined };
  const label = field.fieldKind !== 'list' ? '' : field.packed ? 'repeated packed ' : 'repeated ';
  return { name, number, ...wireValue(field), type: `${label}${wireValue(field).type}` };
}

function mapEntry(field: DescField & { fieldKind: 'map' }): WireMessage {
  const key: WireField = { name: 'key', number: 1, type: scalarName(field.mapKey), message: undefined, enum: undefined };
  return { name: `${field.parent.typeName}.${field.name}`, fields: () => [key, { name: 'value', number: 2, ...wireValue(field) }] };
}

function wireValue({ scalar, enum: enumType, message }: DescField): Pick<WireField, 'type' | 'message' | 'enum'> {
  const type = scalar !== undefined ? scalarName(scalar) : enumType !== undefined ? 'enum' : 'message';
  return { type, message: message && wireMessage(message), enum: enumType };
}
