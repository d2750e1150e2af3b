import { readFile, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, normalize, sep } from 'node:path';
import { AgentError, type Secrets } from '@flyte-agents/core';
import { z } from 'zod';
import { refusal, toDatabricksError } from './client.ts';
import type { AuthConfig } from './config.ts';
import { DatabricksError } from './errors.ts';
import type { DatabricksOptions } from './options.ts';

/** Gives the tokens of a workspace's requests. */
export interface TokenSource {
  /** @throws DatabricksError when there is none */
  token(): Promise<string>;
  /** Forgets a token that was refused; false when there can be no other. */
  renew(token: string): boolean;
}

/** With what tokens are got. */
export type Credentials =
  | { readonly type: 'pat'; readonly token: string }
  | { readonly type: 'oauth_m2m'; readonly clientId: string; readonly clientSecret: string }
  | { readonly type: 'oidc_federation'; readonly clientId: string; readonly tokenFile: string };

/** What reading them needs. */
export interface CredentialContext {
  readonly secrets: Secrets;
  readonly options: DatabricksOptions;
}

const defaultTokenFile = '/var/run/secrets/databricks/token';

/**
 * The credentials that a task's settings lead to.
 *
 * @throws AgentError UNAUTHENTICATED when a secret is missing, INVALID_ARGUMENT for a file that the task may not name
 */
export async function readCredentials(auth: AuthConfig, { secrets, options }: CredentialContext): Promise<Credentials> {
  const type = auth.type ?? options.authType ?? 'pat';
  switch (type) {
    case 'pat':
      return { type, token: await readToken(auth, secrets) };
    case 'oauth_m2m':
      return { type, ...(await readClient(auth, { secrets, options })) };
    case 'oidc_federation': {
      const clientId = auth.clientId ?? options.clientId;
      if (clientId === undefined) throw unauthenticated('oidc_federation needs databricksClientId, or DATABRICKS_CLIENT_ID on the server');
      return { type, clientId, tokenFile: await toTokenFile(auth.oidcTokenFile, options) };
    }
  }
}

async function readToken({ tokenSecret }: AuthConfig, secrets: Secrets): Promise<string> {
  const namedBy = tokenSecret === undefined ? 'agent' : 'task';
  const own = await secrets.read({ name: tokenSecret ?? 'databricks-token', argument: 'databricks_token', namedBy });
  return own ?? secrets.require({ name: 'FLYTE_DATABRICKS_ACCESS_TOKEN' });
}

async function readClient(
  auth: AuthConfig,
  { secrets, options }: CredentialContext,
): Promise<Pick<Extract<Credentials, { readonly type: 'oauth_m2m' }>, 'clientId' | 'clientSecret'>> {
  const namedBy = auth.oauthSecret === undefined ? 'agent' : 'task';
  const name = auth.oauthSecret ?? options.oauthSecret ?? 'databricks-oauth';
  const ownId = await secrets.read({ name: `${name}.client_id`, namedBy, isPublic: true });
  const ownSecret = await secrets.read({ name: `${name}.client_secret`, namedBy });
  return {
    clientId: ownId ?? auth.clientId ?? (await secrets.require({ name: 'DATABRICKS_CLIENT_ID', isPublic: true })),
    clientSecret: ownSecret ?? (await secrets.require({ name: 'DATABRICKS_CLIENT_SECRET' })),
  };
}

/** What a task names is read and sent to a workspace that the task names too: only from folders that are there for that. */
async function toTokenFile(named: string | undefined, options: DatabricksOptions): Promise<string> {
  const { oidcTokenFile: own, oidcTokenFolders: folders = [dirname(defaultTokenFile)] } = options;
  if (named === undefined || named === own) return own ?? process.env['AWS_WEB_IDENTITY_TOKEN_FILE'] ?? defaultTokenFile;
  const refused = new AgentError({
    code: 'INVALID_ARGUMENT',
    message: `databricksOidcTokenFile: ${JSON.stringify(named.slice(0, 200))} is not in a folder that tasks may name (FLYTE_DATABRICKS_OIDC_TOKEN_FOLDERS)`,
  });
  if (!isAbsolute(named) || !folders.some((folder) => isIn(folder, normalize(named)))) throw refused;
  // Mounted tokens are links within their folder; one that leads out of it is another file.
  const real = await realpath(named).catch(() => undefined);
  if (real === undefined) return named;
  const realFolders = await Promise.all(folders.map((folder) => realpath(folder).catch(() => folder)));
  if (!realFolders.some((folder) => isIn(folder, real))) throw refused;
  return real;
}

