import { create, fromBinary, toBinary, type DescMessage, type MessageInitShape, type MessageShape } from '@bufbuild/protobuf';
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
import { invalid } from '../literals/invalid.ts';
import {
  deepestNesting,
  FlyteDatetime,
  FlyteDuration,
  type JsonObject,
  type JsonValue,
  type Literal,
  type LiteralMap,
} from '../literals/model.ts';
import { checkedDatetime, checkedDuration, checkedText } from '../literals/native.ts';
import { toJsonObject } from '../literals/plain-json.ts';
import { hasOffloaded } from './literals-offloaded.ts';
import {
  fromDatasetType,
  fromSchemaColumns,
  fromStruct,
  fromTypeMessage,
  toDatasetType,
  toDimensionality,
  toSchemaColumns,
  toStruct,
  toTypeMessage,
} from './types.ts';

/**
 * Flyte 1's literal messages and the model, both ways. Flyte 2's literals, and its lists of named inputs and outputs, have
 * the same bytes (a test compares the descriptors), so that its adapter comes here too.
 */

/** How deep messages may be in messages: a union in a union is three deeper, and its type and a struct go on from there. */
const recursionLimit = 4 * deepestNesting;
/** What the engine's client takes is 4 MiB; some of it is left for the rest of the answer. */
const largestOutputs = 4 * 1024 * 1024 - 64 * 1024;
const emptyInputs = Inputs.of(new Map());

/** Inputs that are decoded on the first read. @param bytes an encoded LiteralMap, or Flyte 2's Inputs */
export function lazyInputs(bytes: Uint8Array | undefined): Inputs {
  if (bytes === undefined || bytes.byteLength === 0) return emptyInputs;
  return Inputs.encoded({
    byteLength: bytes.byteLength,
    decode: () => fromMapMessage(decode(LiteralMapSchema, bytes, 'the inputs of the task are not an encoded map of literals'), 'input'),
    hasOffloaded: () => hasOffloaded(bytes),
    decodeObject: decodeLiteral,
  });
}

function decode<Schema extends DescMessage>(schema: Schema, bytes: Uint8Array, otherwise: string): MessageShape<Schema> {
  try {
    return fromBinary(schema, bytes, { recursionLimit });
  } catch (error) {
    throw new AgentError({ code: 'INVALID_ARGUMENT', message: otherwise, cause: error });
  }
}

/** The literal in an object to which one was offloaded. @throws AgentError INVALID_ARGUMENT when there is none */
export function decodeLiteral(bytes: Uint8Array, path: string): Literal {
  return fromMessage(decode(LiteralSchema, bytes, `${path}: what it is offloaded to is not an encoded literal`), path);
}

/** Named literals out of a message. @param what they are in errors: `input`, `output` */
export function fromMapMessage(message: LiteralMapMessage, what: string = 'value'): LiteralMap {
  return new Map(Object.entries(message.literals).map(([name, literal]) => [name, fromMessage(literal, `${what} ${name}`)]));
}

/** Named literals as a message. @throws AgentError INVALID_ARGUMENT for a value that the protocol cannot hold */
export function toMapMessage(literals: Readonly<Record<string, Literal>>): LiteralMapMessage {
  const entries = Object.entries(literals).map(([name, literal]) => {
    const path = `output ${name}`;
    return [checkedText(name, path), create(LiteralSchema, { value: toValue(literal, path) })] as const;
  });
  return create(LiteralMapSchema, { literals: Object.fromEntries(entries) });
}

/**
 * Named literals as the bytes of a LiteralMap, which are those of Flyte 2's Outputs too.
 *
 * @throws AgentError INVALID_ARGUMENT for a value that the protocol cannot hold
 */
export function encodeLiterals(literals: Readonly<Record<string, Literal>>): Uint8Array {
  return toBinary(LiteralMapSchema, toMapMessage(literals));
}

/**
 * A task's outputs for its answer: a map in Flyte 1, a list in Flyte 2.
 *
 * @throws AgentError INVALID_ARGUMENT when the engine could not take them
 */
export function toOutputsMessage<Schema extends DescMessage>(
  schema: Schema,
  outputs: Readonly<Record<string, Literal>>,
): MessageShape<Schema> {
  const bytes = encodeLiterals(outputs);
  if (bytes.byteLength <= largestOutputs) return fromBinary(schema, bytes, { recursionLimit });
  const message = `the outputs have ${bytes.byteLength} bytes, the engine takes at most ${largestOutputs} in an answer`;
  throw new AgentError({ code: 'INVALID_ARGUMENT', message });
}

