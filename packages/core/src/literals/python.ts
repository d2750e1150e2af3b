import { invalid } from './invalid.ts';
import type { FlyteDatetime, FlyteDuration } from './model.ts';
import type { Value } from './value.ts';

/**
 * Values as Python prints them: an agent that takes a Python one's place must put the same text into URLs, queries and bodies.
 */

/** Python's None, bool, int (bigint), float (number), str, list and dict. */
export type PlainValue = null | boolean | bigint | number | string | readonly PlainValue[] | PlainObject;

/** Python's dict with texts as keys. */
export interface PlainObject {
  readonly [key: string]: PlainValue;
}

/** What Python's `str()` gives: `True`, `None`, `2.0`, `['a', 1]`; a text is itself. */
export function pythonText(value: PlainValue): string {
  return typeof value === 'string' ? value : representation(value);
}

/** Python's `repr()`. */
function representation(value: PlainValue): string {
  if (value === null) return 'None';
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return floatText(value);
  if (typeof value === 'string') return quotedText(value);
  if (isList(value)) return `[${value.map(representation).join(', ')}]`;
  return `{${Object.entries(value)
    .map(([key, item]) => `${quotedText(key)}: ${representation(item)}`)
    .join(', ')}}`;
}

function isList(value: PlainValue): value is readonly PlainValue[] {
  return Array.isArray(value);
}

/** A float as Python writes it: with a point or an exponent, so that it is not taken for an integer. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  if (Object.is(value, -0)) return '-0.0';
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power < -4 || power >= 16) return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
  if (Number.isInteger(value)) return `${value}.0`;
  // JavaScript writes an exponent below 1e-6, Python below 1e-4.
  return String(value);
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** Single quotes, unless only those are in the text; what has no glyph is escaped. */
function quotedText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll(/[\\'\p{C}\p{Z}]/gu, (character) => {
    if (character === ' ' || (character === "'" && quote === '"')) return character;
    if (character === "'") return "\\'";
    return escapes[character] ?? hexadecimal(character.codePointAt(0) ?? 0);
  });
  return quote + escaped + quote;
}

function hexadecimal(point: number): string {
  if (point <= 0xff) return `\\x${point.toString(16).padStart(2, '0')}`;
  if (point <= 0xffff) return `\\u${point.toString(16).padStart(4, '0')}`;
  return `\\U${point.toString(16).padStart(8, '0')}`;
}

/**
 * What Python's `json.dumps()` gives, all in ASCII: integers of any size, `2.0`, and `NaN`, which is no JSON.
 *
 * @throws AgentError INVALID_ARGUMENT for bytes, which Python refuses too
 */
export function pythonJson(value: Value, path: string): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (typeof value === 'number') return jsonFloat(value);
  if (typeof value === 'string') return jsonText(value);
  if (Array.isArray(value)) return `[${value.map((item: Value, index) => pythonJson(item, `${path}[${index}]`)).join(', ')}]`;
  if (value instanceof Map) return `{${[...value].map(([key, item]: [Value, Value]) => member(key, item, path)).join(', ')}}`;
  throw invalid(path, 'expected text, numbers, lists and mappings, got bytes, which JSON cannot hold');
}

/** Python makes texts of keys that are none. */
function member(key: Value, item: Value, path: string): string {
  const name = typeof key === 'string' ? key : pythonJson(key, path);
  return `${jsonText(name)}: ${pythonJson(item, `${path}.${name}`)}`;
}

function jsonFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? floatText(value) : value < 0 ? '-Infinity' : 'Infinity';
}

function jsonText(text: string): string {
  return JSON.stringify(text).replaceAll(/[^ -~]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** ISO 8601 as Python's `isoformat()` has it: UTC is `+00:00`, and what is smaller than a microsecond is cut off. */
export function isoformat({ seconds, nanos }: FlyteDatetime): string {
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const micros = Math.trunc(nanos / 1000);
  return `${whole}${micros === 0 ? '' : `.${String(micros).padStart(6, '0')}`}+00:00`;
}

/** Python's `timedelta.total_seconds()`: what is smaller than a microsecond is cut off. */
export function totalSeconds({ seconds, nanos }: FlyteDuration): number {
  const micros = seconds * 1_000_000n + BigInt(Math.trunc(nanos / 1000));
  // Read from its digits, it is rounded once.
  return Number(`${micros}e-6`);
}
