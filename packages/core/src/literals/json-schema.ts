import type { JsonObject, JsonValue } from './model.ts';
import { isObject } from './json.ts';

/** How many references and alternatives are followed: a schema may refer to itself. */
const mostBranches = 64;

/**
 * What a dataclass's or a model's JSON schema, which its declared type carries, says of a value: enough to tell a float that
 * happens to be whole from an integer, and one class from another.
 */
export class JsonSchema {
  readonly #root: JsonObject;
  /** The schema's alternatives, with references followed. */
  readonly #branches: readonly JsonObject[];
  readonly #properties = new Map<string, JsonSchema>();

  /** @param node a part of the schema; null: a part of which nothing is said */
  constructor(root: JsonObject, node: JsonObject | null = root) {
    this.#root = root;
    this.#branches = toBranches(root, node);
  }

  /** Whether this is the schema of a class: it names properties. */
  get isClass(): boolean {
    return this.#branches.some(({ properties }) => isObject(properties));
  }

  /** Whether a number there is a float. */
  get isFloat(): boolean {
    return this.#branches.some(isFloat) && !this.#branches.some(isInteger);
  }

  /** Of the items of a list. */
  get items(): JsonSchema {
    return this.#at(this.#branches.map((branch) => branch['items']));
  }

  /** Of the value of a key. */
  property(key: string): JsonSchema {
    const known = this.#properties.get(key);
    if (known !== undefined) return known;
    const property = this.#at(
      this.#branches.map((branch) => (isObject(branch['properties']) && own(branch['properties'], key)) || branch['additionalProperties']),
    );
    this.#properties.set(key, property);
    return property;
  }

  /** Whether an object with these keys has all that it needs, and nothing that is not mentioned. */
  fits(keys: readonly string[]): boolean {
    return this.#branches.some(({ properties, required }) => {
      if (!isObject(properties)) return false;
      const needed: readonly JsonValue[] = Array.isArray(required) ? required : [];
      return needed.every((key) => typeof key === 'string' && keys.includes(key)) && keys.every((key) => Object.hasOwn(properties, key));
    });
  }

  #at(nodes: readonly (JsonValue | undefined)[]): JsonSchema {
    return new JsonSchema(this.#root, nodes.find(isObject) ?? null);
  }
}

function toBranches(root: JsonObject, node: JsonObject | null): readonly JsonObject[] {
  const found: JsonObject[] = [];
  const open: (JsonValue | undefined)[] = [node];
  for (let i = 0; i < open.length && i < mostBranches; i++) {
    const schema = open[i];
    if (!isObject(schema)) continue;
    found.push(schema);
    if (typeof schema['$ref'] === 'string') open.push(referred(root, schema['$ref']));
    for (const list of [schema['anyOf'], schema['oneOf'], schema['allOf']]) if (Array.isArray(list)) open.push(...list);
  }
  return found;
}

/** What `#/$defs/Inner` refers to. */
function referred(root: JsonObject, reference: string): JsonValue | undefined {
  let node: JsonValue | undefined = root;
  for (const step of reference.split('/').slice(1)) node = isObject(node) ? own(node, step) : undefined;
  return node;
}

function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function isFloat({ type }: JsonObject): boolean {
  return type === 'number';
}

/** Old versions of flytekit wrote the format where others write the type. */
function isInteger({ type, format }: JsonObject): boolean {
  return type === 'integer' || format === 'integer';
}
