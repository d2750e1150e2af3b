import { z } from 'zod';
import { toIssuer } from './account.ts';
import { toLogin, type Credentials } from './credentials.ts';
import { SnowflakeError, toReason } from './errors.ts';
import { request, within, type HttpAnswer } from './http.ts';
import type { Progress } from './client.ts';
import type { TokenSource } from './tokens.ts';

/** What a session is made of. */
export interface SessionOptions {
  readonly origin: string;
  readonly credentials: Credentials;
  readonly tokens: TokenSource;
  /** Hides a token in all that the server says. */
  readonly hide: (token: string) => void;
}

const loginAnswer = z.object({
  success: z.boolean().nullish(),
  code: z.string().nullish(),
  message: z.string().nullish(),
  data: z.object({ token: z.string().nullish(), validityInSeconds: z.number().positive().nullish() }).nullish(),
});
const query = z.object({ status: z.string(), errorCode: z.coerce.string().nullish(), errorMessage: z.string().nullish() });
const monitoringAnswer = z.object({
  success: z.boolean().nullish(),
  code: z.string().nullish(),
  message: z.string().nullish(),
  data: z.object({ queries: z.array(query).nullish() }).nullish(),
});

/** A login that failed is not tried again for so long, in milliseconds: Snowflake locks out who tries too often. */
const loginPauseMs = 60_000;

/**
 * A session as Snowflake's drivers have it: tells what a query waits for, which the SQL API does not. One login serves all
 * polls of its user, and is made anew before its token ends.
 */
export class Session {
  readonly #options: SessionOptions;
  #token: Promise<string> | undefined;
  /** When it must log in anew, in milliseconds since 1970. */
  #renewAt = 0;
  #refused: { readonly error: unknown; readonly until: number } | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** @throws SnowflakeError */
  async progress(queryId: string, signal: AbortSignal): Promise<Progress | undefined> {
    const url = new URL(`/monitoring/queries/${encodeURIComponent(queryId)}`, this.#options.origin);
    for (let isRenewed = false; ; isRenewed = true) {
      const answer = await request(url, { headers: await within(this.headers(), signal), signal });
      const { success, code, message, data } = read(monitoringAnswer, answer);
      if (success !== false && answer.status === 200) return toProgress(data?.queries?.[0]);
      // An expired session is said with a status of 200 too.
      const isExpired = answer.status === 401 || code?.startsWith('3901');
      if (isExpired && !isRenewed && this.forget()) continue;
      throw new SnowflakeError(message ?? '', { status: isExpired ? 401 : answer.status, reason: toReason(code) });
    }
  }

  /** @throws SnowflakeError when the login is refused */
  async headers(): Promise<Readonly<Record<string, string>>> {
    return { authorization: `Snowflake Token="${await this.#current()}"` };
  }

  /** Its token was refused. Whether there was one. */
  forget(): boolean {
    const hadToken = this.#token !== undefined;
    this.#token = undefined;
    return hadToken;
  }

  async #current(): Promise<string> {
    if (this.#refused !== undefined && Date.now() < this.#refused.until) throw this.#refused.error;
    if (this.#token === undefined || Date.now() >= this.#renewAt) {
      this.#renewAt = Number.POSITIVE_INFINITY;
      this.#token = this.#login().catch((error: unknown) => {
        this.#token = undefined;
        const isRefused = error instanceof SnowflakeError && (error.facts.status ?? 500) < 500;
        if (isRefused) this.#refused = { error, until: Date.now() + loginPauseMs };
        throw error;
      });
    }
    return this.#token;
  }

  /** Not with a caller's signal: others wait for it too. */
  async #login(): Promise<string> {
    const { origin, credentials, tokens, hide } = this.#options;
    const url = new URL('/session/v1/login-request', origin);
    url.searchParams.set('requestId', crypto.randomUUID());
    const who = { ACCOUNT_NAME: toIssuer(credentials.account), LOGIN_NAME: credentials.user };
    const client = { CLIENT_APP_ID: 'flyte-agents', CLIENT_APP_VERSION: '1.0.0', SESSION_PARAMETERS: {} };
    const login = toLogin(credentials, await tokens.token());
    const answer = await request(url, { headers: {}, body: { data: { ...client, ...who, ...login } } });
    const { success, code, message, data } = read(loginAnswer, answer);
    if (success === false || answer.status !== 200 || !data?.token) {
      const status = answer.status === 200 ? 401 : answer.status;
      throw new SnowflakeError(message ?? 'the login gave no session', { status, reason: toReason(code) });
    }
    hide(data.token);
    this.#renewAt = Date.now() + (data.validityInSeconds ?? 3600) * 900;
    return data.token;
  }
}

function toProgress(found: z.infer<typeof query> | undefined): Progress | undefined {
  return found && { state: found.status, code: found.errorCode ?? undefined, message: found.errorMessage ?? undefined };
}

function read<Answer>(schema: z.ZodType<Answer>, { status, body }: HttpAnswer): Answer {
  const { success, data, error } = schema.safeParse(body);
  if (success) return data;
  throw new SnowflakeError('the answer is not one of a session', { ...(status !== 200 && { status }), cause: error });
}
