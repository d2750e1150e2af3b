import { Inputs, type IdempotencyKey, type LiteralMap, type LiteralType, type Task } from '@flyte-agents/core';
import { jobConfig, type JobConfig } from '../config.ts';

/** What tests want of a task. */
export interface TaskInit {
  readonly custom?: object;
  readonly sql?: string;
  readonly inputs?: LiteralMap | undefined;
  /** The declared types of inputs. */
  readonly types?: Readonly<Record<string, LiteralType | undefined>>;
  /** The declared types of outputs. */
  readonly outputs?: Readonly<Record<string, LiteralType | undefined>>;
  readonly timeoutMs?: number;
  readonly sdkVersion?: string;
}

/** A task as the server gives it to the agent. */
export function toTask({ custom = {}, sql = 'SELECT 1', inputs = new Map(), types = {}, outputs = {}, timeoutMs, sdkVersion = '1.16.31' }: TaskInit): Task<JobConfig> {
  const id = { org: '', project: 'flytesnacks', domain: 'development', name: 'report', version: 'v1' };
  const template = {
    id,
    type: 'bigquery_query_job_task',
    typeVersion: 0,
    custom: {},
    config: {},
    inputs: toVariables(types),
    outputs: toVariables(outputs),
    timeoutMs,
    retries: 0,
    interruptible: false,
    sdkVersion,
    container: undefined,
    sql,
  };
  const execution = { org: '', project: 'flytesnacks', domain: 'development', name: 'f3a9c1', node: 'n0', attempt: 1, namespace: '', labels: {}, annotations: {}, serviceAccount: '', environment: {} };
  return { template, config: toConfig({ ProjectID: 'p1', ...custom }), inputs: Inputs.of(inputs), outputPrefix: 's3://b/0', execution };
}

/** Settings as the agent reads them. @throws Error with the issues */
function toConfig(custom: object): JobConfig {
  const result = jobConfig['~standard'].validate(custom);
  if (result instanceof Promise || result.issues !== undefined) throw new Error(JSON.stringify(result));
  return result.value;
}

function toVariables(types: Readonly<Record<string, LiteralType | undefined>>): ReadonlyMap<string, { readonly type: LiteralType | undefined; readonly description: string }> {
  return new Map(Object.entries(types).map(([name, type]) => [name, { type, description: '' }]));
}


/** The key of some attempt. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it has the form of one
export const key = '0123456789abcdef0123456789abcdef' as IdempotencyKey;
