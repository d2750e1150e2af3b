import { join } from 'node:path';
import { BotoAgent, SageMakerAgent } from '@flyte-agents/sagemaker';
import { createLogger, startServer, type AgentServer } from '@flyte-agents/core';
import { TaskExecution_Phase as Phase } from '@flyte-agents/proto/flyte1';
import { finish, installTimeoutMs, pythonTool, requirement, startMoto, type Moto } from '@flyte-agents/test-upstreams';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

const python = requirement('python3');
const scripts = join(import.meta.dirname, '../python');

// moto differs from AWS in that endpoints are in service at once, takes names twice, and cannot stop a job.
describe.skipIf(!python.available)(`tasks of flytekit, sent from Python, on moto${python.note}`, () => {
  let moto: Moto;
  let server: AgentServer;
  beforeAll(async () => {
    moto = await startMoto();
    for (const [variable, value] of Object.entries(moto.environment)) vi.stubEnv(variable, value);
    const ExecutionRoleArn = 'arn:aws:iam::123456789012:role/sagemaker';
    await post(moto.endpoint, 'CreateModel', { ModelName: 'm', ExecutionRoleArn, PrimaryContainer: { Image: 'xgboost:1' } });
    await post(moto.endpoint, 'CreateEndpointConfig', {
      EndpointConfigName: 'c-1',
      ProductionVariants: [
        { VariantName: 'v', ModelName: 'm', InstanceType: 'ml.m5.large', InitialInstanceCount: 1, InitialVariantWeight: 1 },
      ],
    });
    const agents = [new SageMakerAgent(), new BotoAgent()];
    server = await startServer({ agents, host: '127.0.0.1', port: 0, metricsPort: 0, logger: createLogger({ level: 'error' }) });
  }, installTimeoutMs);
  afterAll(async () => {
    await server?.stop();
    await moto?.stop();
    vi.unstubAllEnvs();
  });

  test('C19, SM2, SM5: a model is made and deleted, and an endpoint comes into service', { timeout: installTimeoutMs }, async () => {
    const interpreter = await pythonTool('flytekit-sagemaker', join(scripts, 'flytekit-sagemaker.txt'));
    const { ended, stdout, output } = await finish(interpreter, [join(scripts, 'flytekit_sagemaker.py'), `127.0.0.1:${server.port}`]);
    expect({ ended, output }).toMatchObject({ ended: 'exit code 0' });
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      model: {
        phase: Phase.SUCCEEDED,
        outputs: {
          result: { ModelArn: expect.stringMatching(/^arn:aws:sagemaker:us-east-2:\d+:model\/m-[0-9a-f]{16}$/) },
          idempotence_token: expect.stringMatching(/^[0-9a-f]{16}$/),
        },
      },
      endpoint: {
        type: 'sagemaker-endpoint',
        phase: Phase.SUCCEEDED,
        outputs: { result: { EndpointArn: expect.stringMatching(/:endpoint\/e-1$/) } },
      },
      deleted: { phase: Phase.SUCCEEDED, outputs: { result: { ResponseMetadata: { HTTPStatusCode: 200 } } } },
    });
  });
});

/** moto takes any signature, and sends a request to the service that it names. */
async function post(url: string, operation: string, body: object): Promise<void> {
  const authorization = 'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-2/sagemaker/aws4_request, SignedHeaders=host, Signature=0';
  const headers = { authorization, 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `SageMaker.${operation}` };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`moto answered ${response.status}: ${await response.text()}`);
}
