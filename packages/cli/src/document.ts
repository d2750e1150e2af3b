import { readFile } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { UsageError } from './errors.ts';

/** What a YAML or JSON text holds. Whole numbers beyond what a double can tell apart are bigint. */
export type DocumentValue = string | number | bigint | boolean | null | readonly DocumentValue[] | DocumentObject;

/** A mapping of a YAML or JSON text. */
export interface DocumentObject {
  readonly [key: string]: DocumentValue;
}

/**
 * Reads a YAML or JSON text; JSON is a part of YAML.
 *
 * @param name what errors call the text
 * @throws UsageError when it is neither
 */
export function parseText(text: string, name: string): DocumentValue {
  const document = parseDocument(text, { intAsBigInt: true });
  const [error] = [...document.errors, ...document.warnings];
  if (error !== undefined) throw new UsageError(`${name}: ${error.message.split('\n', 1)[0]?.replace(/:$/, '')}`, error);
  return toValue(document.toJS(), name);
}

/** Reads a YAML or JSON file. @throws UsageError when it cannot be read */
export async function readDocument(path: string): Promise<DocumentValue> {
  return parseText((await readBytes(path)).toString('utf8'), path);
}

/** Reads a file that the caller named. @throws UsageError when it cannot be read */
export async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const reason = code === 'ENOENT' ? 'there is no such file' : code === 'EISDIR' ? 'is a folder' : `cannot be read (${String(code)})`;
    throw new UsageError(`${path}: ${reason}`, error);
  }
}

/** Whether a value is a mapping: not a list, not null. */
export function isMapping(value: DocumentValue | undefined): value is DocumentObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toValue(value: unknown, name: string): DocumentValue {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map((item: unknown) => toValue(item, name));
  if (typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, item]: [string, unknown]) => [key, toValue(item, name)]));
  throw new UsageError(`${name}: holds something that is neither text, number, list nor mapping`);
}

/** A value as errors show it: JSON on one line, at most 100 characters. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? String(item) : item)) ?? String(value);
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
