import { isUnsent, RequestError, toRetryAfterMs } from '@flyte-agents/core';
import { z } from 'zod';

/** A request that failed, as a client of an agent says it. */
export class AwsRequestError extends RequestError {}

/** What the SDK's errors have beside their message. */
const sdkError = z.object({
  name: z.string(),
  message: z.string(),
  code: z.string().nullish(),
  $fault: z.string().nullish(),
  $metadata: z.object({ httpStatusCode: z.number().nullish() }).nullish(),
  $response: z.object({ headers: z.record(z.string(), z.string()).nullish() }).nullish(),
});

/** A client of the SDK, as far as requests need to know it. */
interface Credentialed {
  readonly config: { readonly credentials: () => Promise<unknown> };
}

/**
 * Sends a request by the SDK, and checks its answer.
 *
 * @throws AwsRequestError also when the answer is not one of AWS
 */
export async function request<Answer>(client: Credentialed, answer: z.ZodType<Answer>, send: () => Promise<unknown>): Promise<Answer> {
  try {
    // Beforehand, so that it is known what failed: credentials are kept until they run out.
    await client.config.credentials();
  } catch (error) {
    throw toRequestError(error, 'credentials');
  }
  try {
    return answer.parse(await send());
  } catch (error) {
    throw toRequestError(error, 'service');
  }
}

function toRequestError(cause: unknown, from: 'service' | 'credentials'): AwsRequestError {
  if (cause instanceof z.ZodError) return new AwsRequestError('the answer is not one of AWS', { from: 'nobody', cause });
  const { data: error } = sdkError.safeParse(cause);
  if (error === undefined) return new AwsRequestError(String(cause), { from: 'nobody', cause });
  const { name, message, code, $fault, $metadata, $response } = error;
  if (from === 'credentials')
    return new AwsRequestError(`${name}: ${message}`, { from, reason: name, status: $metadata?.httpStatusCode ?? undefined, cause });
  // Nobody could be asked: the server's own settings are at fault.
  if (message.includes('Region is missing'))
    return new AwsRequestError('no region: set AWS_REGION where the server runs', { from: 'credentials', cause });
  // Only what the service said has a side whose fault it is; with the rest, a status is that of an answer nobody can read.
  const status = $fault ? ($metadata?.httpStatusCode ?? undefined) : undefined;
  if (status !== undefined) {
    const retryAfterMs = toRetryAfterMs($response?.headers?.['retry-after']);
    return new AwsRequestError(message, { from, status, reason: name, retryAfterMs, cause });
  }
  const isUnreadable = $metadata?.httpStatusCode !== undefined || $response !== undefined || name === 'SyntaxError';
  const what = isUnreadable ? 'the answer is not one of AWS' : `no answer (${code ?? name})`;
  return new AwsRequestError(what, { from: 'nobody', isUnsent: isUnsent(code), cause });
}
