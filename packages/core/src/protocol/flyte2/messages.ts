import { fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
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
import type { Resource } from '../../task.ts';
import { cutField } from '../fields.ts';
import { toLineMessage, type Messages } from '../handlers.ts';
import { encodeLiterals, lazyInputs } from '../literals.ts';
import { fromMetadataMessage, fromTemplateMessage } from '../tasks.ts';
import { toStruct } from '../types.ts';

/** A CreateTaskRequest whose inputs are still bytes. */
export interface UndecodedCreate {
  readonly message: CreateTaskRequest;
  readonly inputs: Uint8Array | undefined;
}

export function readCreate(bytes: Uint8Array): UndecodedCreate {
  const { field, rest } = cutField(bytes, CreateTaskRequestSchema.field.inputs.number);
  return { message: fromBinary(CreateTaskRequestSchema, rest), inputs: field };
}

function toTaskRequest({ message, inputs }: UndecodedCreate): TaskRequest {
  return {
    template: fromTemplateMessage(message.template),
    inputs: lazyInputs(inputs),
    outputPrefix: message.outputPrefix,
    execution: fromMetadataMessage(message.taskExecutionMetadata),
  };
}

interface StoredMessage {
  readonly taskCategory?: TaskCategory | undefined;
  readonly resourceMeta: Uint8Array;
  readonly outputPrefix?: string;
}

function toStoredRequest({ taskCategory, resourceMeta, outputPrefix = '' }: StoredMessage): StoredRequest {
  return { taskType: taskCategory?.name ?? '', reference: resourceMeta, outputPrefix };
}

function toResourceMessage(resource: Resource): MessageInitShape<typeof ResourceSchema> {
  return {
    phase: TaskExecution_Phase[resource.phase],
    message: resource.message ?? '',
    logLinks: (resource.links ?? []).map(({ name, uri }) => ({ name, uri, ready: true, linkType: TaskLog_LinkType.DASHBOARD })),
    // A list of named values here, a map in Flyte 1: the same bytes.
    ...(resource.outputs === undefined ? {} : { outputs: fromBinary(OutputsSchema, encodeLiterals(resource.outputs)) }),
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
  UndecodedCreate,
  StoredMessage,
  MessageInitShape<typeof ResourceSchema>,
  MessageInitShape<typeof GetTaskLogsResponseSchema>
> = { toTaskRequest, toStoredRequest, toResourceMessage, toLogMessages };
