import { parseDocument } from 'yaml';
import { readBytes, type DocumentValue } from './document.ts';
import { UsageError } from './errors.ts';

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

function toValue(value: unknown, name: string): DocumentValue {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map((item: unknown) => toValue(item, name));
  if (typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, item]: [string, unknown]) => [key, toValue(item, name)]));
  throw new UsageError(`${name}: holds something that is neither text, number, list nor mapping`);
}