function isIn(folder: string, path: string): boolean {
  return path.startsWith(normalize(`${folder}${sep}`));
}

/**
 * Gives a workspace's tokens: the personal one, or short-lived ones of a service principal, got in time and once for all calls.
 *
 * @param base the workspace's URL
 * @param hide is told every token that is got
 */
export function tokenSource(credentials: Credentials, base: string, hide: (token: string) => void): TokenSource {
  if (credentials.type === 'pat') {
    return { token: async () => credentials.token, renew: () => false };
  }
  return new ExchangedTokens(credentials, base, hide);
}

/** A token is not used any more so long before its end, in milliseconds. */
const marginMs = 60_000;
const exchangeLimitMs = 10_000;
const answerBody = z.object({ access_token: z.string().min(1), expires_in: z.number().positive().nullish() });

interface Exchanged {
  readonly token: string;
  readonly until: number;
}

/** https://docs.databricks.com/aws/en/dev-tools/auth/oauth-m2m and …/oauth-federation-exchange */
class ExchangedTokens implements TokenSource {
  readonly #credentials: Exclude<Credentials, { readonly type: 'pat' }>;
  readonly #base: string;
  readonly #hide: (token: string) => void;
  #current: Promise<Exchanged> | undefined;

  constructor(credentials: Exclude<Credentials, { readonly type: 'pat' }>, base: string, hide: (token: string) => void) {
    this.#credentials = credentials;
    this.#base = base;
    this.#hide = hide;
  }

  async token(): Promise<string> {
    const known = this.#current;
    if (known !== undefined) {
      const { token, until } = await known;
      if (Date.now() < until) return token;
      if (this.#current === known) this.#current = undefined;
    }
    const current = (this.#current ??= this.#exchange());
    try {
      return (await current).token;
    } catch (error) {
      if (this.#current === current) this.#current = undefined;
      throw error;
    }
  }

  renew(): boolean {
    this.#current = undefined;
    return true;
  }

  async #exchange(): Promise<Exchanged> {
    const askedAt = Date.now();
    const body = await this.#form();
    try {
      const signal = AbortSignal.timeout(exchangeLimitMs);
      const response = await fetch(new URL('/oidc/v1/token', this.#base), { method: 'POST', body, redirect: 'manual', signal });
      const content = await response.text();
      if (!response.ok) throw refusal(response, content, 'credentials');
      const { access_token: token, expires_in: seconds } = answerBody.parse(JSON.parse(content));
      this.#hide(token);
      return { token, until: askedAt + (seconds ?? 3600) * 1000 - marginMs };
    } catch (error) {
      throw toTokenError(error);
    }
  }

  async #form(): Promise<URLSearchParams> {
    const credentials = this.#credentials;
    if (credentials.type === 'oauth_m2m') {
      const { clientId, clientSecret } = credentials;
      return new URLSearchParams({
        grant_type: 'client_credentials',
        scope: 'all-apis',
        client_id: clientId,
        client_secret: clientSecret,
      });
    }
    const subjectToken = await readSubjectToken(credentials.tokenFile);
    this.#hide(subjectToken);
    return new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: subjectToken,
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      client_id: credentials.clientId,
      scope: 'all-apis',
    });
  }
}

/** Nothing was submitted while there is no token. */
function toTokenError(error: unknown): DatabricksError {
  const { message, facts } = toDatabricksError(error);
  return new DatabricksError(`no token: ${message}`, { ...facts, isUnsent: true });
}

async function readSubjectToken(path: string): Promise<string> {
  const token = (await readFile(path, 'utf8').catch(() => '')).trim();
  // Nothing else is sent away, whatever the file is.
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return token;
  throw unauthenticated(`the file ${path} holds no token to exchange: mount one there, or set FLYTE_DATABRICKS_OIDC_TOKEN_FILE`);
}

function unauthenticated(message: string): AgentError {
  return new AgentError({ code: 'UNAUTHENTICATED', message: `Databricks: ${message}` });
}
