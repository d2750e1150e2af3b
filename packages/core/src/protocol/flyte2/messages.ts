import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  CreateTaskRequestSchema,
  LogLineOriginator,
  OutputsSchema,
  TaskExecution_Phase,
  TaskLog_LinkType,
  type CreateTaskRequest,
  type GetTaskLogsResponseSchema,
  type ResourceSchema,
  type TaskCategory,
} from '@flyte-agents/proto/flyte2';
import type { LogPage } from '../../agent.ts';
import type { StoredRequest, TaskRequest } from '../../dispatcher/requests.ts';
import type { Connection } from '../../secrets.ts';
import type { Resource } from '../../task.ts';
import { toLineMessage, type Messages } from '../handlers.ts';
import { toOutputsMessage } from '../literals.ts';
import { readUndecoded, toTaskRequest as toSharedRequest, type Undecoded } from '../tasks.ts';
import { toStruct } from '../types.ts';

/** Reads a CreateTaskRequest, its inputs undecoded. */
export function readCreate(bytes: Uint8Array): Undecoded<CreateTaskRequest> {
  return readUndecoded(CreateTaskRequestSchema, bytes);
}

interface StoredMessage {
  readonly taskCategory?: TaskCategory | undefined;
  readonly resourceMeta: Uint8Array;
  readonly outputPrefix?: string;
  readonly connection?: Connection | undefined;
}

/** @throws AgentError INVALID_ARGUMENT when the message has no template with a type */
function toTaskRequest(undecoded: Undecoded<CreateTaskRequest>): TaskRequest {
  return { ...toSharedRequest(undecoded), connection: toConnection(undecoded.message.connection) };
}

function toStoredRequest({ taskCategory, resourceMeta, outputPrefix = '', connection }: StoredMessage): StoredRequest {
  return { taskType: taskCategory?.name ?? '', reference: resourceMeta, outputPrefix, connection: toConnection(connection) };
}

/** Its secrets are values here: the engine has looked them up. */
function toConnection(message: Connection | undefined): Connection | undefined {
  return message && { secrets: message.secrets, configs: message.configs };
}

function toResourceMessage(resource: Resource): MessageInitShape<typeof ResourceSchema> {
  return {
    phase: TaskExecution_Phase[resource.phase],
    message: resource.message ?? '',
    logLinks: (resource.links ?? []).map(({ name, uri }) => ({ name, uri, ready: true, linkType: TaskLog_LinkType.DASHBOARD })),
    // A list of named values here, a map in Flyte 1: the same bytes.
    ...(resource.outputs === undefined ? {} : { outputs: toOutputsMessage(OutputsSchema, resource.outputs) }),
    ...(resource.customInfo === undefined ? {} : { customInfo: toStruct(resource.customInfo) }),
  };
}

/** A page of a log as the stream has it: the lines, then the token of the next page, empty at the end. */
function toLogMessages({ lines, nextToken = '' }: LogPage): MessageInitShape<typeof GetTaskLogsResponseSchema>[] {
  const structured = lines.map((line) => toLineMessage(line, LogLineOriginator));

  return [{ part: { case: 'body', value: { lines: structured } } }, { part: { case: 'header', value: { token: nextToken } } }];
}

/** How Flyte 2 says what the dispatcher understands. */
export const messages: Messages<
  Undecoded<CreateTaskRequest>,
  StoredMessage,
  MessageInitShape<typeof ResourceSchema>,
  MessageInitShape<typeof GetTaskLogsResponseSchema>
> = { toTaskRequest, toStoredRequest, toResourceMessage, toLogMessages };
