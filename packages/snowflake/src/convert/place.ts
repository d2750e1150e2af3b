import type { Task } from '@flyte-agents/core';
import { toAccount, toOrigin } from '../account.ts';
import type { JobConfig, JobPlace, OutputType } from '../config.ts';
import { toAuthenticator } from '../credentials.ts';
import type { SnowflakeAgentOptions } from '../options.ts';
import { invalid } from './render.ts';

const columnTypes: ReadonlySet<string> = new Set(['INTEGER', 'FLOAT', 'STRING', 'BOOLEAN', 'DATETIME']);

/** Who runs the task's query where, and what is wanted of it. @throws AgentError INVALID_ARGUMENT that names a setting or an output */
export function toPlace(task: Task<JobConfig>, options: SnowflakeAgentOptions): JobPlace {
  const { config, template } = task;
  const { host, port, protocol = 'https' } = config.options;
  const ofConfig = (name: string): string | undefined => template.config[name] || undefined;
  const required = (name: 'account' | 'user' | 'database' | 'warehouse'): string => {
    const value = config[name] ?? ofConfig(name);
    if (value === undefined)
      throw invalid(name, 'is missing: it stands in the config of a task of flytekit, in custom of one of flyte-sdk');
    return value;
  };
  const account = required('account');
  toAccount(account);
  const origin = host === undefined ? null : toHostUrl(host, port, protocol);
  const authenticator = config.options.authenticator ?? config.authenticator ?? ofConfig('authenticator') ?? null;
  if (authenticator !== null) toAuthenticator(authenticator);
  const place: JobPlace = {
    account,
    user: required('user'),
    database: required('database'),
    schema: config.schema ?? ofConfig('schema') ?? 'PUBLIC',
    warehouse: required('warehouse'),
    role: config.options.role ?? config.role ?? ofConfig('role') ?? null,
    authenticator,
    origin,
    sdk: config.account === undefined ? 'flytekit' : 'flyte-sdk',
    outputs: Object.fromEntries([...template.outputs].map(([name, { type }]) => [name, toOutputType(name, type)])),
  };
  toOrigin(place, options);
  return place;
}

function toHostUrl(host: string, port: number | undefined, protocol: string): string {
  const url = `${protocol}://${host}${port === undefined ? '' : `:${port}`}`;
  // Nothing but a host: no path, no user.
  if (/^[\w.-]+$/.test(host) && URL.canParse(url)) return new URL(url).origin;
  throw invalid('connection_kwargs.host', 'expected the name of a host');
}

function toOutputType(
  name: string,
  type: Task<unknown>['template']['outputs'] extends ReadonlyMap<string, infer Variable>
    ? Variable extends { type: infer Type }
      ? Type
      : never
    : never,
): OutputType {
  if (type === undefined || type.kind === 'dataset' || type.kind === 'schema') return 'TABLE';
  if (type.kind === 'simple' && columnTypes.has(type.simple)) return type.simple;
  if (type.kind === 'collection' && type.items.kind === 'simple' && columnTypes.has(type.items.simple)) return { list: type.items.simple };
  const column = 'INTEGER, FLOAT, STRING, BOOLEAN or DATETIME, a column of its only row, or a list of one of these, a column of all rows';
  const expected = `a structured dataset, which is the result, or ${column}`;
  throw invalid(`output ${name}`, `expected ${expected}`);
}
