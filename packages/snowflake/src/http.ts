import { isUnsent, networkCode, type JsonObject } from '@flyte-agents/core';
import { SnowflakeError } from './errors.ts';

/** An answer, whatever it says; `undefined` for a body that is no JSON. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

/** What is sent. */
export interface HttpRequest {
  readonly headers: Readonly<Record<string, string>>;
  /** JSON, or a form. With one, it is a POST. */
  readonly body?: JsonObject | URLSearchParams | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** After this, a request without an answer is given up, in milliseconds. */
const requestLimitMs = 60_000;

/** One request, on a connection that is kept. It follows no redirect: that could lead elsewhere. @throws SnowflakeError when there is no answer that can be read */
export async function request(url: URL | string, { headers, body, signal }: HttpRequest): Promise<HttpAnswer> {
  const isForm = body instanceof URLSearchParams;
  const limit = AbortSignal.timeout(requestLimitMs);
  try {
    const response = await fetch(url, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        accept: 'application/json',
        'user-agent': 'flyte-agents',
        ...(body !== undefined && !isForm && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
      redirect: 'error',
      signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: response.ok ? JSON.parse(text) : parsed(text) };
  } catch (error) {
    const code = networkCode(error);
    throw new SnowflakeError(`no answer (${code ?? 'the connection broke, or the answer could not be read'})`, {
      isUnsent: isUnsent(code),
      cause: error,
    });
  }
}

/** What others wait for too, for a caller who waits no longer than its signal. @throws whatever the signal says */
export async function within<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal === undefined) return work;
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (): void => reject(new SnowflakeError('no answer (the call was given up)', { cause: signal.reason }));
  signal.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([work, ended]);
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/** What a gateway says of its own is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
