import { AgentError, type Inputs, type JsonObject, type LiteralType, type Task, type Value } from '@flyte-agents/core';
import type { JobConfig, Parameter, ParameterType } from '../config.ts';
import { entriesOf, isList, toText, typeOf } from './values.ts';

/**
 * A query's parameters: the task's inputs, and those of its settings that no input replaces. An input that the settings name has
 * its type from there, because Flyte has none for `DATE`, `NUMERIC`, `STRUCT` and others.
 *
 * @throws AgentError INVALID_ARGUMENT that names an input that cannot be a parameter
 */
export function toQueryParameters({ template, config, inputs }: Task<JobConfig>): readonly Parameter[] {
  const names = [...inputs.literals.keys()];
  if (config.isPositional && names.length > 0) {
    throw invalid('custom.parameterMode', `positional parameters have no names, but there are inputs (${names.join(', ')})`);
  }
  const types = new Map(config.parameters.map(({ name, parameterType }) => [name, parameterType]));
  const fromInputs = names.map((name): Parameter => {
    const type = template.inputs.get(name)?.type;
    const value = toValue(inputs, name, type);
    const parameterType = types.get(name) ?? toParameterType(value, type, `input ${name}`);
    return { name, parameterType, parameterValue: toParameterValue(value, parameterType, `input ${name}`) };
  });
  return [...config.parameters.filter(({ name = '' }) => !names.includes(name)), ...fromInputs];
}

/** An input's value. Bytes are told from a pickle by the type. */
function toValue(inputs: Inputs, name: string, type: LiteralType | undefined): Value {
  const literal = inputs.literal(name);
  if (literal?.kind === 'binary' && literal.tag === '' && type?.kind === 'simple' && type.simple === 'BINARY') return literal.value;
  return inputs.value(name) ?? null;
}

/** As in the Python agents, a datetime is one without a zone, in UTC. */
const simpleTypes: Readonly<Partial<Record<string, string>>> = {
  INTEGER: 'INT64',
  FLOAT: 'FLOAT64',
  BOOLEAN: 'BOOL',
  DATETIME: 'DATETIME',
  DURATION: 'INTERVAL',
  BINARY: 'BYTES',
  STRUCT: 'JSON',
};

/** The declared type; that of the value where none is, or several are. */
function toParameterType(value: Value, declared: LiteralType | undefined, path: string): ParameterType {
  const type = variantOf(value, declared);
  if (type?.kind === 'collection' || (type === undefined && isList(value))) {
    const [first = null] = isList(value) ? value : [];
    const arrayType = toParameterType(first, type?.items, path);
    if (arrayType.type === 'ARRAY') throw invalid(path, 'BigQuery has no lists of lists; as JSON it may (see custom.queryParameters)');
    return { type: 'ARRAY', arrayType };
  }
  if (type === undefined) return { type: typeOf(value) };
  return { type: type.kind === 'map' ? 'JSON' : (type.kind === 'simple' && simpleTypes[type.simple]) || 'STRING' };
}

/** Of a union, its only type beside none; of several, the first one for a value that is none. */
function variantOf(value: Value, declared: LiteralType | undefined): LiteralType | undefined {
  if (declared?.kind !== 'union') return declared;
  const variants = declared.variants.filter((variant) => variant.kind !== 'simple' || variant.simple !== 'NONE');
  return value === null || variants.length === 1 ? variants[0] : undefined;
}

/** In the REST API's form, in which everything is a text. */
function toParameterValue(value: Value, { type, arrayType, structTypes }: ParameterType, path: string): JsonObject {
  if (value === null) return { value: null };
  if (arrayType && isList(value)) {
    return { arrayValues: value.map((item, index) => toParameterValue(item, arrayType, `${path}[${index}]`)) };
  }
  const entries = structTypes && entriesOf(value);
  if (entries) {
    const given = new Map(entries);
    const fields = structTypes.map(({ name = '', type: of }) => [name, toParameterValue(given.get(name) ?? null, of, `${path}.${name}`)]);
    return { structValues: Object.fromEntries(fields) };
  }
  const text = arrayType || structTypes ? undefined : toText(value, type);
  if (text === undefined) throw invalid(path, `is no value of BigQuery's type ${type}`);
  return { value: text };
}

function invalid(path: string, what: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message: `${path}: ${what}` });
}
