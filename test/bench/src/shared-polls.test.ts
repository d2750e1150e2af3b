import { BatchAgent, type BatchClient, type Job } from '@flyte-agents/batch';
import { createLogger, startServer, type AgentServer } from '@flyte-agents/core';
import { connect, type Connection } from '@flyte-agents/proto/client';
import { AsyncAgentService, TaskExecution_Phase as Phase } from '@flyte-agents/proto/flyte1';
import { afterAll, beforeAll, expect, test } from 'vitest';

const jobs = 10_000;
/** How many polls the engine has under way at once. */
const inFlight = 2000;
/** What `DescribeJobs` takes, in milliseconds. */
const latencyMs = 500;

/** How many ids each `DescribeJobs` had. */
const described: number[] = [];

const client: Pick<BatchClient, 'list' | 'submit' | 'describe' | 'findDefinition'> = {
  list: async () => [],
  submit: async () => ({ jobId: 'job-0', jobArn: 'arn:aws:batch:us-east-2:123456789012:job/job-0' }),
  findDefinition: async () => 'arn:aws:batch:us-east-2:123456789012:job-definition/d:1',
  describe: async (_kind, ids) => {
    described.push(ids.length);
    await new Promise((resolve) => setTimeout(resolve, latencyMs));
    return ids.map((jobId): Job => ({ jobId, jobName: 'n', status: 'RUNNING' }));
  },
};

let server: AgentServer;
let connection: Connection;
beforeAll(async () => {
  // A poll asks for no more.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const agents = [new BatchAgent({ connect: async () => client as BatchClient, queues: { '*': 'spot' } })];
  server = await startServer({ agents, host: '127.0.0.1', port: 0, metricsPort: 0, logger: createLogger({ level: 'error' }) });
  connection = connect(`127.0.0.1:${server.port}`);
});
afterAll(async () => {
  connection.close();
  await server.stop();
});

/** As many references as there are jobs, of the form of the first. */
async function references(): Promise<readonly Uint8Array[]> {
  const { resourceMeta } = await connection.client(AsyncAgentService).createTask({
    template: { type: 'aws-batch', target: { case: 'container', value: { image: 'i' } } },
    outputPrefix: 's3://b/0',
  });
  const { ref, ...envelope } = JSON.parse(Buffer.from(resourceMeta).toString());
  return Array.from({ length: jobs }, (_, index) =>
    Buffer.from(JSON.stringify({ ...envelope, key: index.toString(16).padStart(32, '0'), ref: { ...ref, jobId: `job-${index}` } })),
  );
}

test(`C33: ${jobs} polled jobs cost at most 110 calls of DescribeJobs in a round`, { timeout: 120_000 }, async () => {
  const agents = connection.client(AsyncAgentService);
  const taskCategory = { name: 'aws-batch', version: 0 };
  const stored = await references();
  const waiting = stored.values();
  const poll = async (): Promise<void> => {
    for (const resourceMeta of waiting) {
      const { resource } = await agents.getTask({ resourceMeta, taskCategory });
      expect(resource?.phase).toBe(Phase.RUNNING);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: inFlight }, poll));
  const seconds = (performance.now() - startedAt) / 1000;
  console.info(`${jobs} polls: ${described.length} calls of DescribeJobs, ${(jobs / seconds).toFixed(0)} polls/s`);
  expect(described.reduce((one, other) => one + other, 0)).toBe(jobs);
  expect(Math.max(...described)).toBe(100);
  expect(described.length).toBeLessThanOrEqual(110);
});
