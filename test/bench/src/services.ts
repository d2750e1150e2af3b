/** The services of six agents, where every job takes an hour. Runs from source, as its services do. */
import { subscribe } from 'node:diagnostics_channel';
import { IncomingMessage } from 'node:http';
import { startBatch, startBigQuery, startDatabricks, startOpenAI, startSageMaker, startSnowflake } from '@flyte-agents/test-upstreams';
import type { ServicesState } from './watched.ts';

const hour = 3_600_000;
const batch = await startBatch({ runnableMs: hour, startingMs: hour });
const bigquery = await startBigQuery({ pendingMs: hour, runningMs: hour });
const databricks = await startDatabricks({ queuedMs: 0, pendingMs: 0, runningMs: hour });
const openai = await startOpenAI({ stepMs: hour });
openai.putFile(
  '{"custom_id":"0","method":"POST","url":"/v1/chat/completions","body":{"model":"gpt-4o-mini","messages":[]}}',
  'file-questions',
);
const sagemaker = await startSageMaker({ startingMs: hour });
const snowflake = await startSnowflake({ pendingMs: hour, runningMs: hour });

const requests = new Map<number, number>();
subscribe('http.server.request.start', (message) => {
  const port = localPort(message);
  requests.set(port, (requests.get(port) ?? 0) + 1);
});
process.on('message', () => {
  const services = Object.entries({ batch, bigquery, databricks, openai, sagemaker, snowflake });
  const counted = services.map(([name, { environment }]) => [name, requests.get(portOf(environment)) ?? 0] as const);
  const environment = Object.fromEntries(services.flatMap(([, service]) => Object.entries(service.environment)));
  process.send?.({ environment, requests: Object.fromEntries(counted) } satisfies ServicesState);
});
process.once('disconnect', () => process.exit());
process.stdout.write('ready\n');

/** The port of the service that an agent's variables lead to. */
function portOf(environment: object): number {
  return Number(/:\/\/127\.0\.0\.1:(\d+)/.exec(Object.values(environment).join(' '))?.[1]);
}

function localPort(message: unknown): number {
  const { request } = typeof message === 'object' && message !== null && 'request' in message ? message : { request: undefined };
  return request instanceof IncomingMessage ? (request.socket.localPort ?? 0) : 0;
}
