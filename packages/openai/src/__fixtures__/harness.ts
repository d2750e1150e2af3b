import { AgentRegistry, Call, Checkup, Dispatcher, Metrics, SecretSource, type Finding, type JsonObject, type Literal, type Resource } from '@flyte-agents/core';
import { RecordingLogger, TaskRequests, type Path } from '@flyte-agents/testing';
import { OpenAIChatAgent } from '../agent.ts';
import { OpenAIBatchAgent } from '../batch-agent.ts';
import type { Access, OpenAIClient } from '../client.ts';
import { OpenAIError } from '../errors.ts';
import type { OpenAIOptions } from '../options.ts';
import { said } from './task.ts';

/** What a test gives the agents. */
export interface HarnessOptions {
  /** What it answers; everything else is a defect of the test. */
  readonly client?: Partial<OpenAIClient>;
  readonly options?: OpenAIOptions;
  /** The server's secrets. Default: an API key. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Default: there is no store. */
  readonly writeOutputs?: (prefix: string, outputs: object) => Promise<void>;
}

/** What a test asks. */
export interface Asked {
  readonly settings?: JsonObject;
  /** In place of all settings. */
  readonly custom?: JsonObject;
  readonly type?: string;
  readonly inputs?: Readonly<Record<string, Literal>>;
  readonly path?: Path;
  /** Names another execution. */
  readonly execution?: string;
  readonly timeoutMs?: number;
}

/** A server's inside with both agents, and a service that does as it is told. */
export class Harness {
  readonly logger = new RecordingLogger();
  /** Every access that a client was made with. */
  readonly accesses: Access[] = [];
  readonly #dispatcher: Dispatcher;
  readonly #agents: readonly (OpenAIChatAgent | OpenAIBatchAgent)[];
  readonly #checkup: Checkup;

  constructor({ client = {}, options = {}, secrets = { FLYTE_OPENAI_API_KEY: 'sk-test-key' }, writeOutputs }: HarnessOptions = {}) {
    const connect = async (access: Access): Promise<OpenAIClient> => {
      this.accesses.push(access);
      return { ...silent, ...client };
    };
    const all = { connect, ...options };
    this.#agents = [new OpenAIChatAgent(all), new OpenAIBatchAgent(all)];
    const source = new SecretSource(secrets, { files: false });
    this.#checkup = new Checkup({ project: 'flytesnacks', domain: 'development', limitMs: 1000, secrets: source });
    this.#dispatcher = new Dispatcher({
      registry: new AgentRegistry(this.#agents),
      logger: this.logger,
      metrics: new Metrics(),
      secrets: source,
      writeOutputs,
    });
  }

  /** What doctor finds. */
  async findings(): Promise<readonly Finding[]> {
    return Promise.all(this.#agents.flatMap((agent) => agent.checks()).map((check) => this.#checkup.run(check)));
  }

  async execute(asked: Asked = {}): Promise<Resource> {
    const call = toCall(asked);
    return this.#dispatcher.execute(toRequest(asked), call).finally(() => call.end());
  }

  /** The reference, as its JSON. */
  async create(asked: Asked = {}): Promise<string> {
    const call = toCall(asked);
    const reference = await this.#dispatcher.create(toRequest(asked), call).finally(() => call.end());
    return new TextDecoder().decode(reference);
  }

  async get(reference: string | Uint8Array, { type = 'chatgpt' }: Asked = {}): Promise<Resource> {
    const call = new Call();
    return this.#dispatcher.get({ taskType: type, reference: toBytes(reference), outputPrefix: 's3://b/0' }, call).finally(() => call.end());
  }

  async delete(reference: string | Uint8Array, { type = 'chatgpt' }: Asked = {}): Promise<void> {
    const call = new Call();
    await this.#dispatcher.delete({ taskType: type, reference: toBytes(reference), outputPrefix: '' }, call).finally(() => call.end());
  }
}

/** An error as the service answers it. */
export function refusal(status: number, reason: string, retryAfterMs?: number): OpenAIError {
  return new OpenAIError('why', { from: 'service', status, reason, retryAfterMs });
}

function toCall({ timeoutMs }: Asked): Call {
  return new Call(timeoutMs === undefined ? undefined : Date.now() + timeoutMs);
}

function toRequest({ settings, custom, type = 'chatgpt', inputs = said('Who are you?'), path = 'flyte1', execution = 'f1' }: Asked) {
  const isBatch = type === 'openai-batch';
  const all = isBatch ? { config: { ...settings } } : { chatgpt_config: { model: 'gpt-4o-mini', ...settings } };
  const given = isBatch ? { input_file_id: { kind: 'string', value: 'file-abc123' } as const } : inputs;
  const outputs = isBatch ? {} : { o0: { kind: 'string', value: '' } as const };
  return new TaskRequests({ type, custom: custom ?? all, inputs: given, outputs }, path).neutral({ execution, node: 'n0', number: 0 });
}

function toBytes(reference: string | Uint8Array): Uint8Array {
  return typeof reference === 'string' ? new TextEncoder().encode(reference) : reference;
}

const silent: OpenAIClient = {
  complete: unexpected,
  embed: unexpected,
  respond: unexpected,
  response: unexpected,
  cancelResponse: unexpected,
  countModels: unexpected,
  createBatch: unexpected,
  batch: unexpected,
  batches: unexpected,
  cancelBatch: unexpected,
};

async function unexpected(): Promise<never> {
  throw new Error('the test did not expect this request');
}
