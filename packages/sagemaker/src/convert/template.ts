import {
  AgentError,
  pythonText,
  toPlain,
  type Inputs,
  type JsonObject,
  type JsonValue,
  type PlainObject,
  type PlainValue,
} from '@flyte-agents/core';
import { toToken } from './token.ts';

/** What placeholders stand for. */
export interface Scope {
  readonly inputs: Inputs;
  readonly images: Readonly<Record<string, string>>;
}

/** A request without placeholders. */
export interface Filled {
  /** As SageMaker takes it. */
  readonly request: JsonObject;
  /** The token of its content; empty when the request has no place for it. */
  readonly token: string;
}

const tokenPlace = '{idempotence_token}';
/** Settings of names and texts, where the API takes no numbers. */
const textMaps: ReadonlySet<string> = new Set([
  'HyperParameters',
  'StaticHyperParameters',
  'Environment',
  'CustomerMetadataProperties',
  'PipelineParameters',
]);

/**
 * Puts inputs and images into a request, and at last the token of all of it. What is nothing but a placeholder becomes the value
 * itself, with its type.
 *
 * @param longestName names get a shorter token rather than be longer; undefined: they may have any length
 * @throws AgentError INVALID_ARGUMENT for a placeholder of something that is not there
 */
export function fill(template: JsonObject, scope: Scope, longestName: number | undefined): Filled {
  const plain = mapAll(template, (text, name) => fillText(text, name, scope, longestName));
  const hasToken = usesToken(template);
  const token = hasToken ? toToken(plain) : '';
  const filled = hasToken ? mapAll(plain, (text, name) => putToken({ text, name, place: tokenPlace, token, longestName })) : plain;
  return { request: toJsonObject(filled), token };
}

/** Whether a request, or a name in it, has a place for the token of its content. */
export function usesToken(template: JsonValue | undefined): boolean {
  return JSON.stringify(template ?? null).includes(tokenPlace);
}

/** Whole floats become integers: that is what they were before they came as protobuf's doubles. */
function mapAll(mapping: PlainObject, map: (text: string, name: string) => PlainValue): PlainObject {
  return Object.fromEntries(Object.entries(mapping).map(([name, item]) => [name, mapTexts(item, map, name)]));
}

function mapTexts(value: PlainValue, map: (text: string, name: string) => PlainValue, name = ''): PlainValue {
  if (typeof value === 'string') return map(value, name);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value);
  if (isList(value)) return value.map((item) => mapTexts(item, map, name));
  return isMapping(value) ? mapAll(value, map) : value;
}

function fillText(text: string, name: string, scope: Scope, longestName: number | undefined): PlainValue {
  let filled = text;
  for (const [place, path = ''] of text.matchAll(/\{([^{}]*\.[^{}]*)\}/g)) {
    const value = lookUp(path.split('.'), scope);
    if (place === text) return mapTexts(value, (each) => each);
    filled =
      path === 'inputs.idempotence_token'
        ? putToken({ text: filled, name, place, token: pythonText(value), longestName })
        : filled.replaceAll(place, () => pythonText(value));
  }
  return filled;
}

function lookUp([root = '', ...path]: readonly string[], { inputs, images }: Scope): PlainValue {
  const [first = '', ...deeper] = path;
  const key = [root, ...path].join('.');
  const unknown = (): never => {
    throw new AgentError({ code: 'INVALID_ARGUMENT', message: `config: Could not find the key ${key}` });
  };
  if (root === 'images') return deeper.length === 0 && Object.hasOwn(images, first) ? (images[first] ?? null) : unknown();
  const literal = root === 'inputs' ? inputs.literals.get(first) : undefined;
  if (literal === undefined) return unknown();
  let value = toPlain(literal, `input ${first}`);
  for (const name of deeper) {
    const inner: PlainValue | undefined = isMapping(value) && Object.hasOwn(value, name) ? value[name] : undefined;
    value = inner === undefined ? unknown() : inner;
  }
  return value;
}

/** Where a token goes, and for how much of it there is room. */
interface TokenPlace {
  readonly text: string;
  readonly name: string;
  readonly place: string;
  readonly token: string;
  readonly longestName: number | undefined;
}

function putToken({ text, name, place, token, longestName }: TokenPlace): string {
  const room = longestName !== undefined && name.endsWith('Name') ? longestName - text.replaceAll(place, '').length : token.length;
  return text.replaceAll(place, () => token.slice(0, Math.max(0, room)));
}

function toJsonObject(mapping: PlainObject, isText = false): JsonObject {
  return Object.fromEntries(Object.entries(mapping).map(([name, item]) => [name, toJson(item, isText || textMaps.has(name), isText)]));
}

/** @param isText whether a mapping here holds texts alone @param isInText whether this is in such a mapping */
function toJson(value: PlainValue, isText = false, isInText = false): JsonValue {
  if (isInText && (typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean')) return pythonText(value);
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (isList(value)) return value.map((item) => toJson(item, isText));
  return isMapping(value) ? toJsonObject(value, isText) : value;
}

function isList(value: PlainValue): value is readonly PlainValue[] {
  return Array.isArray(value);
}

function isMapping(value: PlainValue): value is PlainObject {
  return typeof value === 'object' && value !== null && !isList(value);
}
