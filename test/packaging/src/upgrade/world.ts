import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import {
  startBatch,
  startBigQuery,
  startDatabricks,
  startOpenAI,
  startS3,
  startSageMaker,
  startSnowflake,
} from '@flyte-agents/test-upstreams';
import { startServing, type Serving } from '../serving.ts';
import { root } from '../workspace.ts';

/** Stand-ins for all services, which give the same ids whenever they are asked the same, and a server with all agents. */
export interface UpgradeWorld extends Serving {
  /** Where OpenAI is, this time. References tell it. */
  readonly openAiUrl: string;
  /** A server whose AWS Batch takes what it is sent and answers nothing. */
  readonly startDeaf: () => Promise<Serving>;
}

/** What of the store may be written and read. */
export const storeRoot = 's3://example-bucket';

/** Starts all of it. */
export async function startUpgradeWorld(): Promise<UpgradeWorld> {
  const s3 = await startS3({ objects: { 'example-bucket/in/there': 'there' } });
  const batch = await startBatch();
  const bigquery = await startBigQuery({ pendingMs: 100, runningMs: 100 });
  await bigquery.execute('CREATE SCHEMA shop; CREATE TABLE shop.orders AS SELECT 1 AS id');
  const databricks = await startDatabricks();
  const openAi = await startOpenAI();
  const body = { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Who are you?' }] };
  openAi.putFile(JSON.stringify({ custom_id: '1', method: 'POST', url: '/v1/chat/completions', body }), 'file-questions');
  const snowflake = await startSnowflake();
  await snowflake.execute('CREATE TABLE orders AS SELECT * FROM (VALUES (10), (20), (40)) AS t (amount)');
  const sageMaker = await startSageMaker();
  const variant = { VariantName: 'v', ModelName: 'm', InstanceType: 'ml.m5.large', InitialInstanceCount: 1, InitialVariantWeight: 1 };
  sageMaker.call('CreateModel', { ModelName: 'm', ExecutionRoleArn: 'arn:aws:iam::123456789012:role/sagemaker' });
  sageMaker.call('CreateEndpointConfig', { EndpointConfigName: 'c-1', ProductionVariants: [variant] });
  const services = [s3, batch, bigquery, databricks, openAi, snowflake, sageMaker];
  const environment = Object.fromEntries(services.flatMap((service) => Object.entries(service.environment)));
  const servers: Serving[] = [];
  const serve = async (others: Readonly<Record<string, string>>): Promise<Serving> => {
    const main = join(root, 'packages/cli/src/main.ts');
    const command = `node --conditions=@flyte-agents/source ${main} --root packages/all serve --store-roots ${storeRoot} --log-level warn`;
    const server = await startServing(command, { cwd: root, environment: { ...environment, ...others } });
    servers.push(server);
    return server;
  };
  const { endpoint } = await serve({});
  return {
    endpoint,
    openAiUrl: openAi.baseUrl,
    startDeaf: async () => {
      const deaf = createServer((socket) => socket.resume())
        .listen(0, '127.0.0.1')
        .unref();
      await once(deaf, 'listening');
      const address = deaf.address();
      return serve({ AWS_ENDPOINT_URL_BATCH: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}` });
    },
    stop: async () => {
      for (const server of [...servers, ...services]) await server.stop();
    },
  };
}
