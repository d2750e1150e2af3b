import { AgentError, pythonText, FlyteDatetime, FlyteDuration, type Inputs } from '@flyte-agents/core';

/** What an input is: plain JavaScript, integers as bigint and floats as number. */
export type Value = Exclude<ReturnType<Inputs['value']>, undefined>;

/** `%(name)s`, `%%`, and whatever else begins with a percent sign. */
const placeholder = /%(?:%|\((?<name>[^)]*)\)(?<conversion>.?)|(?<other>[^%(]?))/gs;

/**
 * A statement with its `%(name)s` replaced as Python's connector does it: on the client's side, so that names, lists and parts
 * of texts can be inputs too. Values are never looked at again. Without values the statement stays as it is, also `%%`.
 *
 * @throws AgentError INVALID_ARGUMENT that names the placeholder or the value that cannot be
 */
export function renderStatement(template: string, values: ReadonlyMap<string, Value>): string {
  if (values.size === 0) return template;
  return template.replaceAll(placeholder, (text: string, ...found: unknown[]) => {
    if (text === '%%') return '%';
    const [name, conversion] = found;
    if (typeof name !== 'string')
      throw invalid('the statement', `${JSON.stringify(text)} is no placeholder: write %(name)s for an input, and %% for a percent sign`);
    if (conversion !== 's') throw invalid('the statement', `%(${name})${String(conversion)} is no placeholder: write %(${name})s`);
    const value = values.get(name);
    if (value === undefined) throw invalid('the statement', `%(${name})s is no input of the task`);
    return isList(value) ? value.map((item) => renderValue(item, `input ${name}`)).join(',') : renderValue(value, `input ${name}`);
  });
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', "'": "\\'" };

/** A value as Python's connector writes it into SQL. */
function renderValue(value: Value, path: string): string {
  if (value === null) return 'NULL';
  if (typeof value === 'boolean') return value ? 'TRUE' : 'FALSE';
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return pythonText(value);
    throw invalid(path, `${pythonText(value)} is no number in SQL`);
  }
  if (value instanceof FlyteDatetime) return `'${datetimeText(value)}'`;
  if (value instanceof FlyteDuration) return `'${durationText(value)}'`;
  if (typeof value !== 'string') throw invalid(path, 'expected text, a number, a boolean, a time or a list of them');
  if (value.includes('\0')) throw invalid(path, 'holds the character U+0000, which SQL cannot');
  return `'${value.replaceAll(/[\\\n\r']/g, (character) => escapes[character] ?? character)}'`;
}

/** `2026-01-02 03:04:05.678901+00:00`. Python has no smaller units than microseconds. */
function datetimeText(value: FlyteDatetime): string {
  const micros = Math.trunc(value.nanos / 1000);
  const whole = new Date(Number(value.seconds) * 1000).toISOString().slice(0, 19).replace('T', ' ');
  return `${whole}${micros === 0 ? '' : `.${digits(micros, 6)}`}+00:00`;
}

/** `26:00:03.000004`. As in Python, only the hours have a sign. */
export function durationText({ seconds, nanos }: FlyteDuration): string {
  const micros = seconds * 1_000_000n + BigInt(Math.trunc(nanos / 1000));
  const [days, ofDay] = floorDivide(micros, 86_400_000_000n);
  const [secondOfDay, rest] = floorDivide(ofDay, 1_000_000n);
  const hours = secondOfDay / 3600n + days * 24n;
  const clock = [(secondOfDay / 60n) % 60n, secondOfDay % 60n].map((part) => digits(part, 2)).join(':');
  return `${hours < 0n ? hours : digits(hours, 2)}:${clock}${rest === 0n ? '' : `.${digits(rest, 6)}`}`;
}

function floorDivide(value: bigint, by: bigint): readonly [bigint, bigint] {
  const rest = ((value % by) + by) % by;
  return [(value - rest) / by, rest];
}

function digits(value: bigint | number, width: number): string {
  return String(value).padStart(width, '0');
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

export function invalid(path: string, what: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message: `${path}: ${what}` });
}
