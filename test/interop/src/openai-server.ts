import { createLogger, SecretSource, startServer } from '@flyte-agents/core';
import { OpenAIBatchAgent, OpenAIChatAgent, type OpenAIOptions } from '@flyte-agents/openai';
import { connect, type Connection } from '@flyte-agents/proto/client';
import * as flyte1 from '@flyte-agents/proto/flyte1';

/** Our server with the OpenAI agents. */
export interface OpenAIAgentServer {
  /** `host:port` of our server. */
  readonly endpoint: string;
  readonly connection: Connection;
  /** Does a task within a call. */
  execute(request: flyte1.CreateTaskRequest): Promise<flyte1.Resource>;
  /** Starts a task; gives the reference to it. */
  create(request: flyte1.CreateTaskRequest): Promise<Uint8Array>;
  get(type: string, resourceMeta: Uint8Array): Promise<flyte1.Resource>;
  delete(type: string, resourceMeta: Uint8Array): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it. @param baseUrl where the models and batches are, with `/v1` */
export async function startOpenAIAgents(
  baseUrl: string,
  { options = {}, storeRoots }: { options?: OpenAIOptions; storeRoots?: readonly string[] } = {},
): Promise<OpenAIAgentServer> {
  const all = { endpoint: { baseUrl }, ...options };
  const server = await startServer({
    agents: [new OpenAIChatAgent(all), new OpenAIBatchAgent(all)],
    host: '127.0.0.1',
    port: 0,
    metricsPort: 0,
    secrets: new SecretSource({ FLYTE_OPENAI_API_KEY: 'sk-example-key' }),
    storeRoots,
    logger: createLogger({ level: 'error' }),
  });
  const endpoint = `127.0.0.1:${server.port}`;
  const connection = connect(endpoint);
  const sync = connection.client(flyte1.SyncAgentService);
  const agents = connection.client(flyte1.AsyncAgentService);
  const timeoutMs = 10_000;
  return {
    endpoint,
    connection,
    execute: async ({ template, outputPrefix, taskExecutionMetadata, inputs }) => {
      const header = { ...(template && { template }), outputPrefix, ...(taskExecutionMetadata && { taskExecutionMetadata }) };
      const parts = [{ part: { case: 'header', value: header } }, { part: { case: 'inputs', value: inputs ?? {} } }] as const;
      for await (const { res } of sync.executeTaskSync(parts, { timeoutMs }))
        if (res.case === 'header' && res.value.resource !== undefined) return res.value.resource;
      throw new Error('no answer');
    },
    create: async (request) => (await agents.createTask(request, { timeoutMs })).resourceMeta,
    get: async (name, resourceMeta) => {
      const { resource } = await agents.getTask({ resourceMeta, taskCategory: { name, version: 0 } }, { timeoutMs });
      if (resource === undefined) throw new Error('no resource');
      return resource;
    },
    delete: async (name, resourceMeta) => {
      await agents.deleteTask({ resourceMeta, taskCategory: { name, version: 0 } }, { timeoutMs });
    },
    stop: async () => {
      connection.close();
      await server.stop();
    },
  };
}
