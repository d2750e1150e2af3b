import type { JsonObject, JsonValue, Schema } from '@flyte-agents/core';
import { z } from 'zod';

/** Which of the service's APIs answers. */
type Api = '/v1/chat/completions' | '/v1/responses' | '/v1/embeddings';

/** Which endpoint is asked, and in whose name. A type, not an interface: it is JSON. */
export type Place = {
  /** The organization that pays. Null: the key's own. */
  readonly organization: string | null;
  /** One of the operator's endpoints. Null: the default one; of what is under way, that was so before endpoints were written down. */
  readonly baseUrl: string | null;
};

/** What a question to a model is asked with: flytekit's `ChatGPTTask`, and what this agent adds to it. */
export interface ChatConfig {
  readonly place: Place;
  readonly api: Api;
  /** Whether it runs as a job of the service where the engine polls: it may take longer than a call. */
  readonly background: boolean;
  readonly model: string;
  /** All other settings of the API, as its documentation names them. */
  readonly settings: JsonObject;
}

/** What a batch is made with: flytekit's `BatchEndpointTask`. */
export interface BatchConfig {
  readonly place: Place;
  readonly metadata: Readonly<Record<string, string>>;
  /** `endpoint`, `completion_window` and all other settings of the API. */
  readonly settings: JsonObject;
}

/** What the engine stores of a batch. */
export type BatchRef = Place & { readonly batchId: string };

/** How an output is declared, where the task's template is not at hand. */
export type OutputType = 'STRING' | 'STRUCT';

/** What the engine stores of a response in the background. */
export type ResponseRef = Place & {
  readonly responseId: string;
  readonly outputs: Readonly<Record<string, OutputType>>;
  /** Whether the task itself set how long the answer may be. */
  readonly hasLimit: boolean;
  /** 0 for the first attempt. */
  readonly attempt: number;
};

const json: z.ZodType<JsonValue> = z.json();
const organization = z.string().min(1).nullish();
const baseUrl = z.url({ protocol: /^https?$/ }).nullish();

/** Reads the template's `custom`. Null means not set. */
export const chatConfig: Schema<ChatConfig> = z
  .looseObject({
    openai_organization: organization,
    chatgpt_config: z
      .object({
        model: z.string().min(1),
        endpoint: z.enum(['/v1/chat/completions', '/v1/responses', '/v1/embeddings']).nullish(),
        background: z.boolean().nullish(),
        base_url: baseUrl,
      })
      .catchall(json)
      .refine(({ endpoint, background }) => !background || (endpoint ?? '/v1/responses') === '/v1/responses', {
        path: ['background'],
        message: 'only /v1/responses has a background',
      }),
  })
  .transform(({ openai_organization, chatgpt_config: { model, endpoint, background, base_url, ...settings } }) => ({
    place: { organization: openai_organization ?? null, baseUrl: base_url ?? null },
    api: endpoint ?? (background ? '/v1/responses' : '/v1/chat/completions'),
    background: background ?? false,
    model,
    settings,
  }));

const metadata = z.record(z.string(), z.string()).nullish();
const batchSettings = z
  .object({
    completion_window: z.string().min(1).nullish(),
    endpoint: z.string().startsWith('/v1/').nullish(),
    metadata,
    output_expires_after: z.object({ anchor: z.string(), seconds: z.int().positive() }).nullish(),
    base_url: baseUrl,
  })
  .catchall(json);

/** Reads the template's `custom`. Null means not set. */
export const batchConfig: Schema<BatchConfig> = z
  .looseObject({ openai_organization: organization, config: batchSettings.nullish() })
  .transform(({ openai_organization, config }) => {
    const { completion_window, endpoint, output_expires_after, metadata: own, base_url, ...others } = config ?? {};
    return {
      place: { organization: openai_organization ?? null, baseUrl: base_url ?? null },
      metadata: own ?? {},
      settings: {
        ...others,
        completion_window: completion_window ?? '24h',
        endpoint: endpoint ?? '/v1/chat/completions',
        ...(output_expires_after && { output_expires_after }),
      },
    };
  });

/** Reads where a batch or a response is. */
export const place: z.ZodObject<{ organization: z.ZodNullable<z.ZodString>; baseUrl: z.ZodNullable<z.ZodString> }> = z.object({
  organization: z.string().nullable(),
  baseUrl: z.string().nullable(),
});

/** Reads the stored reference. */
export const batchRef: Schema<BatchRef> = place.extend({ batchId: z.string().min(1) });

/** Reads the stored reference. */
export const responseRef: Schema<ResponseRef> = place.extend({
  responseId: z.string().min(1),
  outputs: z.record(z.string(), z.enum(['STRING', 'STRUCT'])),
  hasLimit: z.boolean(),
  attempt: z.int().nonnegative(),
});
