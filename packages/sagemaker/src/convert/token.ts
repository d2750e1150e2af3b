import { pythonText, type PlainValue } from '@flyte-agents/core';
import xxhash from 'xxhash-wasm';

// Some milliseconds, once: what follows must be known without waiting.
const hasher = await xxhash();

/** The token of a request: the same for the same content, and the same that flytekit's plugin gives it. */
export function toToken(request: PlainValue): string {
  return hasher.h64ToString(toCanonicalText(request));
}

/** Mappings sorted by their keys, everything without quotes. */
function toCanonicalText(value: PlainValue): string {
  if (Array.isArray(value)) return `[${value.map(toCanonicalText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return pythonText(value);
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return `{${entries.map(([name, item]: [string, PlainValue]) => `${name}: ${toCanonicalText(item)}`).join(', ')}}`;
}
