import { AgentError } from '@flyte-agents/core';
import { z } from 'zod';
import { signToken, tokenTypes, type Credentials, type Token } from './credentials.ts';
import { SnowflakeError } from './errors.ts';
import { request } from './http.ts';

/** What tokens are made of. */
export interface TokenSourceOptions {
  readonly credentials: Credentials;
  /** Who gives out OAuth tokens. */
  readonly tokenUrl: string;
  /** Hides a token in all that the server says. */
  readonly hide: (token: string) => void;
}

/** So long before its end a token is replaced, in milliseconds. */
const renewalMs = 9 * 60_000;
const granted = z.object({ access_token: z.string().min(1), expires_in: z.number().positive().nullish() });

/** The tokens of a user: one at a time, made anew before it ends, however many calls want it at the same time. */
export class TokenSource {
  /** What the SQL API wants to see; absent when it takes a session only. */
  readonly headers: (() => Promise<Readonly<Record<string, string>>>) | undefined;
  readonly #options: TokenSourceOptions;
  #token: Promise<string> | undefined;
  /** When the token must be replaced, in milliseconds since 1970. */
  #renewAt = 0;

  constructor(options: TokenSourceOptions) {
    this.#options = options;
    const { authenticator } = options.credentials;
    if (authenticator === 'WORKLOAD_IDENTITY') return;
    const type = tokenTypes[authenticator];
    this.headers = async () => ({ authorization: `Bearer ${await this.token()}`, 'x-snowflake-authorization-token-type': type });
  }

  /** @throws AgentError UNAUTHENTICATED when there is none; SnowflakeError when it was refused */
  async token(): Promise<string> {
    if (this.#token === undefined || Date.now() >= this.#renewAt) {
      this.#renewAt = Number.POSITIVE_INFINITY;
      this.#token = this.#make().catch((error: unknown) => {
        this.#token = undefined;
        throw error;
      });
    }
    return this.#token;
  }

  /** A token was refused. Whether another one can be made. */
  forget(): boolean {
    const { authenticator, refreshToken } = this.#options.credentials;
    this.#token = undefined;
    return authenticator === 'SNOWFLAKE_JWT' || authenticator === 'OAUTH_CLIENT_CREDENTIALS' || refreshToken !== undefined;
  }

  async #make(): Promise<string> {
    const { value, goodUntil } = await this.#fresh();
    this.#renewAt = goodUntil - Math.min(renewalMs, (goodUntil - Date.now()) / 2);
    return value;
  }

  async #fresh(): Promise<Token> {
    const { credentials, hide } = this.#options;
    const { authenticator, clientId, refreshToken, token = '' } = credentials;
    if (authenticator === 'OAUTH_CLIENT_CREDENTIALS') return this.#grant({ grant_type: 'client_credentials' });
    if (authenticator === 'OAUTH' && refreshToken !== undefined && clientId !== undefined) {
      return this.#grant({ grant_type: 'refresh_token', refresh_token: refreshToken });
    }
    if (authenticator !== 'SNOWFLAKE_JWT') return { value: token, goodUntil: Date.now() + 365 * 86_400_000 };
    const signed = signToken(credentials);
    hide(signed.value);
    return signed;
  }

  /** https://docs.snowflake.com/en/user-guide/oauth-custom */
  async #grant(grant: Readonly<Record<string, string>>): Promise<Token> {
    const { credentials, tokenUrl, hide } = this.#options;
    const basic = Buffer.from(`${credentials.clientId ?? ''}:${credentials.clientSecret ?? ''}`).toString('base64');
    const { status, body } = await request(tokenUrl, { headers: { authorization: `Basic ${basic}` }, body: new URLSearchParams(grant) });
    if (status >= 500 || status === 429) throw new SnowflakeError('no OAuth token was given out', { status, isUnsent: true });
    const { success, data } = granted.safeParse(body);
    if (status !== 200 || !success) {
      const message = `Snowflake: ${new URL(tokenUrl).host} gives out no OAuth token (${status}): check the secrets snowflake_oauth_client_id, snowflake_oauth_client_secret and snowflake_oauth_refresh_token`;
      throw new AgentError({ code: 'UNAUTHENTICATED', message });
    }
    hide(data.access_token);
    return { value: data.access_token, goodUntil: Date.now() + (data.expires_in ?? 600) * 1000 };
  }
}
