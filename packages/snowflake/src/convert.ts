import { createHash } from 'node:crypto';
import type { IdempotencyKey, Inputs, JsonObject, Task } from '@flyte-agents/core';
import type { NewStatement } from './client.ts';
import type { JobConfig, JobPlace } from './config.ts';
import { toBatch } from './convert/batch.ts';
import { hasBindings, toBound } from './convert/bindings.ts';
import { invalid, renderStatement, type Value } from './convert/render.ts';

export { neededPartitions } from './convert/columns.ts';
export { toPlace } from './convert/place.ts';
export { toLink, toResource } from './convert/resource.ts';

/** The namespace of our request ids. */
const namespace = Buffer.from('6f2c9d1f3ab84b0d9d5c0e6b2f4a7c18', 'hex');
/** Snowflake takes statements of at most so many bytes. */
const longestStatement = 1024 * 1024;
/** In characters: https://docs.snowflake.com/en/sql-reference/parameters#query-tag */
const longestTag = 2000;

/** A request's id: that of an attempt is always the same, and Snowflake runs each once. A UUID of version 5. */
export function toRequestId(key: IdempotencyKey): string {
  const bytes = createHash('sha1').update(namespace).update(key).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** How the tag of an attempt's statement begins. */
export function toTagStart(key: IdempotencyKey): string {
  return `{"flyte_key":"${key}"`;
}

/** The statement that a task asks for. @throws AgentError INVALID_ARGUMENT for inputs that it cannot take */
export function toNewStatement(task: Task<JobConfig>, place: JobPlace, key: IdempotencyKey): NewStatement {
  const { parameters } = task.config.options;
  const { timeoutMs } = task.template;
  const { statement, bindings } = toSql(task);
  if (Buffer.byteLength(statement) > longestStatement) {
    throw invalid(
      'the statement',
      `has more than ${longestStatement} bytes with its inputs, which Snowflake does not take: load the rows from a stage`,
    );
  }
  const body = {
    statement,
    ...(bindings && { bindings }),
    database: toIdentifier(place.database),
    schema: toIdentifier(place.schema),
    warehouse: toIdentifier(place.warehouse),
    ...(place.role !== null && { role: toIdentifier(place.role) }),
    ...(timeoutMs !== undefined && timeoutMs > 0 && { timeout: Math.ceil(timeoutMs / 1000) }),
    parameters: { ...withoutTag(parameters), QUERY_TAG: toTag(task, key) },
  };
  return { requestId: toRequestId(key), body };
}

function toSql({ template, config, inputs }: Task<JobConfig>): { readonly statement: string; readonly bindings?: JsonObject } {
  const { sql = '' } = template;
  if (sql.trim() === '') throw invalid('template.sql.statement', 'is empty');
  const values = toValues(inputs);
  if (config.batch && values.size > 0) {
    const batch = toBatch(sql, values);
    return { statement: renderStatement(batch.statement, batch.values) };
  }
  if (/%\([^)]*\)/.test(sql) || !hasBindings(sql, values)) return { statement: renderStatement(sql, values) };
  return toBound(sql, values);
}

function toValues(inputs: Inputs): ReadonlyMap<string, Value> {
  return new Map([...inputs.literals.keys()].map((name) => [name, inputs.value(name) ?? null]));
}

/** The SQL API takes names as they are; everywhere else in Snowflake, one without quotes is in upper case. */
export function toIdentifier(name: string): string {
  const [, quoted] = /^"((?:[^"]|"")+)"$/.exec(name) ?? [];
  return quoted === undefined ? name.toUpperCase() : quoted.replaceAll('""', '"');
}

function withoutTag(parameters: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => name.toUpperCase() !== 'QUERY_TAG'));
}

/** Whose query it is, for people who look at queries and at bills, and for the look-up by its key. The task's own tag is a part of it. */
function toTag({ config, execution, template }: Task<JobConfig>, key: IdempotencyKey): string {
  const { project, domain, name, node, attempt } = execution;
  const own = Object.entries(config.options.parameters).find(([parameter]) => parameter.toUpperCase() === 'QUERY_TAG');
  const of = { project, domain, execution: name, node, task: template.id.name };
  const known = Object.entries(of).flatMap(([word, value]) => (value === '' ? [] : [[word, value.slice(0, 200)]]));
  const tag = JSON.stringify({ flyte_key: key, ...Object.fromEntries(known), attempt, ...(own && { tag: own[1] }) });
  if (tag.length <= longestTag) return tag;
  throw invalid(
    'connection_kwargs.session_parameters.QUERY_TAG',
    `leaves no room for the execution in the ${longestTag} characters of a tag`,
  );
}
