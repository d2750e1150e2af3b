import { AgentError } from '@flyte-agents/core';
import type { ClientOptions } from 'openai';
import type { Access } from './client.ts';

/** Who the server is at an endpoint, where no API key says it. */
export type Identity =
  /** Whoever Azure takes it for: a managed or a workload identity. */
  | 'azure'
  /** A service account of OpenAI, which trusts the cluster's own tokens. */
  | { readonly identityProviderId: string; readonly serviceAccountId: string };

/** What tokens of Azure are good for. */
const azureScope = 'https://cognitiveservices.azure.com/.default';

/** What the SDK proves with who asks. @throws AgentError FAILED_PRECONDITION when Azure's package is not installed */
export async function toCredentials({ apiKey, identity }: Access): Promise<Pick<ClientOptions, 'apiKey' | 'workloadIdentity'>> {
  if (apiKey !== undefined) return { apiKey };
  // The SDK insists on a key; a service without keys does not read it.
  if (identity === undefined) return { apiKey: 'none' };
  if (identity === 'azure') return { apiKey: await azureTokens() };
  const { k8sServiceAccountTokenProvider } = await import('openai/auth');
  return { workloadIdentity: { ...identity, provider: k8sServiceAccountTokenProvider() } };
}

async function azureTokens(): Promise<() => Promise<string>> {
  try {
    const { DefaultAzureCredential, getBearerTokenProvider } = await import('@azure/identity');
    return getBearerTokenProvider(new DefaultAzureCredential(), azureScope);
  } catch (error) {
    const message =
      'OpenAI: an endpoint is configured with the identity azure, and the package @azure/identity is not installed beside the server';
    throw new AgentError({ code: 'FAILED_PRECONDITION', origin: 'system', passes: false, message, cause: error });
  }
}
