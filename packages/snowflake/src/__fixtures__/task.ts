import { Inputs, type IdempotencyKey, type Literal, type LiteralType, type Task, type TaskTemplate } from '@flyte-agents/core';
import { jobConfig, type JobConfig } from '../config.ts';

/** What tests want of a task. */
export interface TaskInit {
  readonly custom?: object;
  readonly config?: Readonly<Record<string, string>>;
  readonly sql?: string;
  readonly inputs?: Readonly<Record<string, Literal>>;
  readonly outputs?: Readonly<Record<string, LiteralType>>;
  readonly timeoutMs?: number;
}

/** What flyte-sdk registers. */
export const custom = { account: 'ORG-ACC', user: 'FLYTE', database: 'DB', schema: 'PUBLIC', warehouse: 'WH' };

/** The key of some attempt. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it has the form of one
export const key = '0123456789abcdef0123456789abcdef' as IdempotencyKey;

/** A task as the server gives it to the agent. */
export function toTask({ custom: settings = custom, config = {}, sql = 'SELECT 1', inputs = {}, outputs = {}, timeoutMs }: TaskInit = {}): Task<JobConfig> {
  const of = { org: '', project: 'flytesnacks', domain: 'development' };
  const template: TaskTemplate = {
    id: { ...of, name: 'report', version: 'v1' },
    type: 'snowflake',
    typeVersion: 0,
    custom: {},
    config,
    inputs: new Map(),
    outputs: new Map(Object.entries(outputs).map(([name, type]) => [name, { type, description: '' }])),
    timeoutMs,
    retries: 0,
    interruptible: false,
    sdkVersion: '2.12.1',
    container: undefined,
    sql,
  };
  const execution = { ...of, name: 'f3a9c1', node: 'n0', attempt: 1, namespace: '', labels: {}, annotations: {}, serviceAccount: '', environment: {} };
  return { template, config: toConfig(settings), inputs: Inputs.of(new Map(Object.entries(inputs))), outputPrefix: 's3://b/1', execution };
}

/** Settings as the agent reads them. @throws Error with the issues */
export function toConfig(settings: object): JobConfig {
  const result = jobConfig['~standard'].validate(settings);
  if (result instanceof Promise || result.issues !== undefined) throw new Error(JSON.stringify(result));
  return result.value;
}
