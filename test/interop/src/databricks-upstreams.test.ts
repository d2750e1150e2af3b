import { createLogger, startServer, type AgentServer } from '@flyte-agents/core';
import { DatabricksAgent } from '@flyte-agents/databricks';
import { connect, type Connection } from '@flyte-agents/proto/client';
import { AsyncAgentService, TaskExecution_Phase as Phase, type CreateTaskRequest } from '@flyte-agents/proto/flyte1';
import { fromBinary } from '@bufbuild/protobuf';
import { CreateTaskRequestSchema } from '@flyte-agents/proto/flyte1';
import { installTimeoutMs, requirement, startDatabricks, startDatabricksTestServer } from '@flyte-agents/test-upstreams';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { readFixture } from './fixtures.ts';

const go = requirement('go');

/** A workspace that the same cases run on. */
interface Workspace {
  readonly endpoint: string;
  readonly stop: () => Promise<void>;
  readonly fault?: (token: string, pattern: string, status: number) => Promise<void>;
}

/** A run of its own for each test. */
function request(name: string): CreateTaskRequest {
  const read = fromBinary(CreateTaskRequestSchema, readFixture('v1/databricks.v2-serverless-key').bytes);
  read.outputPrefix += `/${name}/0`;
  return read;
}

async function ours(): Promise<Workspace> {
  return startDatabricks({ takesAnyToken: true, queuedMs: 0, pendingMs: 0, runningMs: 300 });
}

// The CLI's test server differs from ours, and from Databricks, in that it gives a new run for a token that it has seen, knows
// Jobs 2.2 alone, and shows a run as RUNNING once: to ask for it is to end it, so that there is nothing left to cancel.
describe.skipIf(!go.available).each([
  { name: 'our stand-in', start: ours, cancelled: Phase.FAILED },
  { name: 'the test server of the Databricks CLI', start: startDatabricksTestServer, cancelled: Phase.SUCCEEDED },
])(`$name${go.note}`, ({ start, cancelled }) => {
  const token = 'dapi-made-up-for-tests';
  let workspace: Workspace;
  let server: AgentServer;
  let connection: Connection;

  beforeAll(async () => {
    workspace = await start();
    vi.stubEnv('FLYTE_DATABRICKS_ENDPOINT', workspace.endpoint);
    vi.stubEnv('FLYTE_DATABRICKS_ACCESS_TOKEN', token);
    server = await startServer({
      agents: [new DatabricksAgent({ instance: 'acme.cloud.databricks.com' })],
      host: '127.0.0.1',
      port: 0,
      metricsPort: 0,
      logger: createLogger({ level: 'error' }),
    });
    connection = connect(`127.0.0.1:${server.port}`);
  }, installTimeoutMs);
  afterAll(async () => {
    connection.close();
    await server.stop();
    await workspace.stop();
    vi.unstubAllEnvs();
  });

  async function create(name: string) {
    const agents = connection.client(AsyncAgentService);
    const { resourceMeta } = await agents.createTask(request(name));
    const stored = { resourceMeta, taskCategory: { name: 'databricks', version: 0 } };
    const { ref }: { readonly ref: { readonly runId: string } } = JSON.parse(Buffer.from(resourceMeta).toString());
    return {
      runId: ref.runId,
      get: async () => (await agents.getTask(stored)).resource,
      delete: async () => agents.deleteTask(stored),
    };
  }

  test('a run goes from RUNNING to its success, and its 64-bit id is kept whole', async () => {
    const run = await create('success');
    expect(BigInt(run.runId)).toBeGreaterThan(BigInt(Number.MAX_SAFE_INTEGER));
    expect(await run.get()).toMatchObject({ phase: Phase.RUNNING, message: expect.stringContaining(run.runId) });
    await expect.poll(async () => (await run.get())?.phase, { timeout: 5000 }).toBe(Phase.SUCCEEDED);
    expect((await run.get())?.logLinks[0]?.uri).toContain(run.runId);
  });

  test('a run that is deleted is cancelled, and may be deleted again', async () => {
    const run = await create('cancel');
    await run.delete();
    expect(await run.get()).toMatchObject({ phase: cancelled });
    await expect(run.delete()).resolves.toBeDefined();
  });

  test('a submit that is throttled is repeated within the create', async () => {
    await workspace.fault?.(token, 'POST /api/2.2/jobs/runs/submit', 429);
    const run = await create('throttled');
    expect(run.runId).toMatch(/^\d+$/);
  });
});
