import { AgentError } from '../errors.ts';
import { invalid } from './invalid.ts';
import { JsonSchema } from './json-schema.ts';
import { isObject } from './json.ts';
import { FlyteDatetime, FlyteDuration, type JsonObject, type Literal, type LiteralType, type Reference } from './model.ts';
import { encodeMsgpack } from './msgpack/encode.ts';
import { isOptional, kindName, quoted, typeName, valueName } from './names.ts';
import { checkedDatetime, checkedDuration, checkedText, entriesOf, isList, type NativeValue } from './native.ts';
import { toJsonObject } from './plain-json.ts';

/** How well a value fits a type. Of a union's variants, the best is taken, and of equals the first. */
interface Fit {
  readonly literal: Literal;
  readonly distance: number;
}

/** It is what the type is. */
const exact = 0;
/** It is that and could be something else: a word of an enum, a mapping where any will do, a whole number as a float. */
const close = 1;
/** It can be read as that: a text as a file's URL, a mapping that lacks fields of its class. */
const readable = 2;

/** Why a value does not fit, made when it is asked for: a union tries many. */
type Misfit = () => AgentError;

type TypeOf<Kind extends LiteralType['kind']> = Extract<LiteralType, { readonly kind: Kind }>;

/**
 * The literal of a plain value for an output of a declared type. An integer becomes a float where one is declared, and a float
 * without a fraction an integer; of a union, the variant that fits best is kept with the value as it was declared; a URL
 * becomes a file or a dataset; a mapping becomes MessagePack, or a Struct where the type does not ask for MessagePack.
 *
 * @param path names the value in errors: `output info`
 * @throws AgentError INVALID_ARGUMENT that names the value, the declared type and what came instead
 */
export function toLiteral(value: NativeValue, type: LiteralType, path: string): Literal {
  const found = fit(value, type, path);
  if (typeof found === 'function') throw found();
  return found.literal;
}

function fit(value: NativeValue, type: LiteralType, path: string): Fit | Misfit {
  switch (type.kind) {
    case 'simple':
      return fitSimple(value, type, path);
    case 'collection':
      return fitList(value, type, path);
    case 'map':
      return fitMap(value, type, path);
    case 'union':
      return fitUnion(value, type, path);
    case 'enum':
      if (typeof value === 'string' && type.values.includes(value)) return { literal: { kind: 'string', value }, distance: close };
      return misfit(value, type, path, typeof value === 'string' ? quoted(value) : undefined);
    case 'blob':
    case 'dataset':
    case 'schema':
      return fitReference(value, type, path);
  }
}

function misfit(value: NativeValue, type: LiteralType, path: string, got: string = valueName(value)): Misfit {
  return () => invalid(path, `expected ${typeName(type)}, got ${got}`);
}

function fitSimple(value: NativeValue, type: TypeOf<'simple'>, path: string): Fit | Misfit {
  switch (type.simple) {
    case 'NONE':
      return value === null ? { literal: { kind: 'none' }, distance: exact } : misfit(value, type, path);
    case 'INTEGER':
      return fitInteger(value, type, path);
    case 'FLOAT':
      return fitFloat(value, type, path);
    case 'STRING':
      if (typeof value !== 'string') return misfit(value, type, path);
      return attempt(() => ({ kind: 'string', value: checkedText(value, path) }));
    case 'BOOLEAN':
      return typeof value === 'boolean' ? { literal: { kind: 'boolean', value }, distance: exact } : misfit(value, type, path);
    case 'DATETIME':
      if (!(value instanceof Date || value instanceof FlyteDatetime)) return misfit(value, type, path);
      return attempt(() => ({ kind: 'datetime', value: checkedDatetime(value, path) }));
    case 'DURATION':
      if (!(value instanceof FlyteDuration)) return misfit(value, type, path);
      return attempt(() => ({ kind: 'duration', value: checkedDuration(value, path) }));
    case 'STRUCT':
      return fitStruct(value, type, path);
    case 'BINARY':
      return misfit(value, type, path, `${valueName(value)}: a Python task would read it as a pickled object, which only Python writes`);
    case 'ERROR':
      return misfit(value, type, path);
  }
}

function fitInteger(value: NativeValue, type: LiteralType, path: string): Fit | Misfit {
  if (typeof value === 'bigint') {
    if (BigInt.asIntN(64, value) !== value) return misfit(value, type, path, `${value}, which is beyond 64 bits`);
    return { literal: { kind: 'integer', value }, distance: exact };
  }
  if (typeof value !== 'number' || !Number.isInteger(value)) return misfit(value, type, path);
  if (!Number.isSafeInteger(value)) return misfit(value, type, path, `${value}, which a number cannot hold exactly (give a bigint)`);
  return { literal: { kind: 'integer', value: BigInt(value) }, distance: Object.is(value, -0) ? close : exact };
}

function fitFloat(value: NativeValue, type: LiteralType, path: string): Fit | Misfit {
  if (typeof value === 'bigint') {
    const float = Number(value);
    if (BigInt(float) !== value) return misfit(value, type, path, `${value}, which no float holds exactly`);
    return { literal: { kind: 'float', value: float }, distance: close };
  }
  if (typeof value !== 'number') return misfit(value, type, path);
  return { literal: { kind: 'float', value }, distance: Number.isInteger(value) && !Object.is(value, -0) ? close : exact };
}

