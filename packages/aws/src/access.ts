import type { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { AgentError, type Secrets } from '@flyte-agents/core';
import type { NodeHttpHandler } from '@smithy/node-http-handler';

/** In whose name AWS is asked, and where. */
export interface AwsAccess {
  /** Default: what the SDK finds in `AWS_REGION` and its profile. */
  readonly region: string | undefined;
  /** A role to assume. Default: none, the SDK's standard chain of credentials is used as it is. */
  readonly roleArn: string | undefined;
  /** What the role's trust policy wants to hear. */
  readonly externalId: string | undefined;
}

/** What a client of the SDK is made with. The endpoint is left to the SDK's own variables (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_BATCH`…). */
export interface ClientSettings {
  readonly region?: string;
  readonly credentials?: ReturnType<typeof fromTemporaryCredentials>;
  /** One: the core retries what may be repeated. */
  readonly maxAttempts: number;
  readonly requestHandler: NodeHttpHandler;
}

/** After this, a request without an answer is given up, in milliseconds. */
const requestLimitMs = 60_000;
/** After this, a connection that does not come about is given up, in milliseconds. */
const connectionLimitMs = 5000;
const roleName = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/;

/**
 * The role of a tenant: `aws_assume_role_arn` and `aws_assume_role_external_id` among its secrets. Never by argument: a task must
 * not choose whom the server acts as. Not `AWS_ROLE_ARN`, which is the server's own role for the SDK.
 *
 * @throws AgentError UNAUTHENTICATED when it is not the ARN of a role
 */
export async function readRole(secrets: Secrets): Promise<Pick<AwsAccess, 'roleArn' | 'externalId'>> {
  const [roleArn, externalId] = await Promise.all([
    secrets.read({ name: 'aws_assume_role_arn', isPublic: true }),
    secrets.read({ name: 'aws_assume_role_external_id' }),
  ]);
  if (roleArn !== undefined && !roleName.test(roleArn)) {
    throw new AgentError({ code: 'UNAUTHENTICATED', message: 'the secret aws_assume_role_arn is not the ARN of an IAM role' });
  }
  return { roleArn, externalId };
}

/** What a client is made with. It assumes the role on its first request, and again before that runs out. */
export async function toClientSettings({ region, roleArn, externalId }: AwsAccess): Promise<ClientSettings> {
  const { NodeHttpHandler } = await import('@smithy/node-http-handler');
  const requestHandler = new NodeHttpHandler({
    connectionTimeout: connectionLimitMs,
    requestTimeout: requestLimitMs,
    throwOnRequestTimeout: true,
  });
  const settings = { ...(region !== undefined && { region }), maxAttempts: 1, requestHandler };
  if (roleArn === undefined) return settings;
  const providers = await import('@aws-sdk/credential-providers');
  const credentials = providers.fromTemporaryCredentials({
    params: { RoleArn: roleArn, RoleSessionName: 'flyte-agents', ...(externalId !== undefined && { ExternalId: externalId }) },
    clientConfig: { requestHandler, ...(region !== undefined && { region }) },
  });
  return { ...settings, credentials };
}
