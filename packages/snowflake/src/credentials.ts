import { createHash, createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { AgentError, type JsonObject, type SecretName, type Secrets } from '@flyte-agents/core';
import { toIssuer } from './account.ts';

/** In whose name requests are made. */
export interface Credentials {
  readonly account: string;
  readonly user: string;
  readonly authenticator: Authenticator;
  /** A private key: PEM or DER, as text or as base64. */
  readonly privateKey?: string | undefined;
  readonly passphrase?: string | undefined;
  /** An OAuth token, a programmatic access token, or a workload's token of its identity provider. */
  readonly token?: string | undefined;
  readonly clientId?: string | undefined;
  readonly clientSecret?: string | undefined;
  readonly refreshToken?: string | undefined;
}

const authenticators = ['SNOWFLAKE_JWT', 'OAUTH', 'OAUTH_CLIENT_CREDENTIALS', 'PROGRAMMATIC_ACCESS_TOKEN', 'WORKLOAD_IDENTITY'] as const;

/** How the server logs in. */
export type Authenticator = (typeof authenticators)[number];

/** What proves who asks. */
export interface Token {
  readonly value: string;
  /** Until when it is good, in milliseconds since 1970. */
  readonly goodUntil: number;
}

/** How tokens are known to the SQL API; a workload's is only good for a login. */
export const tokenTypes: Readonly<Record<Exclude<Authenticator, 'WORKLOAD_IDENTITY'>, string>> = {
  SNOWFLAKE_JWT: 'KEYPAIR_JWT',
  OAUTH: 'OAUTH',
  OAUTH_CLIENT_CREDENTIALS: 'OAUTH',
  PROGRAMMATIC_ACCESS_TOKEN: 'PROGRAMMATIC_ACCESS_TOKEN',
};

/** How a token logs in to a session. */
export function toLogin({ authenticator }: Credentials, token: string): JsonObject {
  if (authenticator === 'WORKLOAD_IDENTITY') return { AUTHENTICATOR: authenticator, PROVIDER: 'OIDC', TOKEN: token };
  return { AUTHENTICATOR: authenticator === 'OAUTH_CLIENT_CREDENTIALS' ? 'OAUTH' : authenticator, TOKEN: token };
}

/** @throws AgentError INVALID_ARGUMENT for one that needs a person, a password or a program */
export function toAuthenticator(name: string): Authenticator {
  const known = authenticators.find((each) => each === name.toUpperCase());
  if (known !== undefined) return known;
  const message = `authenticator: expected one of ${authenticators.join(', ')}, which need neither a password nor a person`;
  throw new AgentError({ code: 'INVALID_ARGUMENT', message });
}

/** Snowflake takes tokens of at most an hour; in milliseconds. */
const jwtLifetimeMs = 59 * 60_000;

/** A token that the key itself signs: https://docs.snowflake.com/en/developer-guide/sql-api/authenticating. @throws AgentError UNAUTHENTICATED when the key is none */
export function signToken({ account, user, privateKey = '', passphrase }: Credentials): Token {
  const key = parseKey(privateKey, passphrase);
  const subject = `${toIssuer(account)}.${user.toUpperCase()}`;
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' });
  const issuer = `${subject}.SHA256:${createHash('sha256').update(publicKey).digest('base64')}`;
  const issuedAt = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, sub: subject, iat: issuedAt, exp: issuedAt + jwtLifetimeMs / 1000 };
  const content = [{ alg: 'RS256', typ: 'JWT' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  const signature = sign('sha256', Buffer.from(content), key).toString('base64url');
  return { value: `${content}.${signature}`, goodUntil: Date.now() + jwtLifetimeMs };
}

/** PEM, DER, and base64 of either. */
function parseKey(text: string, passphrase: string | undefined): KeyObject {
  try {
    const bytes = isPem(text) ? undefined : Buffer.from(text, 'base64');
    const pem = bytes === undefined ? text : bytes.toString('latin1');
    // A key that came through an environment variable may have lost its line breaks.
    const content = isPem(pem)
      ? { key: pem.replaceAll('\\n', '\n'), format: 'pem' as const }
      : { key: bytes ?? pem, format: 'der' as const, type: 'pkcs8' as const };
    const key = createPrivateKey({ ...content, ...(passphrase !== undefined && { passphrase }) });
    if (key.asymmetricKeyType !== 'rsa') throw new Error('no RSA key');
    return key;
  } catch {
    // Not the reason: it may repeat the key.
    const message =
      'Snowflake: the secret snowflake_private_key is no RSA key in PEM or DER (PKCS#8), or snowflake_private_key_passphrase does not open it';
    throw new AgentError({ code: 'UNAUTHENTICATED', message });
  }
}

function isPem(text: string): boolean {
  return text.includes('-----BEGIN ');
}

/** What is read of a task's place to log in. */
interface LoginPlace {
  readonly account: string;
  readonly user: string;
  readonly authenticator: string | null;
}

/** The secrets of an authenticator, read now. @throws AgentError UNAUTHENTICATED when one is missing */
export async function readCredentials(
  { account, user, authenticator: wanted }: LoginPlace,
  secrets: Secrets,
  byDefault: string = 'SNOWFLAKE_JWT',
): Promise<Credentials> {
  const authenticator = toAuthenticator(wanted ?? byDefault);
  const who = { account, user, authenticator };
  if (authenticator === 'SNOWFLAKE_JWT') {
    const privateKey = await secrets.require(named('snowflake_private_key'));
    return { ...who, privateKey, passphrase: await secrets.read(named('snowflake_private_key_passphrase')) };
  }
  if (authenticator === 'OAUTH_CLIENT_CREDENTIALS') {
    const clientId = await secrets.require(named('snowflake_oauth_client_id'));
    return { ...who, clientId, clientSecret: await secrets.require(named('snowflake_oauth_client_secret')) };
  }
  const refreshToken = authenticator === 'OAUTH' ? await secrets.read(named('snowflake_oauth_refresh_token')) : undefined;
  if (refreshToken === undefined) return { ...who, token: await secrets.require(named('snowflake_token')) };
  const clientId = await secrets.require(named('snowflake_oauth_client_id'));
  return { ...who, refreshToken, clientId, clientSecret: await secrets.read(named('snowflake_oauth_client_secret')) };
}

/** A secret that Flyte 2 sends under its own name. */
function named(name: string): SecretName {
  return { name, argument: name };
}
