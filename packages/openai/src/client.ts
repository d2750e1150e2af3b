import { isUnsent, networkCode, toRetryAfterMs, type JsonObject } from '@flyte-agents/core';
import type { OpenAI } from 'openai';
import { z } from 'zod';
import { toCredentials, type Identity } from './credentials.ts';
import { OpenAIError } from './errors.ts';

/** What the agents ask of OpenAI, and of services with its API. Errors are {@link OpenAIError}s. */
export interface OpenAIClient extends ModelClient, BatchClient {}

/** Questions to models. */
export interface ModelClient {
  complete(body: JsonObject, request: Submit): Promise<Completion>;
  embed(body: JsonObject, request: Submit): Promise<Embeddings>;
  /** Answers at once, or in the background: then the answer is read with {@link response}. */
  respond(body: JsonObject, request: Submit): Promise<ModelResponse>;
  response(id: string, signal: AbortSignal): Promise<ModelResponse>;
  /** Stops a response in the background. */
  cancelResponse(id: string): Promise<void>;
  /** How many models may be asked. */
  countModels(signal: AbortSignal): Promise<number>;
}

/** Batches of questions. */
export interface BatchClient {
  /** Has no signal: a submit is never given up half-way. */
  createBatch(body: JsonObject, request: Submit): Promise<Batch>;
  batch(id: string, signal: AbortSignal): Promise<Batch>;
  /** A hundred batches, latest first. @param after the last one of the page before */
  batches(after: string | undefined, signal: AbortSignal): Promise<BatchPage>;
  cancelBatch(id: string): Promise<void>;
}

/** How something is sent that is done at most once. */
export interface Submit {
  /** Sent as Idempotency-Key. Whether the service heeds it is not documented. */
  readonly key: string;
  /** Ends work that nobody would fetch. Not given for what goes on without us. */
  readonly signal?: AbortSignal | undefined;
}

/** Makes the client of an endpoint. */
export type Connect = (access: Access) => Promise<OpenAIClient>;

/** What leads to an endpoint. */
export interface Access {
  readonly baseUrl: string;
  /** Null: the key's own. */
  readonly organization: string | null;
  /** `undefined`: the identity proves who asks, or nobody wants to know. */
  readonly apiKey: string | undefined;
  readonly identity: Identity | undefined;
}

const usageDetails = z.object({ cached_tokens: z.number().nullish(), reasoning_tokens: z.number().nullish() }).nullish();
const usage = z
  .object({
    prompt_tokens: z.number().nullish(),
    completion_tokens: z.number().nullish(),
    input_tokens: z.number().nullish(),
    output_tokens: z.number().nullish(),
    total_tokens: z.number().nullish(),
    prompt_tokens_details: usageDetails,
    completion_tokens_details: usageDetails,
    input_tokens_details: usageDetails,
    output_tokens_details: usageDetails,
  })
  .nullish();
const completion = z.object({
  id: z.string().nullish(),
  model: z.string().nullish(),
  choices: z.array(
    z.object({
      finish_reason: z.string().nullish(),
      message: z.object({
        content: z.string().nullish(),
        refusal: z.string().nullish(),
        tool_calls: z.array(z.unknown()).nullish(),
        function_call: z.unknown().optional(),
      }),
    }),
  ),
  usage,
});
const outputItem = z.object({
  type: z.string(),
  content: z.array(z.object({ type: z.string(), text: z.string().nullish(), refusal: z.string().nullish() })).nullish(),
});
const modelResponse = z.object({
  id: z.string(),
  model: z.string().nullish(),
  status: z.string().nullish(),
  error: z.object({ code: z.string().nullish(), message: z.string().nullish() }).nullish(),
  incomplete_details: z.object({ reason: z.string().nullish() }).nullish(),
  output: z.array(outputItem).nullish(),
  text: z.object({ format: z.object({ schema: z.record(z.string(), z.json()).nullish() }).nullish() }).nullish(),
  usage,
});
const models = z.object({ data: z.array(z.unknown()) });
const embeddings = z.object({
  model: z.string().nullish(),
  data: z.array(z.object({ index: z.int(), embedding: z.array(z.number()) })),
  usage,
});
const batchError = z.object({ code: z.string().nullish(), line: z.number().nullish(), message: z.string().nullish() });
const batchFields = z.object({
  id: z.string(),
  status: z.string(),
  model: z.string().nullish(),
  completion_window: z.string().nullish(),
  created_at: z.number().nullish(),
  in_progress_at: z.number().nullish(),
  output_file_id: z.string().nullish(),
  error_file_id: z.string().nullish(),
  errors: z.object({ data: z.array(batchError).nullish() }).nullish(),
  metadata: z.record(z.string(), z.string()).nullish(),
  request_counts: z.object({ total: z.number(), completed: z.number(), failed: z.number() }).nullish(),
  usage,
});
/** The task's user is given all of it. */
const batch = z.record(z.string(), z.json()).transform((record) => ({ ...batchFields.parse(record), record: record satisfies JsonObject }));
const batchPage = z.object({ data: z.array(batch), has_more: z.boolean().nullish() });

/** What a model answered by the chat completions API: only what the agent reads. */
export type Completion = z.infer<typeof completion>;
/** What a model answers, or is still working on, by the responses API. */
export type ModelResponse = z.infer<typeof modelResponse>;
export type Embeddings = z.infer<typeof embeddings>;
/** How many tokens were used, in the words of either API. */
export type Usage = z.infer<typeof usage>;
/** A batch: what the agent reads, and `record`, all that the service says. */
export type Batch = z.infer<typeof batch>;
export type BatchPage = z.infer<typeof batchPage>;

