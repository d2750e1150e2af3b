import { AgentError } from '../errors.ts';
import { FlyteDatetime, FlyteDuration, type JsonObject, type JsonValue, type Literal } from './model.ts';

/**
 * A literal as JSON that keeps its kind: what stored references and `flyte-agents run --json` hold. Strings, booleans and
 * none are themselves; everything else is an object with one key that begins with `$`: `{"$integer":"5"}`, `{"$float":"NaN"}`.
 */
export function toTaggedJson(literal: Literal): JsonValue {
  switch (literal.kind) {
    case 'string':
    case 'boolean':
      return literal.value;
    case 'none':
      return null;
    case 'integer':
      return { $integer: String(literal.value) };
    case 'float':
      return { $float: Object.is(literal.value, -0) ? '-0' : String(literal.value) };
    case 'datetime':
      return { $datetime: [String(literal.value.seconds), literal.value.nanos] };
    case 'duration':
      return { $duration: [String(literal.value.seconds), literal.value.nanos] };
    case 'blob':
      return { $blob: { uri: literal.uri, format: literal.format, multipart: literal.multipart } };
    case 'dataset':
      return { $dataset: { uri: literal.uri, format: literal.format, columns: literal.columns.map(({ name }) => name) } };
    case 'schema':
      return { $schema: { uri: literal.uri, columns: literal.columns.map(({ name, type }) => ({ name, type })) } };
    case 'binary':
      return { $binary: { tag: literal.tag, base64: Buffer.from(literal.value).toString('base64') } };
    case 'generic':
      return { $generic: literal.value };
    case 'error':
      return { $error: { failedNodeId: literal.failedNodeId, message: literal.message } };
    case 'collection':
      return literal.items.map(toTaggedJson);
    case 'map':
      return { $map: Object.fromEntries([...literal.entries].map(([key, value]) => [key, toTaggedJson(value)])) };
    case 'union':
      return toTaggedJson(literal.value);
    case 'offloaded':
      return { $offloaded: { uri: literal.uri, sizeBytes: String(literal.sizeBytes) } };
  }
}

/**
 * Reads back what {@link toTaggedJson} wrote. A union comes back as the value inside it, a dataset without its columns' types.
 *
 * @throws AgentError INVALID_ARGUMENT for anything else
 */
export function fromTaggedJson(json: JsonValue): Literal {
  if (json === null) return { kind: 'none' };
  if (typeof json === 'string') return { kind: 'string', value: json };
  if (typeof json === 'boolean') return { kind: 'boolean', value: json };
  if (isArray(json)) return { kind: 'collection', items: json.map(fromTaggedJson) };
  if (typeof json === 'object') {
    const [tag, content] = Object.entries(json)[0] ?? [];
    const literal = content === undefined ? undefined : fromTagged(tag, content);
    if (literal !== undefined) return literal;
  }
  throw new AgentError({ code: 'INVALID_ARGUMENT', message: 'stored value is not in the form that this server writes' });
}

function fromTagged(tag: string | undefined, content: JsonValue): Literal | undefined {
  switch (tag) {
    case '$integer':
      return typeof content === 'string' && /^-?\d{1,19}$/.test(content) ? { kind: 'integer', value: BigInt(content) } : undefined;
    case '$float':
      return typeof content === 'string' ? { kind: 'float', value: Number(content) } : undefined;
    case '$datetime': {
      const parts = secondsAndNanos(content);
      return parts && { kind: 'datetime', value: new FlyteDatetime(...parts) };
    }
    case '$duration': {
      const parts = secondsAndNanos(content);
      return parts && { kind: 'duration', value: new FlyteDuration(...parts) };
    }
    case '$map':
      return isObject(content)
        ? { kind: 'map', entries: new Map(Object.entries(content).map(([key, value]) => [key, fromTaggedJson(value)])) }
        : undefined;
    case '$generic':
      return isObject(content) ? { kind: 'generic', value: content } : undefined;
    case '$blob':
    case '$dataset':
    case '$schema':
    case '$binary':
    case '$error':
    case '$offloaded':
      return isObject(content) ? fromRecord(tag, content) : undefined;
    default:
      return undefined;
  }
}

function fromRecord(tag: '$blob' | '$dataset' | '$schema' | '$binary' | '$error' | '$offloaded', content: JsonObject): Literal {
  const text = (key: string): string => textOf(content[key]);
  const columns = isArray(content['columns']) ? content['columns'] : [];
  switch (tag) {
    case '$blob':
      return { kind: 'blob', uri: text('uri'), format: text('format'), multipart: content['multipart'] === true };
    case '$dataset':
      return {
        kind: 'dataset',
        uri: text('uri'),
        format: text('format'),
        columns: columns.map((name) => ({ name: textOf(name), type: undefined })),
      };
    case '$schema':
      return {
        kind: 'schema',
        uri: text('uri'),
        columns: columns.filter(isObject).map((column) => ({ name: textOf(column['name']), type: textOf(column['type']) })),
      };
    case '$binary':
      return { kind: 'binary', tag: text('tag'), value: Uint8Array.from(Buffer.from(text('base64'), 'base64')) };
    case '$error':
      return { kind: 'error', failedNodeId: text('failedNodeId'), message: text('message') };
    case '$offloaded':
      return { kind: 'offloaded', uri: text('uri'), sizeBytes: BigInt(/^\d{1,20}$/.exec(text('sizeBytes'))?.[0] ?? 0) };
  }
}

/** A text of a stored record; anything else, which this server does not write, is the empty text. */
function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function secondsAndNanos(content: JsonValue): [bigint, number] | undefined {
  if (!isArray(content)) return undefined;
  const [seconds, nanos] = content;
  return typeof seconds === 'string' && /^-?\d{1,19}$/.test(seconds) && typeof nanos === 'number' ? [BigInt(seconds), nanos] : undefined;
}

function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Whether a JSON value is an object: not null, not an array. */
export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object of the values that there are: what a request to a service leaves out is not sent as null. */
export function withoutNulls(values: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  const known = Object.entries(values).flatMap(([name, value]) => (value === undefined || value === null ? [] : [[name, value] as const]));
  return Object.fromEntries(known);
}
