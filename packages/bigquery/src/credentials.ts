import { AgentError, type Secrets } from '@flyte-agents/core';
import type { AuthClient, ImpersonatedOptions } from 'google-auth-library';
import { z } from 'zod';

/** In whose name requests are made. */
export interface Credentials {
  /** The JSON key of a service account or of a user. Default: application default credentials. */
  readonly key?: string | undefined;
  /** Service accounts, each allowed to act as the next one; the last one runs the jobs. Default: none. */
  readonly impersonate?: readonly string[] | undefined;
}

/** The credentials of a call's project and domain. */
export async function readCredentials(secrets: Secrets): Promise<Credentials> {
  const name = 'google_application_credentials';
  const secret = await secrets.read({ name, argument: name });
  // The variable of this name holds the path of a file, which the SDK reads.
  const key = secret === process.env['GOOGLE_APPLICATION_CREDENTIALS']?.trim() ? undefined : secret;
  // Without an argument: a task must not choose whom the server acts as.
  const chain = await secrets.read({ name: 'bigquery_impersonate', isPublic: true });
  return { key, impersonate: chain?.split(/[\s,]+/) };
}

/** What tokens are good for: BigQuery, the files it reads and writes, and the impersonation of others. */
export const scopes: string[] = ['https://www.googleapis.com/auth/cloud-platform'];

/** Keys of other types name files to read, programs to run and hosts to ask; a secret must not choose those. */
const keyFile = z.discriminatedUnion('type', [
  z.object({ type: z.literal('service_account'), client_email: z.string(), private_key: z.string(), private_key_id: z.string().nullish() }),
  z.object({ type: z.literal('authorized_user'), client_id: z.string(), client_secret: z.string(), refresh_token: z.string() }),
]);

/** How credentials themselves are fetched. Default: over the network. */
type Transport = Pick<ImpersonatedOptions, 'transporterOptions'>;

/**
 * What signs requests; `undefined` leaves it to the SDK, which finds the application default credentials. Nothing is shown to an
 * emulator (`BIGQUERY_EMULATOR_HOST`).
 *
 * @throws AgentError UNAUTHENTICATED when the key is none
 */
export async function toAuthClient(
  projectId: string,
  { key, impersonate = [] }: Credentials,
  transport: Transport = {},
): Promise<AuthClient | undefined> {
  const { GoogleAuth, Impersonated, PassThroughClient } = await import('google-auth-library');
  if (process.env['BIGQUERY_EMULATOR_HOST'] !== undefined) return new PassThroughClient();
  const targetPrincipal = impersonate.at(-1);
  if (key === undefined && targetPrincipal === undefined) return undefined;
  // Without a project, the library would run gcloud to find one.
  const sourceClient = key === undefined ? await new GoogleAuth({ projectId, scopes }).getClient() : await fromKey(key, transport);
  if (targetPrincipal === undefined) return sourceClient;
  const delegates = impersonate.slice(0, -1).map((account) => `projects/-/serviceAccounts/${account}`);
  return new Impersonated({ ...transport, sourceClient, targetPrincipal, delegates, targetScopes: scopes });
}

async function fromKey(key: string, transport: Transport): Promise<AuthClient> {
  const { JWT, UserRefreshClient } = await import('google-auth-library');
  const file = parseKey(key);
  if (file.type === 'authorized_user') {
    const { client_id: clientId, client_secret: clientSecret, refresh_token: refreshToken } = file;
    return new UserRefreshClient({ ...transport, clientId, clientSecret, refreshToken });
  }
  const keyId = file.private_key_id ?? '';
  const client = new JWT({ ...transport, email: file.client_email, key: file.private_key, keyId, scopes });
  // Google takes tokens that the account signed itself: none has to be fetched.
  client.useJWTAccessWithScope = true;
  return client;
}

function parseKey(key: string): z.infer<typeof keyFile> {
  try {
    return keyFile.parse(JSON.parse(key));
  } catch {
    // Not the reason: it may repeat the key.
    const message = 'BigQuery: the secret google_application_credentials is not the JSON key of a service account or of a user';
    throw new AgentError({ code: 'UNAUTHENTICATED', message });
  }
}
