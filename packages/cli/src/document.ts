import { readFile } from 'node:fs/promises';
import { UsageError } from './errors.ts';

/** What a YAML or JSON text holds. Whole numbers beyond what a double can tell apart are bigint. */
export type DocumentValue = string | number | bigint | boolean | null | readonly DocumentValue[] | DocumentObject;

/** A mapping of a YAML or JSON text. */
export interface DocumentObject {
  readonly [key: string]: DocumentValue;
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

/** A value as errors show it: JSON on one line, at most 100 characters. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? String(item) : item)) ?? String(value);
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}
