import { msgpackBytes, unreadable } from './decode.ts';
import type { Literal } from './model.ts';
import { decodeMsgpack } from './msgpack/decode.ts';
import { isoformat, pythonJson, pythonText, totalSeconds, type PlainObject, type PlainValue } from './python.ts';

/**
 * A literal as flytekit gives it to templates: points in time are ISO 8601, lengths of time seconds, files and datasets their
 * URI, dicts and dataclasses their JSON text.
 *
 * @param path names the value in errors: `input settings`
 * @throws AgentError INVALID_ARGUMENT for a literal that has no such value: a pickle, one that is offloaded
 */
export function toPlain(literal: Literal, path: string = 'value'): PlainValue {
  switch (literal.kind) {
    case 'integer':
    case 'float':
    case 'string':
    case 'boolean':
      return literal.value;
    case 'none':
      return null;
    case 'datetime':
      return isoformat(literal.value);
    case 'duration':
      return totalSeconds(literal.value);
    case 'blob':
    case 'dataset':
    case 'schema':
      return literal.uri;
    case 'generic':
      return literal.value;
    case 'binary':
      return pythonJson(
        decodeMsgpack(msgpackBytes(literal, path), path, (entries) => new Map(entries)),
        path,
      );
    case 'collection':
      return literal.items.map((item, index) => toPlain(item, `${path}[${index}]`));
    case 'map':
      return plainObject([...literal.entries].map(([key, item]) => [key, toPlain(item, `${path}.${key}`)]));
    case 'union':
      return toPlain(literal.value, path);
    case 'error':
    case 'offloaded':
      throw unreadable(literal, path);
  }
}

/** Without a prototype: a key may be `constructor`. */
function plainObject(entries: readonly (readonly [string, PlainValue])[]): PlainObject {
  const object: Record<string, PlainValue> = Object.create(null);
  for (const [key, value] of entries) object[key] = value;
  return object;
}

/**
 * A literal as flytekit puts it into a text, which is how Python prints it: `True`, `None`, `2.0`, `['a', 1]`.
 *
 * @param path names the value in errors: `input settings`
 * @throws AgentError INVALID_ARGUMENT for a literal that has no such value: a pickle, one that is offloaded
 */
export function toText(literal: Literal, path: string = 'value'): string {
  return pythonText(toPlain(literal, path));
}
