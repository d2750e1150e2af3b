import { create, fromBinary, toBinary, type MessageInitShape } from '@bufbuild/protobuf';
import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt';
import {
  LiteralMapSchema,
  LiteralSchema,
  type Literal as LiteralMessage,
  type LiteralMap as LiteralMapMessage,
  type Primitive,
  type PrimitiveSchema,
  type Scalar,
  type ScalarSchema,
} from '@flyte-agents/proto/flyte1';
import { AgentError } from '../errors.ts';
import { Inputs } from '../literals/inputs.ts';
import { FlyteDatetime, FlyteDuration, type Literal, type LiteralMap } from '../literals/model.ts';
import {
  fromColumns,
  fromSchemaColumns,
  fromStruct,
  fromTypeMessage,
  toColumns,
  toDimensionality,
  toSchemaColumns,
  toStruct,
  toTypeMessage,
} from './types.ts';

/**
 * Flyte 1's literal messages and the model, both ways. Flyte 2's literals, and its lists of named inputs and outputs, have
 * the same bytes (a test compares the descriptors), so that its adapter comes here too.
 */

/** Nested deeper than this, a value is refused: reading it recurses. */
const deepest = 64;
const emptyInputs = Inputs.of(new Map());

/** Inputs that are decoded on the first read. @param bytes an encoded LiteralMap, or Flyte 2's Inputs */
export function lazyInputs(bytes: Uint8Array | undefined): Inputs {
  if (bytes === undefined || bytes.byteLength === 0) return emptyInputs;
  return new Inputs(bytes.byteLength, () => fromMapMessage(decode(bytes)));
}

function decode(bytes: Uint8Array): LiteralMapMessage {
  try {
    return fromBinary(LiteralMapSchema, bytes);
  } catch (error) {
    throw new AgentError({ code: 'INVALID_ARGUMENT', message: 'the inputs of the task are not an encoded map of literals', cause: error });
  }
}

/** Named literals out of a message. */
export function fromMapMessage(message: LiteralMapMessage): LiteralMap {
  return new Map(Object.entries(message.literals).map(([name, literal]) => [name, fromMessage(literal, name)]));
}

/** Named literals as a message. */
export function toMapMessage(literals: Readonly<Record<string, Literal>>): LiteralMapMessage {
  const entries = Object.entries(literals).map(([name, literal]) => [name, create(LiteralSchema, { value: toValue(literal) })] as const);
  return create(LiteralMapSchema, { literals: Object.fromEntries(entries) });
}

/** Named literals as the bytes of a LiteralMap, which are those of Flyte 2's Outputs too. */
export function encodeLiterals(literals: Readonly<Record<string, Literal>>): Uint8Array {
  return toBinary(LiteralMapSchema, toMapMessage(literals));
}

function fromMessage({ value }: LiteralMessage, path: string, depth: number = 0): Literal {
  if (depth > deepest) throw invalid(path, `is nested deeper than ${deepest} levels`);
  switch (value.case) {
    case 'scalar':
      return fromScalar(value.value, path, depth);
    case 'collection':
      return { kind: 'collection', items: value.value.literals.map((item, index) => fromMessage(item, `${path}[${index}]`, depth + 1)) };
    case 'map': {
      const entries = Object.entries(value.value.literals);
      return { kind: 'map', entries: new Map(entries.map(([key, item]) => [key, fromMessage(item, `${path}.${key}`, depth + 1)])) };
    }
    case 'offloadedMetadata':
      return { kind: 'offloaded', uri: value.value.uri, sizeBytes: value.value.sizeBytes };
    default:
      throw invalid(path, 'has no value');
  }
}

function fromScalar({ value }: Scalar, path: string, depth: number): Literal {
  switch (value.case) {
    case 'primitive':
      return fromPrimitive(value.value, path);
    case 'noneType':
      return { kind: 'none' };
    case 'blob': {
      const { format = '', dimensionality } = value.value.metadata?.type ?? {};
      return { kind: 'blob', uri: value.value.uri, format, multipart: dimensionality === toDimensionality(true) };
    }
    case 'structuredDataset': {
      const type = value.value.metadata?.structuredDatasetType;
      return { kind: 'dataset', uri: value.value.uri, format: type?.format ?? '', columns: fromColumns(type) };
    }
    case 'schema':
      return { kind: 'schema', uri: value.value.uri, columns: fromSchemaColumns(value.value.type) };
    case 'binary':
      return { kind: 'binary', tag: value.value.tag, value: value.value.value };
    case 'generic':
      return { kind: 'generic', value: fromStruct(value.value) };
    case 'error':
      return { kind: 'error', failedNodeId: value.value.failedNodeId, message: value.value.message };
    case 'union': {
      const type = fromTypeMessage(value.value.type);
      if (value.value.value === undefined || type === undefined) throw invalid(path, 'is a union without a value or a type');
      return { kind: 'union', value: fromMessage(value.value.value, path, depth + 1), type };
    }
    default:
      throw invalid(path, 'has no value');
  }
}

