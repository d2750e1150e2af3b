import { Inputs, type Container, type IdempotencyKey, type Task, type TaskExecution } from '@flyte-agents/core';
import { jobConfig, type JobConfig } from '../config.ts';

/** What tests want of a task. */
export interface TaskInit {
  readonly custom?: object;
  readonly config?: Readonly<Record<string, string>>;
  readonly container?: Partial<Container> | undefined;
  readonly execution?: Partial<TaskExecution>;
  readonly timeoutMs?: number;
  readonly retries?: number;
}

/** The output prefix of every task here. */
export const outputPrefix = 's3://b/n0/data/0';

/** A task as the server gives it to the agent. */
export function toTask({ custom = {}, config = {}, container, execution = {}, timeoutMs, retries = 0 }: TaskInit): Task<JobConfig> {
  const id = { org: '', project: 'flytesnacks', domain: 'development', name: 'encode', version: 'v1' };
  const template = {
    id,
    type: 'aws-batch',
    typeVersion: 0,
    custom: {},
    config,
    inputs: new Map(),
    outputs: new Map(),
    timeoutMs,
    retries,
    interruptible: false,
    sdkVersion: '1.16.31',
    container: { image: 'ghcr.io/acme/tasks:v1', command: [], args: [], environment: {}, requests: {}, limits: {}, ...container },
    sql: undefined,
  };
  const of = { org: '', project: 'flytesnacks', domain: 'development', name: 'f3a9c1', node: 'n0', attempt: 1 };
  const where = { namespace: '', labels: {}, annotations: {}, serviceAccount: '', environment: {} };
  return { template, config: toConfig({ jobQueue: 'spot', ...custom }), inputs: Inputs.of(new Map()), outputPrefix, execution: { ...of, ...where, ...execution } };
}

/** Settings as the agent reads them. @throws Error with the issues */
export function toConfig(custom: object): JobConfig {
  const result = jobConfig['~standard'].validate(custom);
  if (result instanceof Promise || result.issues !== undefined) throw new Error(JSON.stringify(result));
  return result.value;
}

/** The key of some attempt. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it has the form of one
export const key = '0123456789abcdef0123456789abcdef' as IdempotencyKey;
