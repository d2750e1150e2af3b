import type { MessageInitShape } from '@bufbuild/protobuf';
import {
  CreateTaskRequestSchema,
  ExecuteTaskSyncRequestSchema,
  LiteralMapSchema,
  LogLineOriginator,
  TaskExecution_Phase,
  type CreateRequestHeader,
  type CreateTaskRequest,
  type GetTaskLogsResponseSchema,
  type ResourceSchema,
  type TaskCategory,
} from '@flyte-agents/proto/flyte1';
import type { LogPage } from '../../agent.ts';
import type { StoredRequest, TaskRequest } from '../../dispatcher/requests.ts';
import { AgentError } from '../../errors.ts';
import type { Resource } from '../../task.ts';
import { toLineMessage, type Messages } from '../handlers.ts';
import { toOutputsMessage } from '../literals.ts';
import { readUndecoded, toTaskRequest, type Undecoded } from '../tasks.ts';
import { toStruct } from '../types.ts';

/** Reads a CreateTaskRequest, its inputs undecoded. */
export function readCreate(bytes: Uint8Array): Undecoded<CreateTaskRequest> {
  return readUndecoded(CreateTaskRequestSchema, bytes);
}

/** One message of an ExecuteTaskSync stream, inputs undecoded. */
export interface UndecodedPart {
  readonly header: CreateRequestHeader | undefined;
  readonly inputs: Uint8Array | undefined;
}

export function readPart(bytes: Uint8Array): UndecodedPart {
  const { message, inputs } = readUndecoded(ExecuteTaskSyncRequestSchema, bytes);
  return { header: message.part.case === 'header' ? message.part.value : undefined, inputs };
}

/** @throws AgentError INVALID_ARGUMENT when the stream does not begin with a header */
export function toSyncRequest(parts: readonly UndecodedPart[]): TaskRequest {
  const message = parts[0]?.header;
  if (message === undefined) throw new AgentError({ code: 'INVALID_ARGUMENT', message: 'the stream must begin with a header' });
  // Concatenated, encoded maps are their merge.
  return toTaskRequest({ message, inputs: Buffer.concat(parts.flatMap((part) => part.inputs ?? [])) });
}

interface StoredMessage {
  readonly taskType: string;
  readonly taskCategory?: TaskCategory | undefined;
  readonly resourceMeta: Uint8Array;
  readonly outputPrefix?: string;
}

/** Old engines name the type only in the deprecated field. */
function toStoredRequest({ taskType, taskCategory, resourceMeta, outputPrefix = '' }: StoredMessage): StoredRequest {
  return { taskType: taskCategory?.name || taskType, reference: resourceMeta, outputPrefix };
}

export function toResourceMessage(resource: Resource): MessageInitShape<typeof ResourceSchema> {
  return {
    phase: TaskExecution_Phase[resource.phase],
    message: resource.message ?? '',
    logLinks: (resource.links ?? []).map(({ name, uri }) => ({ name, uri })),
    ...(resource.outputs === undefined ? {} : { outputs: toOutputsMessage(LiteralMapSchema, resource.outputs) }),
    ...(resource.customInfo === undefined ? {} : { customInfo: toStruct(resource.customInfo) }),
  };
}

/** A page of a log as the stream has it: the lines, then the token of the next page, empty at the end. */
function toLogMessages({ lines, nextToken = '' }: LogPage): MessageInitShape<typeof GetTaskLogsResponseSchema>[] {
  const structuredLines = lines.map((line) => toLineMessage(line, LogLineOriginator));

  return [
    { part: { case: 'body', value: { results: lines.map(({ message }) => message), structuredLines } } },
    { part: { case: 'header', value: { token: nextToken } } },
  ];
}

/** How Flyte 1 says what the dispatcher understands. */
export const messages: Messages<
  Undecoded<CreateTaskRequest>,
  StoredMessage,
  MessageInitShape<typeof ResourceSchema>,
  MessageInitShape<typeof GetTaskLogsResponseSchema>
> = { toTaskRequest, toStoredRequest, toResourceMessage, toLogMessages };
