import {
  AsyncAgent,
  isTerminal,
  type AgentContext,
  type Check,
  type CreateContext,
  type GetContext,
  type JsonObject,
  type LogLink,
  type Resource,
  type Task,
} from '@flyte-agents/core';
import { chatConfig, responseRef, type ChatConfig, type Place, type ResponseRef } from './config.ts';
import {
  toBackgroundResource,
  toChatRequest,
  toChatResource,
  toEmbeddingRequest,
  toEmbeddingResource,
  toResponseRef,
  toResponseRequest,
  toResponseResource,
} from './convert.ts';
import { Endpoints } from './endpoints.ts';
import { rethrowSubmit, rethrow } from './errors.ts';
import type { OpenAIOptions } from './options.ts';
import { responsePhase } from './states.ts';

/** Asks a model: within a call, or as a response in the background where the engine polls and the task asks for that. */
export class OpenAIChatAgent extends AsyncAgent<ChatConfig, ResponseRef> {
  readonly name = 'OpenAI Chat Agent';
  readonly taskTypes = [{ name: 'chatgpt' }, { name: 'openai_chat_completion_task' }, { name: 'openai_chat_completion' }];
  readonly config = chatConfig;
  readonly ref = responseRef;
  readonly #options: OpenAIOptions;
  readonly #endpoints: Endpoints;

  constructor(options: OpenAIOptions = {}) {
    super();
    this.#options = options;
    this.#endpoints = new Endpoints(options);
  }

  override async prepare(): Promise<void> {
    await import('openai');
  }

  override runsAsJob({ config }: Task<ChatConfig>): boolean {
    return config.background;
  }

  override async do(task: Task<ChatConfig>, context: CreateContext): Promise<Resource> {
    const { prices } = this.#options;
    warnOfUnused(task, context, this.#options);
    const body = this.#body(task);
    const client = await this.#endpoints.forTask(task.config.place, context);
    const request = { key: context.idempotencyKey, signal: context.signal };
    switch (task.config.api) {
      case '/v1/chat/completions':
        return toChatResource(task, await client.complete(body, request).catch(rethrowSubmit('chat completion')), prices);
      case '/v1/responses':
        return toResponseResource(task, await client.respond(body, request).catch(rethrowSubmit('response')), prices);
      case '/v1/embeddings':
        return toEmbeddingResource(task, await client.embed(body, request).catch(rethrowSubmit('embeddings')), prices);
    }
  }

  async create(task: Task<ChatConfig>, context: CreateContext): Promise<ResponseRef> {
    const place = this.locate(task);
    warnOfUnused(task, context, this.#options);
    // What cannot be referred to must not be asked.
    toResponseRef(task, { id: '' }, place);
    const body = toResponseRequest(task, this.#options, true);
    const client = await this.#endpoints.forTask(place, context);
    return toResponseRef(task, await client.respond(body, { key: context.idempotencyKey }).catch(rethrowSubmit('response')), place);
  }

  async get(ref: ResponseRef, context: GetContext): Promise<Resource> {
    const client = await this.#endpoints.forJob(ref, context);
    const response = await client.response(ref.responseId, context.signal).catch(rethrow(`response ${ref.responseId}`));
    return toBackgroundResource(ref, response, { prices: this.#options.prices, link: this.links(ref)[0]?.uri });
  }

  async delete(ref: ResponseRef, context: AgentContext): Promise<void> {
    const { responseId: id } = ref;
    const client = await this.#endpoints.forJob(ref, context);
    const response = await client.response(id, context.signal).catch(rethrow(`response ${id}`));
    if (!isTerminal(responsePhase(response))) await client.cancelResponse(id).catch(rethrow(`cancel of response ${id}`));
  }

  override links(ref: ResponseRef): readonly LogLink[] {
    if (!this.#endpoints.hasPages(ref)) return [];
    return [{ name: 'OpenAI', uri: `https://platform.openai.com/logs/${encodeURIComponent(ref.responseId)}` }];
  }

  locate({ config }: Task<ChatConfig>): Place {
    return this.#endpoints.pinned(config.place);
  }

  /** Responses cannot be listed: one whose answer was lost stays lost, and ends by itself. */
  async find(): Promise<undefined> {
    return undefined;
  }

  override hostOf({ baseUrl }: Partial<Place>): string {
    return baseUrl ?? '';
  }

  override checks(): readonly Check[] {
    return this.#endpoints.checks('models', async (client, { signal }) => {
      const count = await client.countModels(signal).catch(rethrow('listing of models'));
      return `${count} models may be asked`;
    });
  }

  #body(task: Task<ChatConfig>): JsonObject {
    switch (task.config.api) {
      case '/v1/chat/completions':
        return toChatRequest(task, this.#options);
      case '/v1/responses':
        return toResponseRequest(task, this.#options, false);
      case '/v1/embeddings':
        return toEmbeddingRequest(task);
    }
  }
}

/** One warning names the settings that do not do what their names say. */
function warnOfUnused(
  { config: { settings } }: Task<ChatConfig>,
  { logger, idempotencyKey: key }: CreateContext,
  { keepMessages = false }: OpenAIOptions,
): void {
  const unused = ['stream', 'n', ...(keepMessages ? [] : ['messages', 'input'])].filter(
    (name) => (settings[name] ?? false) !== false && settings[name] !== 1,
  );
  if (unused.length > 0)
    logger.warn({ key, keys: unused }, 'OpenAI: settings of chatgpt_config have no effect: a task asks one question, and gets one answer');
}
