/** The plain values of golden files: JSON in which integers, floats, times, bytes and references say what they are. */
import { FlyteDatetime, FlyteDuration, type JsonObject, type JsonValue } from '../literals/model.ts';
import type { NativeValue } from '../literals/native.ts';
import { isoformat, pythonText } from '../literals/python.ts';
import type { Value } from '../literals/value.ts';

/** A plain value as golden files have it. */
export function toTagged(value: Value): JsonValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'bigint') return { $int: String(value) };
  if (typeof value === 'number') return Number.isFinite(value) && !Number.isInteger(value) ? value : { $float: pythonText(value) };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') };
  if (value instanceof FlyteDatetime)
    return value.nanos % 1000 === 0 ? { $datetime: isoformat(value).replace('+00:00', 'Z') } : { $datetimeNanos: String(value) };
  if (value instanceof FlyteDuration) return { $duration: { seconds: String(value.seconds), nanos: value.nanos } };
  if (isList(value)) return value.map(toTagged);
  if (value instanceof Map) return { $map: [...value].map(([key, item]: [Value, Value]) => [toTagged(key), toTagged(item)]) };
  if ('columns' in value && (value.kind === 'dataset' || value.kind === 'schema'))
    return { [`$${value.kind}`]: JSON.parse(JSON.stringify({ ...value, kind: undefined })) };
  if ('multipart' in value && value.kind === 'blob' && typeof value.uri === 'string' && typeof value.format === 'string')
    return { $blob: { uri: value.uri, format: value.format, dimensionality: value.multipart === true ? 'MULTIPART' : 'SINGLE' } };
  return Object.fromEntries(Object.entries(value).map(([key, item]: [string, Value]) => [key, toTagged(item)]));
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** The value that an author would write for it: whole floats and integers are both numbers where they can be. */
export function fromTagged(json: JsonValue): NativeValue {
  if (json === null || typeof json !== 'object') return json;
  if (isJsonList(json)) return json.map(fromTagged);
  const [tag = '', content = null] = Object.entries(json)[0] ?? [];
  const record: JsonObject = typeof content === 'object' && content !== null && !isJsonList(content) ? content : {};
  switch (tag) {
    case '$int':
      return Number.isSafeInteger(Number(textOf(content))) ? Number(textOf(content)) : BigInt(textOf(content));
    case '$float':
      return Number(textOf(content).replace('inf', 'Infinity').replace('nan', 'NaN'));
    case '$bytes':
      return Uint8Array.from(Buffer.from(textOf(content), 'base64'));
    case '$datetime':
    case '$datetimeNanos': {
      const [, whole = '', fraction = ''] = /^([^.]*?)(?:\.(\d+))?Z$/.exec(textOf(content)) ?? [];
      return new FlyteDatetime(BigInt(Date.parse(`${whole}Z`)) / 1000n, Number(fraction.padEnd(9, '0')));
    }
    case '$duration':
      return new FlyteDuration(BigInt(textOf(record['seconds'])), Number(record['nanos']));
    case '$blob':
      return textOf(record['uri']);
    case '$dataset':
    case '$schema':
      return textOf(record['uri']);
    case '$map':
      return new Map(isJsonList(content) ? content.map((pair) => [fromTagged(at(pair, 0)), fromTagged(at(pair, 1))] as const) : []);
    default:
      return Object.fromEntries(Object.entries(json).map(([key, item]) => [key, fromTagged(item)]));
  }
}

function isJsonList(json: JsonValue): json is readonly JsonValue[] {
  return Array.isArray(json);
}

function at(json: JsonValue, index: number): JsonValue {
  return isJsonList(json) ? (json[index] ?? null) : null;
}

function textOf(json: JsonValue | undefined): string {
  return typeof json === 'string' ? json : '';
}