function fromMessage({ value }: LiteralMessage, path: string, depth: number = 0): Literal {
  if (depth > deepestNesting) throw tooDeep(path);
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
      throw invalid(path, 'expected a value, got a literal without one');
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
      return { kind: 'dataset', uri: value.value.uri, ...fromDatasetType(type) };
    }
    case 'schema':
      return { kind: 'schema', uri: value.value.uri, columns: fromSchemaColumns(value.value.type) };
    case 'binary':
      return { kind: 'binary', tag: value.value.tag, value: value.value.value };
    case 'generic':
      return { kind: 'generic', value: checkedStruct(fromStruct(value.value), path) };
    case 'error':
      return { kind: 'error', failedNodeId: value.value.failedNodeId, message: value.value.message };
    case 'union': {
      const type = fromTypeMessage(value.value.type);
      if (value.value.value === undefined || type === undefined)
        throw invalid(path, 'expected a value and its type, got a union without them');
      return { kind: 'union', value: fromMessage(value.value.value, path, depth + 1), type };
    }
    default:
      throw invalid(path, 'expected a value, got a literal without one');
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
      return { kind: 'datetime', value: checkedDatetime(fromTimestamp(value.value), path) };
    case 'duration':
      return { kind: 'duration', value: checkedDuration(fromDuration(value.value), path) };
    default:
      throw invalid(path, 'expected a value, got a literal without one');
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

function toValue(literal: Literal, path: string, depth: number = 0): LiteralValue {
  if (depth > deepestNesting) throw tooDeep(path);
  switch (literal.kind) {
    case 'integer':
      return primitive({ case: 'integer', value: checkedInteger(literal.value, path) });
    case 'float':
      return primitive({ case: 'floatValue', value: literal.value });
    case 'string':
      return primitive({ case: 'stringValue', value: checkedText(literal.value, path) });
    case 'boolean':
      return primitive({ case: 'boolean', value: literal.value });
    case 'datetime':
      return primitive({ case: 'datetime', value: checkedDatetime(literal.value, path) });
    case 'duration':
      return primitive({ case: 'duration', value: checkedDuration(literal.value, path) });
    case 'none':
      return scalar({ case: 'noneType', value: {} });
    case 'blob': {
      const type = { format: literal.format, dimensionality: toDimensionality(literal.multipart) };
      return scalar({ case: 'blob', value: { uri: checkedText(literal.uri, path), metadata: { type } } });
    }
    case 'dataset': {
      const structuredDatasetType = toDatasetType(literal);
      return scalar({ case: 'structuredDataset', value: { uri: checkedText(literal.uri, path), metadata: { structuredDatasetType } } });
    }
    case 'schema':
      return scalar({
        case: 'schema',
        value: { uri: checkedText(literal.uri, path), type: { columns: toSchemaColumns(literal.columns) } },
      });
    case 'binary':
      return scalar({ case: 'binary', value: { tag: literal.tag, value: literal.value } });
    case 'generic':
      return scalar({ case: 'generic', value: toStruct(toJsonObject(literal.value, path)) });
    case 'error':
      return scalar({ case: 'error', value: { failedNodeId: literal.failedNodeId, message: literal.message } });
    case 'union':
      return scalar({
        case: 'union',
        value: { value: { value: toValue(literal.value, path, depth + 1) }, type: toTypeMessage(literal.type) },
      });
    case 'collection':
      return {
        case: 'collection',
        value: { literals: literal.items.map((item, index) => ({ value: toValue(item, `${path}[${index}]`, depth + 1) })) },
      };
    case 'map': {
      const entries = [...literal.entries].map(
        ([key, item]) => [checkedText(key, path), { value: toValue(item, `${path}.${key}`, depth + 1) }] as const,
      );
      return { case: 'map', value: { literals: Object.fromEntries(entries) } };
    }
    case 'offloaded':
      return { case: 'offloadedMetadata', value: { uri: checkedText(literal.uri, path), sizeBytes: literal.sizeBytes } };
  }
}

function scalar(value: ScalarValue): LiteralValue {
  return { case: 'scalar', value: { value } };
}

function primitive(value: PrimitiveValue): LiteralValue {
  return scalar({ case: 'primitive', value: { value } });
}

function checkedInteger(value: bigint, path: string): bigint {
  if (BigInt.asIntN(64, value) !== value) throw invalid(path, `expected an integer of 64 bits, got ${value}`);
  return value;
}

/** Whoever reads a struct recurses too. */
function checkedStruct(struct: JsonObject, path: string): JsonObject {
  if (isDeeper(struct, deepestNesting)) throw tooDeep(path);
  return struct;
}

function isDeeper(value: JsonValue, levels: number): boolean {
  if (levels < 0) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some((item: JsonValue) => isDeeper(item, levels - 1));
}

function tooDeep(path: string): AgentError {
  return invalid(path, `expected at most ${deepestNesting} levels of nesting, got more`);
}
