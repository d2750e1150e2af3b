import { readFile, realpath } from 'node:fs/promises';
import { dirname, isAbsolute, normalize, sep } from 'node:path';
import { AgentError, type SecretName, type Secrets } from '@flyte-agents/core';
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
  | (ServicePrincipal & { readonly type: 'oauth_m2m' })
  | { readonly type: 'oidc_federation'; readonly clientId: string; readonly tokenFile: string }
  | (ServicePrincipal & { readonly type: 'azure_client_secret'; readonly tenantId: string; readonly authority: string })
  | { readonly type: 'azure_msi'; readonly clientId: string | undefined; readonly metadata: string };

interface ServicePrincipal {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** What reading them needs. */
export interface CredentialContext {
  readonly secrets: Secrets;
  readonly options: DatabricksOptions;
}

const defaultAuthority = 'https://login.microsoftonline.com';
const defaultMetadata = 'http://169.254.169.254';
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
      return { type, ...(await readClient(auth, { secrets, options, prefix: 'DATABRICKS' })) };
    case 'azure_client_secret':
      return { type, ...(await readAzureClient(auth, { secrets, options })) };
    case 'azure_msi':
      // The machine has it for the server; which tasks may use it is for the operator to say.
      if (options.authType !== type) {
        throw unauthenticated('azure_msi is for servers whose FLYTE_DATABRICKS_AUTH_TYPE is azure_msi');
      }
      return { type, clientId: options.azureClientId, metadata: options.azureMetadata ?? defaultMetadata };
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

interface ClientContext extends CredentialContext {
  /** Of the server's own principal. */
  readonly prefix: 'DATABRICKS' | 'ARM';
}

async function readClient(auth: AuthConfig, { secrets, options, prefix }: ClientContext): Promise<ServicePrincipal> {
  const { name, namedBy } = toClientSecret(auth, options);
  const ownId = await secrets.read({ name: `${name}.client_id`, namedBy, isPublic: true });
  const ownSecret = await secrets.read({ name: `${name}.client_secret`, namedBy });
  return {
    clientId: ownId ?? auth.clientId ?? (await secrets.require({ name: `${prefix}_CLIENT_ID`, isPublic: true })),
    clientSecret: ownSecret ?? (await secrets.require({ name: `${prefix}_CLIENT_SECRET` })),
  };
}

async function readAzureClient(auth: AuthConfig, { secrets, options }: CredentialContext) {
  const { name, namedBy } = toClientSecret(auth, options);
  const own = await secrets.read({ name: `${name}.tenant_id`, namedBy, isPublic: true });
  const tenantId = own ?? (await secrets.require({ name: 'ARM_TENANT_ID', isPublic: true }));
  if (!/^[\w-]+(?:\.[\w-]+)*$/.test(tenantId)) throw unauthenticated('the tenant (tenant_id, ARM_TENANT_ID) is no id and no domain');
  const client = await readClient(auth, { secrets, options, prefix: 'ARM' });
  return { ...client, tenantId, authority: options.azureAuthority ?? defaultAuthority };
}

function toClientSecret({ oauthSecret }: AuthConfig, options: DatabricksOptions): SecretName {
  return { name: oauthSecret ?? options.oauthSecret ?? 'databricks-oauth', namedBy: oauthSecret === undefined ? 'agent' : 'task' };
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
/** The metadata service of Azure writes it as text. */
const seconds = z.union([z.number(), z.string().regex(/^\d+$/).transform(Number)]).pipe(z.number().positive());
const answerBody = z.object({ access_token: z.string().min(1), expires_in: seconds.nullish() });

interface Exchanged {
  readonly token: string;
  readonly until: number;
}

/** Azure's name for Databricks, in all its clouds. */
const azureResource = '2ff814a6-3304-4ab8-85cb-cd0e6f879c1d';

/**
 * https://docs.databricks.com/aws/en/dev-tools/auth/oauth-m2m, …/oauth-federation-exchange,
 * https://learn.microsoft.com/azure/databricks/dev-tools/auth/azure-sp and …/azure-mi
 */
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
    const { url, ...init } = await this.#request();
    try {
      const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(exchangeLimitMs) });
      const content = await response.text();
      if (!response.ok) throw refusal(response, content, 'credentials');
      const { access_token: token, expires_in: lifetime } = answerBody.parse(JSON.parse(content));
      this.#hide(token);
      return { token, until: askedAt + (lifetime ?? 3600) * 1000 - marginMs };
    } catch (error) {
      throw toTokenError(error);
    }
  }

  async #request(): Promise<TokenRequest> {
    const credentials = this.#credentials;
    switch (credentials.type) {
      case 'oauth_m2m':
        return toForm(new URL('/oidc/v1/token', this.#base), { ...toGrant(credentials), scope: 'all-apis' });
      case 'oidc_federation': {
        const subjectToken = await readSubjectToken(credentials.tokenFile);
        this.#hide(subjectToken);
        return toForm(new URL('/oidc/v1/token', this.#base), {
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token: subjectToken,
          subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
          client_id: credentials.clientId,
          scope: 'all-apis',
        });
      }
      case 'azure_client_secret': {
        const url = new URL(`/${credentials.tenantId}/oauth2/v2.0/token`, credentials.authority);
        return toForm(url, { ...toGrant(credentials), scope: `${azureResource}/.default` });
      }
      case 'azure_msi': {
        const url = new URL('/metadata/identity/oauth2/token', credentials.metadata);
        url.searchParams.set('api-version', '2018-02-01');
        url.searchParams.set('resource', azureResource);
        if (credentials.clientId !== undefined) url.searchParams.set('client_id', credentials.clientId);
        return { url, method: 'GET', headers: { metadata: 'true' } };
      }
    }
  }
}

interface TokenRequest {
  readonly url: URL;
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: URLSearchParams;
}

function toForm(url: URL, fields: Readonly<Record<string, string>>): TokenRequest {
  return { url, method: 'POST', body: new URLSearchParams(fields) };
}

function toGrant({ clientId, clientSecret }: ServicePrincipal): Readonly<Record<string, string>> {
  return { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
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
