import { fromBinary, fromJson, toJson, type JsonValue } from '@bufbuild/protobuf';
import { BatchAgent, type BatchAgentOptions } from '@flyte-agents/batch';
import { createLogger, startServer, type AgentServer } from '@flyte-agents/core';
import { connect, type Connection } from '@flyte-agents/proto/client';
import * as flyte1 from '@flyte-agents/proto/flyte1';
import * as flyte2 from '@flyte-agents/proto/flyte2';
import { z } from 'zod';
import { readFixture } from './fixtures.ts';

const logger = createLogger({ level: 'error' });

const answer = z.object({
  phase: z.string(),
  message: z.string().default(''),
  logLinks: z.array(z.object({ name: z.string(), uri: z.string() })).default([]),
  customInfo: z.record(z.string(), z.unknown()).default({}),
});
const stored = z.object({ ref: z.object({ jobId: z.string(), name: z.string() }) });

/** What GetTask says. */
export type Answer = z.infer<typeof answer>;

/** A task that our server took. */
export interface Sent {
  readonly ref: { readonly jobId: string; readonly name: string };
  readonly get: () => Promise<Answer>;
  readonly delete: () => Promise<unknown>;
  /** The lines of its log, to where it is now. */
  readonly log: () => Promise<readonly string[]>;
}

/** Our server with the agent, and a client of it. */
export class BatchStage {
  readonly #server: AgentServer;
  readonly #connection: Connection;

  private constructor(server: AgentServer) {
    this.#server = server;
    this.#connection = connect(this.endpoint);
  }

  static async start(options: BatchAgentOptions, storeRoots: readonly string[] = []): Promise<BatchStage> {
    const agents = [new BatchAgent({ queues: { '*': 'queue' }, executionRoleArn: 'arn:aws:iam::123456789012:role/starts', ...options })];
    return new BatchStage(await startServer({ agents, host: '127.0.0.1', port: 0, metricsPort: 0, storeRoots, logger }));
  }

  get endpoint(): string {
    return `127.0.0.1:${this.#server.port}`;
  }

  async create(request: flyte1.CreateTaskRequest): Promise<Sent> {
    const agents = this.#connection.client(flyte1.AsyncAgentService);
    const { resourceMeta } = await agents.createTask(request);
    const task = { resourceMeta, taskCategory: { name: 'aws-batch', version: 0 }, outputPrefix: request.outputPrefix };
    return {
      get ref() {
        return toRef(resourceMeta);
      },
      get: async () => {
        const { resource } = await agents.getTask(task);
        return answer.parse(resource && toJson(flyte1.ResourceSchema, resource));
      },
      delete: async () => agents.deleteTask(task),
      log: async () => {
        const lines: string[] = [];
        for await (const { part } of agents.getTaskLogs([task])) if (part.case === 'body') lines.push(...part.value.results);
        return lines;
      },
    };
  }

  /** The same through Flyte 2's service. @param request a `CreateTaskRequest` in protobuf JSON */
  async createByFlyte2(request: JsonValue): Promise<Sent> {
    const agents = this.#connection.client(flyte2.AsyncConnectorService);
    const message = fromJson(flyte2.CreateTaskRequestSchema, request);
    const { resourceMeta } = await agents.createTask(message);
    const task = { resourceMeta, taskCategory: { name: 'aws-batch', version: 0 }, outputPrefix: message.outputPrefix };
    return {
      get ref() {
        return toRef(resourceMeta);
      },
      get: async () => {
        const { resource } = await agents.getTask(task);
        return answer.parse(resource && toJson(flyte2.ResourceSchema, resource));
      },
      delete: async () => agents.deleteTask(task),
      log: async () => {
        const lines: string[] = [];
        for await (const { part } of agents.getTaskLogs([task]))
          if (part.case === 'body') lines.push(...part.value.lines.map(({ message: line }) => line));
        return lines;
      },
    };
  }

  async stop(): Promise<void> {
    this.#connection.close();
    await this.#server.stop();
  }
}

/** A task of flytekit, as a run of its own. */
export function recorded(name: string, command: readonly string[] = []): flyte1.CreateTaskRequest {
  const request = fromBinary(flyte1.CreateTaskRequestSchema, readFixture(`v1/${name}`).bytes);
  if (command.length === 0) return request;
  request.outputPrefix += `/${command.join('-')}/0`;
  if (request.template?.target.case === 'container') request.template.target.value.args = [...command];
  return request;
}

function toRef(resourceMeta: Uint8Array): Sent['ref'] {
  return stored.parse(JSON.parse(Buffer.from(resourceMeta).toString())).ref;
}
