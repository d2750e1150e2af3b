import { FlyteDatetime, FlyteDuration, type Literal, type LiteralType } from './model.ts';

/** The longest text and the longest list of words that a message repeats. */
const longestText = 50;
const mostWords = 20;

/** A declared type in words: `INTEGER`, `list of STRING`, `FLOAT or NONE`. */
export function typeName(type: LiteralType): string {
  switch (type.kind) {
    case 'simple':
      return type.simple;
    case 'collection':
      return `list of ${typeName(type.items)}`;
    case 'map':
      return `map of ${typeName(type.values)}`;
    case 'union':
      return type.variants.map(typeName).join(' or ');
    case 'enum':
      return `one of ${[...type.values.slice(0, mostWords), ...(type.values.length > mostWords ? ['…'] : [])].join(', ')}`;
    case 'blob':
      return type.multipart ? 'folder' : 'file';
    case 'dataset':
    case 'schema':
      return type.kind;
  }
}

const kinds: Readonly<Record<Exclude<Literal['kind'], 'union' | 'blob'>, string>> = {
  integer: 'integer',
  float: 'float',
  string: 'string',
  boolean: 'boolean',
  datetime: 'datetime',
  duration: 'duration',
  none: 'none',
  dataset: 'dataset',
  schema: 'schema',
  binary: 'binary',
  generic: 'struct',
  error: 'error',
  collection: 'list',
  map: 'map',
  offloaded: 'offloaded',
};

/** What a literal is, in a word: `integer`, `list`, `folder`; of a union, what is in it. */
export function kindName(literal: Literal): string {
  if (literal.kind === 'union') return kindName(literal.value);
  if (literal.kind === 'blob') return literal.multipart ? 'folder' : 'file';
  return literal.kind === 'binary' && literal.tag === 'msgpack' ? 'dict' : kinds[literal.kind];
}

/** What a value of JavaScript is, for messages. Texts are told by their length: they may be private. */
export function valueName(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null || typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return `a text of length ${value.length}`;
  if (typeof value !== 'object') return `a ${typeof value}`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`;
  if (value instanceof Date || value instanceof FlyteDatetime) return 'a point in time';
  if (value instanceof FlyteDuration) return 'a length of time';
  const prototype: unknown = Object.getPrototypeOf(value);
  return value instanceof Map || prototype === null || prototype === Object.prototype ? 'a mapping' : 'an instance of a class';
}

/** A text that is no secret, such as the word that an enum does not know. */
export function quoted(text: string): string {
  return JSON.stringify(text.length <= longestText ? text : `${text.slice(0, longestText)}…`);
}

/** Whether a value of this type may be none. */
export function isOptional(type: LiteralType): boolean {
  return type.kind === 'union' ? type.variants.some(isOptional) : type.kind === 'simple' && type.simple === 'NONE';
}