function fromPrimitive({ value }: Primitive, path: string): Literal {
  switch (value.case) {
    case 'integer':
      return { kind: 'integer', value: value.value };
    case 'floatValue':
      return { kind: 'float', value: value.value };
    case 'stringValue':
      return { kind: 'string', value: value.value };
    case 'boolean':
      return { kind: 'boolean', value: value.value };
    case 'datetime':
      return { kind: 'datetime', value: fromTimestamp(value.value) };
    case 'duration':
      return { kind: 'duration', value: new FlyteDuration(value.value.seconds, value.value.nanos) };
    default:
      throw invalid(path, 'has no value');
  }
}

/** A point in time out of a protobuf Timestamp. */
export function fromTimestamp({ seconds, nanos }: Timestamp): FlyteDatetime {
  return new FlyteDatetime(seconds, nanos);
}

/** A length of time out of a protobuf Duration. */
export function fromDuration({ seconds, nanos }: Duration): FlyteDuration {
  return new FlyteDuration(seconds, nanos);
}

type LiteralValue = NonNullable<MessageInitShape<typeof LiteralSchema>['value']>;
type ScalarValue = NonNullable<MessageInitShape<typeof ScalarSchema>['value']>;
type PrimitiveValue = NonNullable<MessageInitShape<typeof PrimitiveSchema>['value']>;

function toValue(literal: Literal): LiteralValue {
  switch (literal.kind) {
    case 'integer':
      return primitive({ case: 'integer', value: literal.value });
    case 'float':
      return primitive({ case: 'floatValue', value: literal.value });
    case 'string':
      return primitive({ case: 'stringValue', value: literal.value });
    case 'boolean':
      return primitive({ case: 'boolean', value: literal.value });
    case 'datetime':
      return primitive({ case: 'datetime', value: { seconds: literal.value.seconds, nanos: literal.value.nanos } });
    case 'duration':
      return primitive({ case: 'duration', value: { seconds: literal.value.seconds, nanos: literal.value.nanos } });
    case 'none':
      return scalar({ case: 'noneType', value: {} });
    case 'blob': {
      const type = { format: literal.format, dimensionality: toDimensionality(literal.multipart) };
      return scalar({ case: 'blob', value: { uri: literal.uri, metadata: { type } } });
    }
    case 'dataset': {
      const structuredDatasetType = { format: literal.format, columns: toColumns(literal.columns) };
      return scalar({ case: 'structuredDataset', value: { uri: literal.uri, metadata: { structuredDatasetType } } });
    }
    case 'schema':
      return scalar({ case: 'schema', value: { uri: literal.uri, type: { columns: toSchemaColumns(literal.columns) } } });
    case 'binary':
      return scalar({ case: 'binary', value: { tag: literal.tag, value: literal.value } });
    case 'generic':
      return scalar({ case: 'generic', value: toStruct(literal.value) });
    case 'error':
      return scalar({ case: 'error', value: { failedNodeId: literal.failedNodeId, message: literal.message } });
    case 'union':
      return scalar({ case: 'union', value: { value: { value: toValue(literal.value) }, type: toTypeMessage(literal.type) } });
    case 'collection':
      return { case: 'collection', value: { literals: literal.items.map((item) => ({ value: toValue(item) })) } };
    case 'map': {
      const literals = Object.fromEntries([...literal.entries].map(([key, item]) => [key, { value: toValue(item) }]));
      return { case: 'map', value: { literals } };
    }
    case 'offloaded':
      return { case: 'offloadedMetadata', value: { uri: literal.uri, sizeBytes: literal.sizeBytes } };
  }
}

function scalar(value: ScalarValue): LiteralValue {
  return { case: 'scalar', value: { value } };
}

function primitive(value: PrimitiveValue): LiteralValue {
  return scalar({ case: 'primitive', value: { value } });
}

function invalid(path: string, what: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message: `value ${path} ${what}` });
}
