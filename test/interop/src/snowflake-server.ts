import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createLogger, SecretSource, startServer } from '@flyte-agents/core';
import { connect } from '@flyte-agents/proto/client';
import { AsyncAgentService, type Resource, type TaskExecution_Phase } from '@flyte-agents/proto/flyte1';
import { SnowflakeAgent } from '@flyte-agents/snowflake';

/** A task under way on a server. */
export interface RunningQuery {
  get(): Promise<Resource | undefined>;
  delete(): Promise<void>;
}

/** A server with the Snowflake agent, and a client of it. */
export interface SnowflakeAgentServer {
  /** `host:port` of gRPC. */
  readonly endpoint: string;
  /** Starts a statement. With outputs, `total` is an integer column of its row. */
  create(statement: string, options?: { readonly hasTotal?: boolean }): Promise<RunningQuery>;
  /** A query that a Python agent started. */
  legacy(queryId: string): RunningQuery;
  /** A statement that another replica submitted by the SQL API. Its output `total` is an integer column of its row, or the list of a column. */
  submitted(handle: string, total?: 'INTEGER' | { readonly list: 'INTEGER' }): RunningQuery;
  stop(): Promise<void>;
}

const taskCategory = { name: 'snowflake', version: 0 };
const config = { account: 'MYORG-MYACCOUNT', user: 'FLYTE', database: 'DEMO', schema: 'PUBLIC', warehouse: 'WH' };

/** Starts a server whose accounts are all at one URL. */
export async function startSnowflakeAgentServer(url: string): Promise<SnowflakeAgentServer> {
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const server = await startServer({
    agents: [new SnowflakeAgent({ url })],
    host: '127.0.0.1',
    port: 0,
    metricsPort: 0,
    secrets: new SecretSource({ SNOWFLAKE_PRIVATE_KEY: key }, { files: false }),
    logger: createLogger({ level: 'silent' }),
  });
  const connection = connect(`127.0.0.1:${server.port}`);
  const agents = connection.client(AsyncAgentService);
  const running = (resourceMeta: Uint8Array): RunningQuery => ({
    get: async () => (await agents.getTask({ resourceMeta, taskCategory })).resource,
    delete: async () => {
      await agents.deleteTask({ resourceMeta, taskCategory });
    },
  });
  return {
    endpoint: `127.0.0.1:${server.port}`,
    create: async (statement, { hasTotal = false } = {}) => {
      const total = { type: { type: { case: 'simple', value: 1 } } } as const;
      const { resourceMeta } = await agents.createTask({
        outputPrefix: `s3://bucket/${randomUUID()}/n0/data/0`,
        template: {
          type: 'snowflake',
          config,
          interface: { outputs: { variables: hasTotal ? { total } : {} } },
          target: { case: 'sql', value: { statement } },
        },
      });
      return running(resourceMeta);
    },
    legacy: (queryId) => running(encoded({ ...config, query_id: queryId, has_output: false })),
    submitted: (handle, total = 'INTEGER') => {
      const place = { ...config, role: null, authenticator: null, origin: null, sdk: 'flytekit', outputs: { total } };
      const tenant = { project: 'p', domain: 'd', key: randomUUID().replaceAll('-', ''), at: Date.now() };
      return running(encoded({ v: 1, type: 'snowflake', ...tenant, ref: { ...place, queryId: handle, by: 'api' } }));
    },
    stop: async () => {
      connection.close();
      await server.stop();
    },
  };
}

function encoded(reference: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(reference));
}

/** What a query's end is: polled until it is not in one of these phases. */
export async function endOf(query: RunningQuery, unended: readonly TaskExecution_Phase[]): Promise<Resource | undefined> {
  for (;;) {
    const resource = await query.get();
    if (resource === undefined || !unended.includes(resource.phase)) return resource;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
