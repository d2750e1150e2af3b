import type { handleBidiStreamingCall, Server } from '@grpc/grpc-js';
import { AgentMetadataService, AsyncAgentService, SyncAgentService, type ExecuteTaskSyncResponseSchema } from '@flyte-agents/proto/flyte1';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { addService } from '@flyte-agents/proto/grpc';
import { expired } from '../../dispatcher/call.ts';
import type { Dispatcher } from '../../dispatcher/dispatcher.ts';
import { AgentError } from '../../errors.ts';
import { continueTrace } from '../../tracing.ts';
import { beginCall, unary } from '../calls.ts';
import { asyncHandlers, toAnswer } from '../handlers.ts';
import { toStatus } from '../status.ts';
import { messages, readCreate, readPart, toResourceMessage, toSyncRequest, type UndecodedPart } from './messages.ts';

/** The most that the parts of one ExecuteTaskSync stream may add up to, in bytes. */
const largestStream = 64 * 1024 * 1024;

/** Adds the services of `flyteidl.service` to a server. */
export function addFlyte1Services(server: Server, dispatcher: Dispatcher): void {
  addService(server, AsyncAgentService, asyncHandlers(dispatcher, messages), { createTask: readCreate });
  addService(server, SyncAgentService, { executeTaskSync: executeTaskSync(dispatcher) }, { executeTaskSync: readPart });
  addMetadataService(server, dispatcher);
}

/** One message of the metadata service never changes while the server runs: it is made once (R9). */
function addMetadataService(server: Server, { registry }: Dispatcher): void {
  const agents = registry.agents.map((agent) => ({
    name: agent.name,
    isSync: registry.isSync(agent),
    supportedTaskTypes: [...registry.taskTypes(agent)],
    supportedTaskCategories: registry.taskTypes(agent).map((name) => ({ name, version: 0 })),
  }));
  addService(server, AgentMetadataService, {
    listAgents: unary(async () => ({ agents })),
    getAgent: unary(async ({ name }) => {
      const agent = agents.find((each) => each.name === name);
      if (agent !== undefined) return { agent };
      throw new AgentError({ code: 'NOT_FOUND', message: `no agent on this server is called ${name}; ListAgents tells which are` });
    }),
  });
}

type SyncResponse = MessageInitShape<typeof ExecuteTaskSyncResponseSchema>;

/** Reads the stream up to its end, then answers exactly one message: the engine reads no more. */
function executeTaskSync(dispatcher: Dispatcher): handleBidiStreamingCall<UndecodedPart, SyncResponse> {
  return (stream) => {
    const call = beginCall(stream);
    const answer = async (): Promise<void> => {
      try {
        const parts = await call.within(readParts(stream));
        if (parts === expired)
          throw new AgentError({ code: 'DEADLINE_EXCEEDED', message: 'the stream of the request did not end in time' });
        const resource = await dispatcher.execute(toSyncRequest(parts), call);
        stream.write({ res: { case: 'header', value: { resource: toAnswer(resource, toResourceMessage) } } });
        stream.end();
      } catch (error) {
        stream.emit('error', toStatus(error));
      } finally {
        call.end();
      }
    };
    void continueTrace(stream, answer);
  };
}

async function readParts(stream: AsyncIterable<UndecodedPart>): Promise<readonly UndecodedPart[]> {
  const parts: UndecodedPart[] = [];
  let bytes = 0;
  for await (const part of stream) {
    // Only the first header counts.
    if (parts.length > 0 && part.inputs === undefined) continue;
    bytes += part.inputs?.byteLength ?? 0;
    if (bytes > largestStream)
      throw new AgentError({ code: 'RESOURCE_EXHAUSTED', message: `the inputs have more than ${largestStream} bytes` });
    parts.push(part);
  }
  return parts;
}
