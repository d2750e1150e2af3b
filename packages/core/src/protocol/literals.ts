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
/** What the engine's client takes is 4 MiB; some of it is left for the rest of the answer. */
const largestOutputs = 4 * 1024 * 1024 - 64 * 1024;
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

/** Named literals as a message. @throws AgentError INVALID_ARGUMENT for a value that the protocol cannot hold */
export function toMapMessage(literals: Readonly<Record<string, Literal>>): LiteralMapMessage {
  const entries = Object.entries(literals).map(
    ([name, literal]) => [name, create(LiteralSchema, { value: toValue(literal, name) })] as const,
  );
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

/** A task's outputs, encoded for its answer. @throws AgentError INVALID_ARGUMENT when the engine could not take them */
export function encodeOutputs(outputs: Readonly<Record<string, Literal>>): Uint8Array {
  const bytes = encodeLiterals(outputs);
  if (bytes.byteLength <= largestOutputs) return bytes;
  const message = `the outputs have ${bytes.byteLength} bytes, the engine takes at most ${largestOutputs} in an answer`;
  throw new AgentError({ code: 'INVALID_ARGUMENT', message });
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
      return { kind: 'datetime', value: checkedDatetime(fromTimestamp(value.value), path) };
    case 'duration':
      return { kind: 'duration', value: checkedDuration(fromDuration(value.value), path) };
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

/** 0001-01-01 and the last second of 9999. */
const firstSecond = -62_135_596_800n;
const lastSecond = 253_402_300_799n;
/** Ten thousand years. */
const longestSeconds = 315_576_000_000n;

function checkedDatetime(value: FlyteDatetime, path: string): FlyteDatetime {
  const { seconds, nanos } = value;
  if (seconds < firstSecond || seconds > lastSecond || nanos < 0 || nanos > 999_999_999)
    throw invalid(path, 'is no point in time of the years 1 to 9999');
  return value;
}

function checkedDuration(value: FlyteDuration, path: string): FlyteDuration {
  const { seconds, nanos } = value;
  const mixed = (seconds > 0n && nanos < 0) || (seconds < 0n && nanos > 0);
  if (mixed || seconds > longestSeconds || seconds < -longestSeconds || Math.abs(nanos) > 999_999_999)
    throw invalid(path, 'is no length of time: seconds and nanoseconds must agree in sign, and stay below ten thousand years');
  return value;
}

type LiteralValue = NonNullable<MessageInitShape<typeof LiteralSchema>['value']>;
type ScalarValue = NonNullable<MessageInitShape<typeof ScalarSchema>['value']>;
type PrimitiveValue = NonNullable<MessageInitShape<typeof PrimitiveSchema>['value']>;

function toValue(literal: Literal, path: string, depth: number = 0): LiteralValue {
  if (depth > deepest) throw invalid(path, `is nested deeper than ${deepest} levels`);
  switch (literal.kind) {
    case 'integer':
      if (BigInt.asIntN(64, literal.value) !== literal.value) throw invalid(path, 'is beyond 64 bits');
      return primitive({ case: 'integer', value: literal.value });
    case 'float':
      return primitive({ case: 'floatValue', value: literal.value });
    case 'string':
      return primitive({ case: 'stringValue', value: literal.value });
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
      const entries = [...literal.entries].map(([key, item]) => [key, { value: toValue(item, `${path}.${key}`, depth + 1) }] as const);
      return { case: 'map', value: { literals: Object.fromEntries(entries) } };
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
