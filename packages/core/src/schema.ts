import type { StandardSchemaV1 } from '@standard-schema/spec';
import { AgentError } from './errors.ts';

/** A schema of any library that speaks Standard Schema (zod, valibot, arktype). Our agents use zod. */
export type Schema<Output> = StandardSchemaV1<unknown, Output>;

/**
 * Reads an untrusted value through a schema.
 *
 * @param subject what the value is, for the message: `template.custom`, `stored reference`
 * @throws AgentError INVALID_ARGUMENT that names every wrong field by its path
 */
export function parse<Output>(schema: Schema<Output>, value: unknown, subject: string): Output {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) throw new TypeError(`the schema of ${subject} is asynchronous; schemas of agents must not be`);
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map(({ message, path = [] }) => {
    const at = path.map((segment) => String(typeof segment === 'object' ? segment.key : segment)).join('.');
    return at === '' ? message : `${at}: ${message}`;
  });
  throw new AgentError({ code: 'INVALID_ARGUMENT', message: `${subject} is not valid: ${issues.join('; ')}` });
}

/**
 * The keys of an object that a schema does not look at: for the warning that a setting has no effect.
 *
 * A schema that takes every key looks at all of them.
 */
export function unreadKeys(schema: Schema<unknown>, value: object): readonly string[] {
  const read = new Set<PropertyKey>();
  const watched = new Proxy(value, {
    get: (target, key, receiver): unknown => {
      read.add(key);
      return Reflect.get(target, key, receiver);
    },
  });
  void schema['~standard'].validate(watched);
  return Object.keys(value).filter((key) => !read.has(key));
}
