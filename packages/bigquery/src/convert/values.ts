import { FlyteDatetime, FlyteDuration, type Value } from '@flyte-agents/core';

/** A value as the text of a BigQuery type, exactly; `undefined` if it is none of the type. */
export function toText(value: Value, type: string): string | undefined {
  return (texts[type.toUpperCase()] ?? plainText)(value);
}

type ToText = (value: Value) => string | undefined;

const decimalText: ToText = (value) => (isNumber(value) ? numberText(value) : textual(value));

/** https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types; of all other types, values are texts. */
const texts: Readonly<Record<string, ToText>> = {
  INT64: (value) => (isNumber(value) && (typeof value === 'bigint' || Number.isSafeInteger(value)) ? String(value) : undefined),
  FLOAT64: (value) => (isNumber(value) ? numberText(value) : undefined),
  NUMERIC: decimalText,
  BIGNUMERIC: decimalText,
  BOOL: (value) => (typeof value === 'boolean' ? String(value) : undefined),
  BYTES: (value) => (value instanceof Uint8Array ? Buffer.from(value).toString('base64') : textual(value)),
  DATE: (value) => utcText(value)?.slice(0, 10) ?? textual(value),
  TIME: (value) => utcText(value)?.slice(11) ?? textual(value),
  DATETIME: (value) => utcText(value) ?? textual(value),
  TIMESTAMP: (value) => (value instanceof FlyteDatetime ? `${utcText(value)}Z` : textual(value)),
  INTERVAL: (value) => (value instanceof FlyteDuration ? intervalText(value) : textual(value)),
  JSON: (value) => textual(value) ?? jsonText(value),
};

/** Of a file, a folder or a dataset: its URI. */
const plainText: ToText = (value) => {
  if (isReference(value)) return value.uri;
  return typeof value === 'boolean' ? String(value) : decimalText(value);
};

const textual: ToText = (value) => (typeof value === 'string' ? value : undefined);

function isNumber(value: Value): value is bigint | number {
  return typeof value === 'bigint' || typeof value === 'number';
}

/** BigQuery reads `NaN` and `Infinity` too. */
function numberText(value: bigint | number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}

/** Without a zone, and with microseconds: BigQuery has nothing smaller. */
const utcText: ToText = (value) =>
  value instanceof FlyteDatetime
    ? String(value)
        .replace(/Z$/, '')
        .replace(/(\.\d{6})\d+$/, '$1')
    : undefined;

/** In the canonical form: years and months, days, and the time with a sign of its own. */
function intervalText({ seconds, nanos }: FlyteDuration): string {
  const sign = seconds < 0n || nanos < 0 ? '-' : '';
  const whole = seconds < 0n ? -seconds : seconds;
  const micros = Math.trunc(Math.abs(nanos) / 1000);
  const fraction = micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`;
  return `0-0 0 ${sign}${whole / 3600n}:${(whole / 60n) % 60n}:${whole % 60n}${fraction}`;
}

/** JSON with integers of any size. `undefined` for what JSON cannot hold. */
function jsonText(value: Value): string | undefined {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (isNumber(value)) return typeof value === 'bigint' || Number.isFinite(value) ? numberText(value) : undefined;
  if (value instanceof Uint8Array) return undefined;
  if (value instanceof FlyteDatetime || value instanceof FlyteDuration) return JSON.stringify(String(value));
  if (isReference(value)) return JSON.stringify(value.uri);
  if (isList(value)) return enclosed('[', value.map(jsonText), ']');
  const members = entriesOf(value)?.map(([key, item]) => prefixed(JSON.stringify(key), jsonText(item)));
  return members && enclosed('{', members, '}');
}

function prefixed(key: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : `${key}:${text}`;
}

function enclosed(open: string, items: readonly (string | undefined)[], close: string): string | undefined {
  return items.includes(undefined) ? undefined : `${open}${items.join(',')}${close}`;
}

/** The type of a value of which nothing is declared. */
export function typeOf(value: Value): string {
  if (typeof value === 'bigint') return 'INT64';
  if (typeof value === 'number') return 'FLOAT64';
  if (typeof value === 'boolean') return 'BOOL';
  if (value instanceof FlyteDatetime) return 'DATETIME';
  if (value instanceof FlyteDuration) return 'INTERVAL';
  if (value instanceof Uint8Array) return 'BYTES';
  return isReference(value) || entriesOf(value) === undefined ? 'STRING' : 'JSON';
}

/** Whether a value only says where something is. */
function isReference(value: Value): value is Extract<Value, { readonly kind: 'blob' | 'dataset' | 'schema' }> {
  return typeof value === 'object' && value !== null && 'kind' in value && 'uri' in value;
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

/** The keys and values of a mapping; `undefined` for anything else. */
export function entriesOf(value: Value): readonly (readonly [string, Value])[] | undefined {
  if (value instanceof Map) return [...value].map(([key, item]: [Value, Value]) => [plainText(key) ?? '', item]);
  return isObject(value) ? Object.entries(value) : undefined;
}

function isObject(value: Value): value is Readonly<Record<string, Value>> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}
