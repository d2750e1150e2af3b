import type { Server } from '@grpc/grpc-js';
import { AsyncConnectorService, ConnectorMetadataService } from '@flyte-agents/proto/flyte2';
import { addService } from '@flyte-agents/proto/grpc';
import type { Dispatcher } from '../../dispatcher/dispatcher.ts';
import { AgentError } from '../../errors.ts';
import { unary } from '../calls.ts';
import { asyncHandlers } from '../handlers.ts';
import { messages, readCreate } from './messages.ts';

/** Adds the services of `flyteidl2.connector` to a server. Sync agents are served here too: Flyte 2 has no sync call. */
export function addFlyte2Services(server: Server, dispatcher: Dispatcher): void {
  addService(server, AsyncConnectorService, asyncHandlers(dispatcher, messages), { createTask: readCreate });
  const { registry } = dispatcher;
  const connectors = registry.agents.map((agent) => ({
    name: agent.name,
    supportedTaskCategories: registry.taskTypes(agent).map((name) => ({ name, version: 0 })),
  }));
  addService(server, ConnectorMetadataService, {
    listConnectors: unary(async () => ({ connectors })),
    getConnector: unary(async ({ name }) => {
      const connector = connectors.find((each) => each.name === name);
      if (connector !== undefined) return { connector };
      throw new AgentError({ code: 'NOT_FOUND', message: `no connector on this server is called ${name}; ListConnectors tells which are` });
    }),
  });
}
