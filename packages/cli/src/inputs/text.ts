import type { LiteralType, SimpleType } from '@flyte-agents/core';
import { isMapping } from '../document.ts';
import { UsageError } from '../errors.ts';
import { parseDatetime, parseDuration } from '../time.ts';
import { parseText } from '../yaml.ts';
import { byNarrowness, mismatch, type InputValue } from './value.ts';

/**
 * What a text on the command line means for an input of this type; lists, maps and structs are YAML or JSON.
 *
 * @throws UsageError when it means nothing
 */
export function fromText(text: string, type: LiteralType, path: string): InputValue {
  const value = tryText(text, type, path);
  if (value === undefined) throw mismatch(path, type, text);
  return value;
}

function tryText(text: string, type: LiteralType, path: string): InputValue | undefined {
  switch (type.kind) {
    case 'simple':
      return trySimple(text, type.simple, path);
    case 'collection': {
      const value = parseText(text, `input ${path}`);
      return Array.isArray(value) ? value : undefined;
    }
    case 'map':
      return mapping(text, path);
    case 'union':
      return tryVariants(text, type.variants, path);
    case 'enum':
    case 'blob':
    case 'dataset':
    case 'schema':
      return text;
  }
}

function trySimple(text: string, type: SimpleType, path: string): InputValue | undefined {
  switch (type) {
    case 'STRING':
      return text;
    case 'INTEGER':
      return /^[+-]?\d+$/.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined;
    case 'FLOAT':
      return toFloat(text);
    case 'BOOLEAN':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'DATETIME':
      return parseDatetime(text);
    case 'DURATION':
      return parseDuration(text);
    case 'NONE':
      return ['none', 'null', ''].includes(text.toLowerCase()) ? null : undefined;
    case 'STRUCT':
      return mapping(text, path);
    case 'BINARY':
    case 'ERROR':
      return undefined;
  }
}

function toFloat(text: string): number | undefined {
  const [, sign, word] = /^([+-])?(nan|inf|infinity)$/i.exec(text) ?? [];
  if (word !== undefined) return word.toLowerCase() === 'nan' ? Number.NaN : sign === '-' ? -Infinity : Infinity;
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

function mapping(text: string, path: string): InputValue | undefined {
  const value = parseText(text, `input ${path}`);
  return isMapping(value) ? value : undefined;
}

function tryVariants(text: string, variants: readonly LiteralType[], path: string): InputValue | undefined {
  for (const variant of byNarrowness(variants)) {
    const value = withoutUsageError(() => tryText(text, variant, path));
    if (value !== undefined) return value;
  }
  return undefined;
}

/** What is no YAML may still be another variant's text. */
function withoutUsageError<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