/** After this, a request without an answer is given up, in milliseconds. */
const requestLimitMs = 60_000;
/** A model may think for long; who asks for it ends it by its signal. */
const thinkingLimitMs = 600_000;

/** The official SDK, its own retries off: the core retries, because it alone knows how much time is left. */
export const connect: Connect = async (access) => {
  const sdk = await import('openai');
  const { baseUrl: baseURL, organization } = access;
  const client = new sdk.OpenAI({
    ...(await toCredentials(access)),
    baseURL,
    ...(organization !== null && { organization }),
    adminAPIKey: null,
    maxRetries: 0,
    timeout: requestLimitMs,
    // Its debug log would tell what is asked and answered.
    logLevel: 'off',
  });
  return new SdkClient(client, sdk);
};

type Sdk = typeof import('openai');

/** Sends requests as they are: the SDK's typed methods know only settings of their own version. */
class SdkClient implements OpenAIClient {
  readonly #client: OpenAI;
  readonly #sdk: Sdk;

  constructor(client: OpenAI, sdk: Sdk) {
    this.#client = client;
    this.#sdk = sdk;
  }

  async complete(body: JsonObject, request: Submit): Promise<Completion> {
    return this.#submit(completion, '/chat/completions', body, request);
  }

  async embed(body: JsonObject, request: Submit): Promise<Embeddings> {
    return this.#submit(embeddings, '/embeddings', body, request);
  }

  async respond(body: JsonObject, request: Submit): Promise<ModelResponse> {
    return this.#submit(modelResponse, '/responses', body, request);
  }

  async response(id: string, signal: AbortSignal): Promise<ModelResponse> {
    return this.#ask(modelResponse, () => this.#client.get(`/responses/${encodeURIComponent(id)}`, { signal }));
  }

  async cancelResponse(id: string): Promise<void> {
    await this.#ask(z.unknown(), () => this.#client.post(`/responses/${encodeURIComponent(id)}/cancel`));
  }

  async countModels(signal: AbortSignal): Promise<number> {
    const { data } = await this.#ask(models, () => this.#client.get('/models', { signal }));
    return data.length;
  }

  async createBatch(body: JsonObject, request: Submit): Promise<Batch> {
    return this.#submit(batch, '/batches', body, request);
  }

  async batch(id: string, signal: AbortSignal): Promise<Batch> {
    return this.#ask(batch, () => this.#client.get(`/batches/${encodeURIComponent(id)}`, { signal }));
  }

  async batches(after: string | undefined, signal: AbortSignal): Promise<BatchPage> {
    const query = { limit: 100, ...(after !== undefined && { after }) };
    return this.#ask(batchPage, () => this.#client.get('/batches', { query, signal }));
  }

  async cancelBatch(id: string): Promise<void> {
    await this.#ask(z.unknown(), () => this.#client.post(`/batches/${encodeURIComponent(id)}/cancel`));
  }

  async #submit<Answer>(answer: z.ZodType<Answer>, path: string, body: JsonObject, { key, signal }: Submit): Promise<Answer> {
    // By hand: the SDK's own option for it sends nothing.
    const headers = { 'Idempotency-Key': key };
    const limits = signal === undefined ? {} : { signal, timeout: thinkingLimitMs };
    return this.#ask(answer, () => this.#client.post(path, { body, headers, ...limits }));
  }

  async #ask<Answer>(answer: z.ZodType<Answer>, send: () => Promise<unknown>): Promise<Answer> {
    try {
      return answer.parse(await send());
    } catch (error) {
      throw toOpenAIError(error, this.#sdk);
    }
  }
}

function toOpenAIError(cause: unknown, sdk: Sdk): OpenAIError {
  if (cause instanceof sdk.OAuthError) return new OpenAIError(cause.message, { from: 'credentials', status: cause.status, cause });
  if (cause instanceof sdk.APIUserAbortError) return new OpenAIError('the call was given up', { from: 'nobody', cause });
  if (cause instanceof sdk.APIConnectionError) {
    const code = networkCode(cause);
    const message = `no answer (${code ?? 'the connection broke'})`;
    return new OpenAIError(message, { from: 'nobody', isUnsent: isUnsent(code), cause });
  }
  if (cause instanceof sdk.APIError) return toRefusal(cause);
  // Nothing was sent: there is nothing to prove with who asks.
  if (cause instanceof sdk.OpenAIError) return new OpenAIError(cause.message, { from: 'credentials', cause });
  return new OpenAIError('the answer is not one of this API, or was cut off', { from: 'nobody', cause });
}

function toRefusal(cause: InstanceType<Sdk['APIError']>): OpenAIError {
  const said: unknown = cause.error;
  const { message } = refusal.safeParse(said).data ?? {};
  const reason = cause.code ?? cause.type;
  return new OpenAIError(message ?? '', {
    from: message === undefined ? 'nobody' : 'service',
    status: cause.status,
    ...(typeof reason === 'string' && { reason }),
    retryAfterMs: toWaitMs(cause.headers),
    cause,
  });
}

const refusal = z.object({ message: z.string() });

/** In OpenAI's own header, in milliseconds, or in the usual one. */
function toWaitMs(headers: Headers | undefined): number | undefined {
  const milliseconds = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  return Number.isFinite(milliseconds) ? milliseconds : toRetryAfterMs(headers?.get('retry-after'));
}
