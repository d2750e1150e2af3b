import { Inputs, type IdempotencyKey, type JsonObject, type Literal, type LiteralType, type Schema, type Task } from '@flyte-agents/core';
import { batchConfig, chatConfig, type BatchConfig, type ChatConfig } from '../config.ts';

/** What tests want of a task. */
export interface TaskInit {
  /** What the task's author put into `chatgpt_config` beside the model. */
  readonly settings?: JsonObject;
  readonly inputs?: Readonly<Record<string, Literal>>;
  /** The declared types of outputs. */
  readonly outputs?: Readonly<Record<string, LiteralType>>;
}

export const text: LiteralType = { kind: 'simple', simple: 'STRING' };
export const dict: LiteralType = {
  kind: 'simple',
  simple: 'STRUCT',
  annotation: { 'cache-key-metadata': { 'serialization-format': 'msgpack' } },
};

/** The key of some attempt. */
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it has the form of one
export const key = '0123456789abcdef0123456789abcdef' as IdempotencyKey;

/** A question as the server gives it to the agent. */
export function toChatTask({ settings, inputs = said('Who are you?'), outputs = { o0: text } }: TaskInit = {}): Task<ChatConfig> {
  return toTask(chatConfig, { openai_organization: null, chatgpt_config: { model: 'gpt-4o-mini', ...settings } }, inputs, outputs);
}

/** A batch as the server gives it to the agent. */
export function toBatchTask(config: JsonObject = {}): Task<BatchConfig> {
  const inputs = { input_file_id: { kind: 'string', value: 'file-abc123' } } as const;
  return toTask(batchConfig, { openai_organization: 'org-123', config }, inputs, { result: dict });
}

/** The input that a question has. */
export function said(value: string): Readonly<Record<string, Literal>> {
  return { message: { kind: 'string', value } };
}

function toTask<Config>(
  schema: Schema<Config>,
  custom: JsonObject,
  inputs: Readonly<Record<string, Literal>>,
  outputs: Readonly<Record<string, LiteralType>>,
): Task<Config> {
  const config = schema['~standard'].validate(custom);
  if (config instanceof Promise || config.issues !== undefined) throw new Error(JSON.stringify(config));
  const names = { org: '', project: 'flytesnacks', domain: 'development', name: 'f3a9c1', version: 'v1' };
  return {
    template: {
      id: names,
      type: '',
      typeVersion: 0,
      custom,
      config: {},
      inputs: new Map(),
      outputs: new Map(Object.entries(outputs).map(([name, type]) => [name, { type, description: '' }])),
      timeoutMs: undefined,
      retries: 0,
      interruptible: false,
      sdkVersion: '1.16.31',
      container: undefined,
      sql: undefined,
    },
    config: config.value,
    inputs: Inputs.of(new Map(Object.entries(inputs))),
    outputPrefix: 's3://b/0',
    execution: { ...names, node: 'n0', attempt: 1, namespace: '', labels: {}, annotations: {}, serviceAccount: '', environment: {} },
  };
}