/** A dict, a dataclass or a model. SDKs since 2024 say in the type that they want MessagePack; the others know only Structs. */
function fitStruct(value: NativeValue, type: TypeOf<'simple'>, path: string): Fit | Misfit {
  const keys = entriesOf(value)?.map(([key]) => (typeof key === 'string' ? key : ''));
  if (keys === undefined) return misfit(value, type, path);
  const schema = type.metadata && new JsonSchema(type.metadata);
  const distance = schema?.isClass === true ? (schema.fits(keys) ? exact : readable) : close;
  if (!wantsMsgpack(type)) return attempt(() => ({ kind: 'generic', value: toJsonObject(value, path) }), distance);
  return attempt(() => ({ kind: 'binary', tag: 'msgpack', value: encodeMsgpack(value, path, schema) }), distance);
}

function wantsMsgpack({ annotation }: { readonly annotation?: JsonObject | undefined }): boolean {
  const settings = annotation?.['cache-key-metadata'];
  return isObject(settings) && settings['serialization-format'] === 'msgpack';
}

/** What is refused with a reason of its own. */
function attempt(make: () => Literal, distance: number = exact): Fit | Misfit {
  try {
    return { literal: make(), distance };
  } catch (error) {
    if (AgentError.is(error)) return () => error;
    throw error;
  }
}

function fitList(value: NativeValue, type: TypeOf<'collection'>, path: string): Fit | Misfit {
  if (!isList(value)) return misfit(value, type, path);
  const items: Literal[] = [];
  let distance = exact;
  for (const [index, item] of value.entries()) {
    const found = fit(item, type.items, `${path}[${index}]`);
    if (typeof found === 'function') return found;
    items.push(found.literal);
    distance = Math.max(distance, found.distance);
  }
  return { literal: { kind: 'collection', items }, distance };
}

function fitMap(value: NativeValue, type: TypeOf<'map'>, path: string): Fit | Misfit {
  const entries = entriesOf(value);
  if (entries === undefined) return misfit(value, type, path);
  const literals = new Map<string, Literal>();
  let distance = exact;
  for (const [key, item] of entries) {
    if (typeof key !== 'string' || !key.isWellFormed())
      return misfit(value, type, path, `a key that is ${typeof key === 'string' ? 'half a character (a lone surrogate)' : valueName(key)}`);
    const found = fit(item, type.values, `${path}.${key}`);
    if (typeof found === 'function') return found;
    literals.set(key, found.literal);
    distance = Math.max(distance, found.distance);
  }
  return { literal: { kind: 'map', entries: literals }, distance };
}

function fitUnion(value: NativeValue, type: TypeOf<'union'>, path: string): Fit | Misfit {
  let best: Fit | undefined;
  const misfits: Misfit[] = [];
  for (const variant of type.variants) {
    const found = fit(value, variant, path);
    if (typeof found === 'function') {
      if (!isOptional(variant)) misfits.push(found);
    } else if (best === undefined || found.distance < best.distance) {
      best = { literal: { kind: 'union', value: found.literal, type: variant }, distance: found.distance };
    }
  }
  if (best !== undefined) return best;
  const [only] = misfits;
  // Of an Optional list, what is wrong with an item says more.
  return only !== undefined && misfits.length === 1 && hasParts(value) ? only : misfit(value, type, path);
}

function hasParts(value: NativeValue): boolean {
  return isList(value) || entriesOf(value) !== undefined;
}

/** Where flytekit and flyte-sdk keep pickled objects. */
const pickle = 'PythonPickle';

function fitReference(value: NativeValue, type: TypeOf<'blob' | 'dataset' | 'schema'>, path: string): Fit | Misfit {
  if (typeof value === 'string') {
    if (value === '') return misfit(value, type, path);
    if (type.kind === 'blob' && type.format === pickle)
      return misfit(value, type, path, 'the URL of a pickled object, which only Python writes');
    return attempt(() => located(checkedText(value, path), type), readable);
  }
  if (!isReference(value) || value.kind !== type.kind) return misfit(value, type, path);
  if (type.kind === 'blob' && value.kind === 'blob' && value.multipart !== type.multipart)
    return misfit(value, type, path, `a ${kindName(value)}`);
  return { literal: value, distance: exact };
}

function located(uri: string, type: TypeOf<'blob' | 'dataset' | 'schema'>): Literal {
  const { externalSchema } = type.kind === 'dataset' ? type : {};
  switch (type.kind) {
    case 'blob':
      return { kind: 'blob', uri, format: type.format, multipart: type.multipart };
    case 'dataset':
      return { kind: 'dataset', uri, format: type.format, columns: type.columns, ...(externalSchema && { externalSchema }) };
    case 'schema':
      return { kind: 'schema', uri, columns: type.columns };
  }
}

/** Whether an object that is given where a file or a dataset is declared is one, and whole. */
function isReference(value: NativeValue): value is Reference {
  if (typeof value !== 'object' || value === null || !('kind' in value) || !('uri' in value) || typeof value.uri !== 'string') return false;
  if (value.kind === 'schema') return 'columns' in value && Array.isArray(value.columns);
  if (!('format' in value) || typeof value.format !== 'string') return false;
  if (value.kind === 'dataset') return 'columns' in value && Array.isArray(value.columns);
  return value.kind === 'blob' && 'multipart' in value && typeof value.multipart === 'boolean';
}
