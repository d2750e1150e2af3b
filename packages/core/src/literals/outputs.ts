import type { TaskTemplate } from '../task.ts';
import { toLiteral } from './encode.ts';
import { invalid } from './invalid.ts';
import type { Literal, LiteralType } from './model.ts';
import { isOptional, typeName } from './names.ts';
import type { NativeObject } from './native.ts';

/**
 * A task's outputs out of plain values, each as the task declares it. An Optional output that is not given is none.
 *
 * @param template what declares the outputs
 * @throws AgentError INVALID_ARGUMENT for a value that is not of its declared type, one that is missing, one that is not declared
 */
export function toOutputs({ outputs }: Pick<TaskTemplate, 'outputs'>, values: NativeObject): Readonly<Record<string, Literal>> {
  const unknown = Object.keys(values).find((name) => values[name] !== undefined && !outputs.has(name));
  if (unknown !== undefined) {
    const known = outputs.size === 0 ? 'it declares none' : `it declares ${[...outputs.keys()].join(', ')}`;
    throw invalid(`output ${unknown}`, `expected an output of the task (${known}), got one that it does not declare`);
  }
  return Object.fromEntries(
    [...outputs].map(([name, { type }]) => {
      const path = `output ${name}`;
      if (type === undefined) throw invalid(path, 'expected a declared type, got none that is known here');
      const value = Object.hasOwn(values, name) ? values[name] : undefined;
      if (value === undefined && !isOptional(type)) throw invalid(path, `expected ${typeName(type)}, got nothing`);
      return [name, toLiteral(value ?? null, type, path)] as const;
    }),
  );
}

/** The type of an output that is a Python dict, for agents that answer where the task's declarations are not at hand. */
export const dictType: LiteralType = {
  kind: 'simple',
  simple: 'STRUCT',
  annotation: { 'cache-key-metadata': { 'serialization-format': 'msgpack' } },
};
