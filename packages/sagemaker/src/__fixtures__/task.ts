import {
  Inputs,
  SecretSource,
  type Container,
  type CreateContext,
  type GetContext,
  type IdempotencyKey,
  type Literal,
  type Schema,
  type Task,
  type TaskExecution,
} from '@flyte-agents/core';
import { RecordingLogger } from '@flyte-agents/testing';
import { jobConfig, type JobConfig } from '../config.ts';

/** What tests want of a task. */
export interface TaskInit {
  readonly type?: string;
  readonly custom?: object;
  readonly inputs?: Readonly<Record<string, Literal>>;
  readonly container?: Partial<Container>;
  readonly execution?: Partial<TaskExecution>;
  readonly outputPrefix?: string;
  readonly hasOutputs?: boolean;
}

/** The output prefix of every task here. */
export const outputPrefix = 's3://b/n0/data/0';

/** A task of SageMaker's as the server gives it to the agent. */
export function toTask({ custom = {}, ...init }: TaskInit): Task<JobConfig> {
  return taskOf(toConfig(jobConfig, { region: 'us-east-2', ...custom }), init);
}

/** A task with settings that were read already. */
export function taskOf<Config>(config: Config, init: Omit<TaskInit, 'custom'> = {}): Task<Config> {
  const { type = 'sagemaker-training-job', inputs = {}, container, execution = {}, hasOutputs = false } = init;
  const id = { org: '', project: 'flytesnacks', domain: 'development', name: 'train', version: 'v1' };
  const template = {
    id,
    type,
    typeVersion: 0,
    custom: {},
    config: {},
    inputs: new Map(),
    outputs: new Map(hasOutputs ? [['o0', { type: undefined, description: '' }]] : []),
    timeoutMs: undefined,
    retries: 0,
    interruptible: false,
    sdkVersion: '1.16.31',
    container: container && { image: 'train:1', command: [], args: ['run'], environment: {}, requests: {}, limits: {}, ...container },
    sql: undefined,
  };
  const of = { org: '', project: 'flytesnacks', domain: 'development', name: 'f3a9c1', node: 'n0', attempt: 0 };
  const where = { namespace: '', labels: {}, annotations: {}, serviceAccount: '', environment: {} };
  return {
    template,
    config,
    inputs: Inputs.of(new Map(Object.entries(inputs))),
    outputPrefix: init.outputPrefix ?? outputPrefix,
    execution: { ...of, ...where, ...execution },
  };
}

/** Settings as an agent reads them. @throws Error with the issues */
export function toConfig<Config>(schema: Schema<Config>, custom: object): Config {
  const result = schema['~standard'].validate(custom);
  if (result instanceof Promise || result.issues !== undefined) throw new Error(JSON.stringify(result));
  return result.value;
}

/** The keys of two attempts. */
// oxlint-disable typescript/no-unsafe-type-assertion -- they have the form of one
export const key = '0123456789abcdef0123456789abcdef' as IdempotencyKey;
export const otherKey = 'fedcba9876543210fedcba9876543210' as IdempotencyKey;
// oxlint-enable typescript/no-unsafe-type-assertion

const nothing = async (): Promise<never> => {
  throw new Error('nothing is read here');
};

/** What the server gives to an agent with a task. */
export function contextOf(idempotencyKey: IdempotencyKey = key, store: Partial<GetContext['store']> = {}): CreateContext & GetContext {
  return {
    signal: new AbortController().signal,
    deadline: Date.now() + 10_000,
    project: 'flytesnacks',
    domain: 'development',
    secrets: new SecretSource({}, { files: false }).of({ project: 'flytesnacks', domain: 'development' }),
    fetch: nothing,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is not given is not called
    store: { read: nothing, stat: nothing, ...store } as GetContext['store'],
    logger: new RecordingLogger(),
    idempotencyKey,
    createdAt: Date.now(),
    outputPrefix,
  };
}
