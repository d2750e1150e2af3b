import { Inputs, type IdempotencyKey, type JsonObject, type Literal, type Task } from '@flyte-agents/core';
import { runConfig, type RunConfig } from '../config.ts';

// Keys are made by the core; this one has their form.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion
export const key = '0123456789abcdef0123456789abcdef' as IdempotencyKey;

/** What may differ in {@link exampleTask}. */
export interface ExampleOptions {
  readonly attempt?: number;
  readonly node?: string;
  readonly args?: readonly string[];
  /** Whether the task has a container. Default: it has. */
  readonly container?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  readonly inputs?: Readonly<Record<string, Literal>>;
}

/** A task of flytekit's Databricks plugin. */
export function exampleTask(custom: JsonObject, options: ExampleOptions = {}): Task<RunConfig> {
  const { attempt = 0, node = 'n0', args = ['pyflyte-execute', '--inputs', 'i'], container = true, environment = {}, inputs = {} } = options;
  const result = runConfig['~standard'].validate(custom);
  if (result instanceof Promise || result.issues !== undefined) throw new TypeError('the settings are refused');
  return {
    config: result.value,
    inputs: Inputs.of(new Map(Object.entries(inputs))),
    outputPrefix: `s3://bucket/f1/${node}/data/${attempt}`,
    execution: {
      org: 'o',
      project: 'p 1',
      domain: 'd',
      name: 'f1',
      node,
      attempt,
      namespace: 'p-d',
      labels: {},
      annotations: {},
      serviceAccount: '',
      environment,
    },
    template: {
      id: { org: 'o', project: 'p 1', domain: 'd', name: 'jobs.etl', version: 'v1' },
      type: 'databricks',
      typeVersion: 0,
      custom,
      config: {},
      inputs: new Map(),
      outputs: new Map(),
      timeoutMs: undefined,
      retries: 0,
      interruptible: false,
      sdkVersion: '',
      container: container
        ? { image: 'ghcr.io/acme/spark:v1', command: [], args, environment: { A: 'task' }, requests: {}, limits: {} }
        : undefined,
      sql: undefined,
    },
  };
}
