import { create, fromBinary, toBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { fromMapMessage, type Connection } from '@flyte-agents/core';
import { connect, type CallOptions } from '@flyte-agents/proto/client';
import * as flyte1 from '@flyte-agents/proto/flyte1';
import * as flyte2 from '@flyte-agents/proto/flyte2';
import { status } from '@grpc/grpc-js';
import type { Path } from '../task.ts';
import { CallError, largestAnswer, type Endpoint, type EndpointOptions, type EngineAnswer } from './endpoint.ts';

/** A server behind a socket, as the engine of a path sees it. @param address `host:port` */
export function grpcEndpoint(address: string, path: Path): Endpoint {
  return path === 'flyte2' ? flyte2Endpoint(address) : flyte1Endpoint(address);
}

function flyte1Endpoint(address: string): Endpoint {
  const connection = connect(address);
  const metadata = connection.client(flyte1.AgentMetadataService);
  const tasks = connection.client(flyte1.AsyncAgentService);
  const sync = connection.client(flyte1.SyncAgentService);
  return {
    address,
    list: (options) =>
      called(async () => {
        const { agents } = await metadata.listAgents({}, toOptions(options));
        return agents.map(({ name, isSync, supportedTaskCategories }) => ({
          name,
          isSync,
          taskTypes: supportedTaskCategories.map((category) => ({ name: category.name, version: category.version })),
        }));
      }),
    create: (requests, attempt, options) =>
      called(async () => (await tasks.createTask(requests.message(attempt), toOptions(options))).resourceMeta),
    get: ({ taskType, reference, outputPrefix }, options) =>
      called(async () => {
        const request = { taskType, taskCategory: { name: taskType, version: 0 }, resourceMeta: reference, outputPrefix };
        const response = await tasks.getTask(request, toOptions(options));
        return toAnswer(checked(flyte1.GetTaskResponseSchema, response).resource);
      }),
    delete: ({ taskType, reference }, options) =>
      called(async () => {
        await tasks.deleteTask({ taskType, taskCategory: { name: taskType, version: 0 }, resourceMeta: reference }, toOptions(options));
      }),
    execute: (requests, attempt, options) =>
      called(async () => {
        const { template, inputs, outputPrefix, taskExecutionMetadata } = requests.message(attempt);
        const header = { ...(template && { template }), ...(taskExecutionMetadata && { taskExecutionMetadata }), outputPrefix };
        const answers = sync.executeTaskSync(
          [{ part: { case: 'header', value: header } }, { part: { case: 'inputs', value: inputs ?? {} } }],
          toOptions(options),
        );
        for await (const answer of answers) {
          if (checked(flyte1.ExecuteTaskSyncResponseSchema, answer).res.case !== 'header')
            throw new CallError('UNKNOWN', 'expected header');
          return toAnswer(answer.res.case === 'header' ? answer.res.value.resource : undefined);
        }
        return undefined;
      }),
    close: () => connection.close(),
  };
}

function flyte2Endpoint(address: string): Endpoint {
  const channel = connect(address);
  const metadata = channel.client(flyte2.ConnectorMetadataService);
  const tasks = channel.client(flyte2.AsyncConnectorService);
  return {
    address,
    list: (options) =>
      called(async () => {
        const { connectors } = await metadata.listConnectors({}, toOptions(options));
        return connectors.map(({ name, supportedTaskCategories }) => ({
          name,
          isSync: false,
          taskTypes: supportedTaskCategories.map((category) => ({ name: category.name, version: category.version })),
        }));
      }),
    create: (requests, attempt, options) =>
      called(async () => {
        // Both versions have the same bytes; only Flyte 2 has a connection, and always sends one.
        const message = fromBinary(flyte2.CreateTaskRequestSchema, toBinary(flyte1.CreateTaskRequestSchema, requests.message(attempt)));
        const connection = toConnection(requests.connection);
        return (await tasks.createTask({ ...message, connection }, toOptions(options))).resourceMeta;
      }),
    get: ({ taskType, reference, outputPrefix, connection }, options) =>
      called(async () => {
        const category = { name: taskType, version: 0 };
        const request = { taskCategory: category, resourceMeta: reference, outputPrefix, connection: toConnection(connection) };
        const { resource } = checked(flyte2.GetTaskResponseSchema, await tasks.getTask(request, toOptions(options)));
        // A list of named values here, a map in Flyte 1: the same bytes.
        return toAnswer(resource && fromBinary(flyte1.ResourceSchema, toBinary(flyte2.ResourceSchema, resource)));
      }),
    delete: ({ taskType, reference, connection }, options) =>
      called(async () => {
        const category = { name: taskType, version: 0 };
        const request = { taskCategory: category, resourceMeta: reference, connection: toConnection(connection) };
        await tasks.deleteTask(request, toOptions(options));
      }),
    close: () => channel.close(),
  };
}

function toConnection({ secrets = {}, configs = {} }: Partial<Connection> = {}): flyte2.Connection {
  return create(flyte2.ConnectionSchema, { secrets: { ...secrets }, configs: { ...configs } });
}

function toOptions({ timeoutMs, signal }: EndpointOptions): CallOptions {
  return signal === undefined ? { timeoutMs } : { timeoutMs, signal };
}

async function called<Value>(call: () => Promise<Value>): Promise<Value> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'number') throw error;
    const details = 'details' in error && typeof error.details === 'string' ? error.details : error.message;
    const code = status[error.code] ?? String(error.code);
    throw new CallError(code, details, { isUnsent: details.startsWith('No connection established'), cause: error });
  }
}

function checked<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): MessageShape<Desc> {
  const bytes = toBinary(schema, message).byteLength;
  if (bytes <= largestAnswer) return message;
  throw new CallError('RESOURCE_EXHAUSTED', `received message larger than max (${bytes} vs. ${largestAnswer})`);
}

function toAnswer(resource: flyte1.Resource | undefined): EngineAnswer {
  const { phase = 0, state = 0, message = '', outputs, logLinks = [], customInfo } = resource ?? {};
  const word = flyte1.TaskExecution_PhaseSchema.value[phase]?.name ?? String(phase);
  return {
    phase: word === 'UNDEFINED' ? (legacyStates[state] ?? word) : word,
    message,
    outputs: outputs && fromMapMessage(outputs),
    links: logLinks.map(({ name, uri }) => ({ name, uri })),
    customInfo,
  };
}

/** What Flyte 1 reads when the phase is missing; the state that is missing too means a retryable failure. */
const legacyStates: Readonly<Record<number, string>> = {
  [flyte1.State.PENDING]: 'INITIALIZING',
  [flyte1.State.RUNNING]: 'RUNNING',
  [flyte1.State.PERMANENT_FAILURE]: 'FAILED',
  [flyte1.State.SUCCEEDED]: 'SUCCEEDED',
};
