import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { fromMapMessage } from '@flyte-agents/core';
import { connect } from '@flyte-agents/proto/client';
import * as flyte1 from '@flyte-agents/proto/flyte1';
import {
  AsyncConnectorService,
  ConnectionSchema,
  ConnectorMetadataService,
  CreateTaskRequestSchema,
  OutputsSchema,
  TaskExecution_PhaseSchema,
  type Resource,
} from '@flyte-agents/proto/flyte2';
import { plainAnswer, toPhase, type Answer, type EngineClient } from './client.ts';

/** Speaks Flyte 2's protocol as its executor does. @param timeoutMs the deadline of every call */
export function flyte2Client(address: string, timeoutMs: number): EngineClient {
  const connection = connect(address);
  const metadata = connection.client(ConnectorMetadataService);
  const tasks = connection.client(AsyncConnectorService);
  return {
    async list() {
      const { connectors } = await metadata.listConnectors({}, { timeoutMs });
      return connectors.map(({ name, supportedTaskCategories }) => ({
        name,
        isSync: false,
        taskTypes: supportedTaskCategories.map((category) => category.name),
      }));
    },
    async create(request) {
      // The bytes of both versions are the same; only Flyte 2 has a connection, and always sends one.
      const message = fromBinary(CreateTaskRequestSchema, toBinary(flyte1.CreateTaskRequestSchema, request));
      return (await tasks.createTask({ ...message, connection: message.connection ?? create(ConnectionSchema) }, { timeoutMs }))
        .resourceMeta;
    },
    async get({ taskType, reference, outputPrefix }, signal) {
      const request = { taskCategory: { name: taskType, version: 0 }, resourceMeta: reference, outputPrefix, connection: {} };
      const { resource } = await tasks.getTask(request, { timeoutMs, signal });
      return toAnswer(resource);
    },
    async delete({ taskType, reference }) {
      await tasks.deleteTask({ taskCategory: { name: taskType, version: 0 }, resourceMeta: reference, connection: {} }, { timeoutMs });
    },
    close: () => connection.close(),
  };
}

function toAnswer(resource: Resource | undefined): Answer {
  const phase = resource === undefined ? undefined : toPhase(TaskExecution_PhaseSchema.value[resource.phase]?.name);
  if (resource === undefined || phase === undefined) return plainAnswer('FAILED', 'the server answered no phase');
  const { message, outputs, logLinks, customInfo } = resource;
  return {
    phase,
    message,
    // A list of named values here, a map in Flyte 1: the same bytes.
    outputs: outputs && fromMapMessage(fromBinary(flyte1.LiteralMapSchema, toBinary(OutputsSchema, outputs))),
    links: logLinks.map(({ name, uri }) => ({ name, uri })),
    customInfo,
  };
}
