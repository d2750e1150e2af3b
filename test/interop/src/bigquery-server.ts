import { BigQueryAgent } from '@flyte-agents/bigquery';
import { createLogger, startServer } from '@flyte-agents/core';
import { startBigQuery, type BigQueryServer } from '@flyte-agents/test-upstreams';

/** Our server with the BigQuery agent, and the jobs API that it talks to. */
export interface BigQueryAgentServer {
  /** `host:port` of our server. */
  readonly endpoint: string;
  readonly bigquery: BigQueryServer;
  stop(): Promise<void>;
}

/** Starts both; the tables that the fixtures read are there. */
export async function startBigQueryAgent(): Promise<BigQueryAgentServer> {
  const bigquery = await startBigQuery({ pendingMs: 100, runningMs: 100 });
  Object.assign(process.env, bigquery.environment);
  await bigquery.execute(`
    CREATE SCHEMA out; CREATE SCHEMA src; CREATE SCHEMA samples;
    CREATE TABLE src.events AS SELECT '2026-01-02' AS d, 'from-config' AS s, 7 AS n;
    CREATE TABLE samples.shakespeare (word STRING);
    INSERT INTO samples.shakespeare VALUES ('ghost'), ('Hamlet''s "ghost"');
  `);
  const logger = createLogger({ level: 'error' });
  const server = await startServer({ agents: [new BigQueryAgent()], host: '127.0.0.1', port: 0, metricsPort: 0, logger });
  return {
    endpoint: `127.0.0.1:${server.port}`,
    bigquery,
    stop: async () => {
      await server.stop();
      await bigquery.stop();
    },
  };
}
