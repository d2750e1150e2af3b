import { AgentError } from '../errors.ts';
import { invalid } from './invalid.ts';
import type { Literal } from './model.ts';
import { decodeMsgpack } from './msgpack/decode.ts';
import { toMapping, type Value } from './value.ts';

/**
 * The plain value of a literal: MessagePack is decoded, a union is the value in it, a Struct is its JSON with all numbers
 * floats. Files and datasets stay references; nothing is fetched and no pickle is read.
 *
 * @param path names the value in errors: `input settings`
 * @throws AgentError INVALID_ARGUMENT for a literal without such a value: an error, a pickle, one that is offloaded
 */
export function toValue(literal: Literal, path: string): Value {
  switch (literal.kind) {
    case 'integer':
    case 'float':
    case 'string':
    case 'boolean':
    case 'datetime':
    case 'duration':
    case 'generic':
      return literal.value;
    case 'none':
      return null;
    case 'blob':
    case 'dataset':
    case 'schema':
      return literal;
    case 'binary':
      return decodeMsgpack(msgpackBytes(literal, path), path);
    case 'collection':
      return literal.items.map((item, index) => toValue(item, `${path}[${index}]`));
    case 'map':
      return toMapping([...literal.entries].map(([key, item]) => [key, toValue(item, `${path}.${key}`)]));
    case 'union':
      return toValue(literal.value, path);
    case 'error':
    case 'offloaded':
      throw unreadable(literal, path);
  }
}

/** The content of a MessagePack literal. @throws AgentError INVALID_ARGUMENT for any other binary */
export function msgpackBytes({ tag, value }: Extract<Literal, { readonly kind: 'binary' }>, path: string): Uint8Array {
  if (tag === 'msgpack') return value;
  const what =
    tag === ''
      ? 'untagged binary data, which is how flyte-sdk sends pickles'
      : `binary data with the unknown tag ${JSON.stringify(tag.slice(0, 40))}`;
  throw invalid(path, `expected MessagePack, got ${what}; pickled Python objects are never read: give the task's input a type`);
}

/** Why a literal has no value here. */
export function unreadable(literal: Extract<Literal, { readonly kind: 'error' | 'offloaded' }>, path: string): AgentError {
  if (literal.kind === 'error')
    return invalid(path, `expected a value, got the error of node ${literal.failedNodeId || '(unknown)'}: ${literal.message}`);
  if (literal.fault !== undefined) return literal.fault;
  const message = `${path}: is offloaded to ${literal.uri} (${literal.sizeBytes} bytes), and there is no object store to read it from`;
  return new AgentError({ code: 'FAILED_PRECONDITION', origin: 'system', message });
}
