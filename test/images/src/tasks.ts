import { join } from 'node:path';
import { readTaskFile, runTask, type InputValue } from '@flyte-agents/cli';
import {
  startBatch,
  startBigQuery,
  startDatabricks,
  startOpenAI,
  startS3,
  startSageMaker,
  startSnowflake,
} from '@flyte-agents/test-upstreams';
import { root } from './base.ts';

/** A stand-in for an agent's service, with what the agent's task needs. */
interface Service {
  /** Leads the agent to it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

/** A task that shows that an agent works: one of the examples. */
interface AgentTask {
  readonly start: () => Promise<Service>;
  readonly example: string;
  readonly inputs: Readonly<Record<string, InputValue>>;
}

/** By agent. */
export const tasks: Readonly<Record<string, AgentTask>> = {
  batch: { start: startBatch, example: 'batch-job', inputs: {} },
  bigquery: {
    start: async () => {
      const bigquery = await startBigQuery();
      await bigquery.execute(
        `CREATE SCHEMA shop; CREATE TABLE shop.orders AS SELECT 'ada' AS customer, 10.5 AS amount, DATE '2026-01-02' AS day`,
      );
      return { environment: bigquery.environment, stop: () => bigquery.stop() };
    },
    example: 'bigquery-query',
    inputs: { least: 5, customers: ['ada'] },
  },
  databricks: { start: startDatabricks, example: 'databricks-sql', inputs: { least: 2n } },
  openai: {
    start: async () => {
      const openAi = await startOpenAI();
      return { environment: { ...openAi.environment }, stop: () => openAi.stop() };
    },
    example: 'openai-chat',
    inputs: {},
  },
  's3-sensor': {
    start: async () => {
      const s3 = await startS3();
      s3.createBucket('example-bucket');
      s3.put('example-bucket', 'in/_SUCCESS', 'done');
      return { environment: s3.environment, stop: () => s3.stop() };
    },
    example: 'wait-for-object',
    inputs: { path: 's3://example-bucket/in/_SUCCESS' },
  },
  sagemaker: { start: startSageMaker, example: 'sagemaker-model', inputs: { artefact: 's3://example-bucket/model.tar.gz' } },
  snowflake: {
    start: async () => {
      const snowflake = await startSnowflake();
      await snowflake.execute('CREATE TABLE orders AS SELECT * FROM (VALUES (10), (20), (40)) AS t (amount)');
      return { environment: snowflake.environment, stop: () => snowflake.stop() };
    },
    example: 'snowflake-query',
    inputs: { least: 10n },
  },
};

/** Sends an agent its task, as the engine does. @throws Error when the task does not succeed */
export async function runAgentTask(agent: string, endpoint: string): Promise<string> {
  const { example, inputs } = taskOf(agent);
  const task = await readTaskFile(join(root, 'examples', `${example}.yaml`));
  const { phase, message } = await runTask({ endpoint, task, inputs, pollIntervalMs: 200, retries: 0 });
  if (phase !== 'SUCCEEDED') throw new Error(`${phase}: ${message}`);
  return message;
}

/** The task of an agent. @throws Error when the table has none */
export function taskOf(agent: string): AgentTask {
  const task = tasks[agent];
  if (task === undefined) throw new Error(`test/images/src/tasks.ts has no task for ${agent}`);
  return task;
}
