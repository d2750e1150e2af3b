import { z } from 'zod';
import type { Connect } from './client.ts';
import type { Prices } from './convert/usage.ts';
import type { Identity } from './credentials.ts';

/** Where models are asked: OpenAI, or a service with its API. Only an operator names one. */
export interface Endpoint {
  /** What paths like `/chat/completions` are added to: `https://acme.openai.azure.com/openai/v1`. Tasks name it by this text. */
  readonly baseUrl: string;
  /** The secret that holds its API key; null: it wants none. Default: `FLYTE_OPENAI_API_KEY` for the default endpoint, none for others. */
  readonly secret?: string | null | undefined;
  /** Who the server is there, without a key. */
  readonly identity?: Identity | undefined;
}

/** Options of the agents. */
export interface OpenAIOptions {
  /** Makes clients. Default: the official SDK. */
  readonly connect?: Connect | undefined;
  /** Where tasks are done that name no endpoint. Default: https://api.openai.com/v1 */
  readonly endpoint?: Endpoint | undefined;
  /** Other endpoints that tasks may name (`base_url`). Default: none. */
  readonly endpoints?: readonly Endpoint[] | undefined;
  /** The longest answer that a task may ask for, in tokens; what tasks get that set no limit. Default: the model's own. */
  readonly maxOutputTokens?: number | undefined;
  /** How often a model may call the service's own tools for one answer. Default: as the task says. */
  readonly maxToolCalls?: number | undefined;
  /** Whether `messages` of a task's config stay before the message that it is given. Without, they have no effect, as in the Python agent. Default false. */
  readonly keepMessages?: boolean | undefined;
  /** Whether batches and responses tell project, domain, execution, node and attempt in their metadata. Default true. */
  readonly metadata?: boolean | undefined;
  /** What models cost, for estimates. Default: nothing is estimated. */
  readonly prices?: Prices | undefined;
}

const identity = z.union([z.literal('azure'), z.object({ identityProviderId: z.string().min(1), serviceAccountId: z.string().min(1) })]);
const endpoint = z
  .object({
    baseUrl: z.url({ protocol: /^https?$/ }),
    secret: z.string().min(1).nullish(),
    identity: identity.optional(),
  })
  .refine(({ secret, identity: who }) => (secret === undefined) !== (who === undefined), {
    message: 'needs a secret (null: it wants no key) or an identity',
  });
const price = z.object({
  input: z.number().nonnegative(),
  cachedInput: z.number().nonnegative().optional(),
  output: z.number().nonnegative().optional(),
});
const count = z.coerce.number().pipe(z.int().positive());

const environment = z.object({
  OPENAI_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  FLYTE_OPENAI_ENDPOINTS: fromJson(z.array(endpoint)).optional(),
  FLYTE_OPENAI_MAX_OUTPUT_TOKENS: count.optional(),
  FLYTE_OPENAI_MAX_TOOL_CALLS: count.optional(),
  FLYTE_OPENAI_KEEP_MESSAGES: z.stringbool().optional(),
  FLYTE_OPENAI_METADATA: z.stringbool().optional(),
  FLYTE_OPENAI_PRICES: fromJson(z.record(z.string(), price)).optional(),
});

/** The options that an operator sets in the server's environment. @throws ZodError that names a variable that cannot be read */
export function fromEnvironment(variables: Readonly<Record<string, string | undefined>>): OpenAIOptions {
  const read = environment.parse(variables);
  return {
    endpoint: read.OPENAI_BASE_URL === undefined ? undefined : { baseUrl: read.OPENAI_BASE_URL },
    endpoints: read.FLYTE_OPENAI_ENDPOINTS,
    maxOutputTokens: read.FLYTE_OPENAI_MAX_OUTPUT_TOKENS,
    maxToolCalls: read.FLYTE_OPENAI_MAX_TOOL_CALLS,
    keepMessages: read.FLYTE_OPENAI_KEEP_MESSAGES,
    metadata: read.FLYTE_OPENAI_METADATA,
    prices: read.FLYTE_OPENAI_PRICES,
  };
}

function fromJson<Value>(schema: z.ZodType<Value>): z.ZodType<Value, string> {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: 'custom', message: 'is not JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);
}
