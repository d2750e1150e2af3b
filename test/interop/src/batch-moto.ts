import { BatchClient, CreateComputeEnvironmentCommand, CreateJobQueueCommand } from '@aws-sdk/client-batch';
import { startMoto, type Moto, type Podman } from '@flyte-agents/test-upstreams';
import { vi } from 'vitest';

/** How long a job is in each state until it runs, in seconds: the least in which moto's own looks see each of them. */
const stateSeconds = 1;

/**
 * Starts moto with a queue, `queue`, and leads AWS's clients in this process to it. Its jobs are done as soon as somebody looks, or
 * are containers of `podman`.
 */
export async function startMotoBatch(podman?: Podman): Promise<Moto> {
  const moto = await startMoto({ ...podman?.environment, MOTO_DOCKER_NETWORK_MODE: 'host' });
  for (const [variable, value] of Object.entries(moto.environment)) vi.stubEnv(variable, value);
  await post(`${moto.endpoint}/moto-api/config`, JSON.stringify({ batch: { use_docker: podman !== undefined } }));
  const transition = { progression: 'time', seconds: stateSeconds };
  await post(`${moto.endpoint}/moto-api/state-manager/set-transition`, JSON.stringify({ model_name: 'batch::job', transition }));
  const role = { Action: 'CreateRole', RoleName: 'batch', AssumeRolePolicyDocument: '{}', Version: '2010-05-08' };
  await post(moto.endpoint, new URLSearchParams(role).toString(), 'iam');
  const client = new BatchClient();
  const computeEnvironmentName = 'environment';
  const serviceRole = 'arn:aws:iam::123456789012:role/batch';
  await client.send(new CreateComputeEnvironmentCommand({ computeEnvironmentName, type: 'UNMANAGED', state: 'ENABLED', serviceRole }));
  const computeEnvironmentOrder = [{ order: 1, computeEnvironment: computeEnvironmentName }];
  await client.send(new CreateJobQueueCommand({ jobQueueName: 'queue', priority: 1, state: 'ENABLED', computeEnvironmentOrder }));
  client.destroy();
  return moto;
}

/** moto takes any signature, and sends a request to the service that it names. */
async function post(url: string, body: string, service = 'moto'): Promise<void> {
  const authorization = `AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`;
  const headers = { authorization, 'content-type': service === 'moto' ? 'application/json' : 'application/x-www-form-urlencoded' };
  const response = await fetch(url, { method: 'POST', headers, body });
  if (!response.ok) throw new Error(`moto answered ${response.status}: ${await response.text()}`);
}
