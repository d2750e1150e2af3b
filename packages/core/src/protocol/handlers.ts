import type { JsonObject } from '@bufbuild/protobuf';
import type { Duration, Timestamp } from '@bufbuild/protobuf/wkt';
import type { handleServerStreamingCall, handleUnaryCall } from '@grpc/grpc-js';
import type { LogLine, LogPage, MetricsRequest } from '../agent.ts';
import type { Dispatcher } from '../dispatcher/dispatcher.ts';
import type { StoredRequest, TaskRequest } from '../dispatcher/requests.ts';
import { AgentError, shortened } from '../errors.ts';
import type { FlyteDatetime } from '../literals/model.ts';
import type { Resource } from '../task.ts';
import { serverStream, unary } from './calls.ts';
import { fromDuration, fromTimestamp } from './literals.ts';
import { toStruct } from './types.ts';

/** How one version of the protocol says what the dispatcher understands. */
export interface Messages<CreateMessage, StoredMessage, ResourceMessage, LogMessage> {
  readonly toTaskRequest: (message: CreateMessage) => TaskRequest;
  readonly toStoredRequest: (message: StoredMessage) => StoredRequest;
  readonly toResourceMessage: (resource: Resource) => ResourceMessage;
  readonly toLogMessages: (page: LogPage) => LogMessage[];
}

interface MetricsMessage {
  readonly queries: string[];
  readonly startTime?: Timestamp | undefined;
  readonly endTime?: Timestamp | undefined;
  readonly step?: Duration | undefined;
}

interface LogsMessage {
  readonly lines: bigint;
  readonly token: string;
}

/** The handlers of an async service, whose methods both versions of the protocol call the same. */
export interface AsyncHandlers<CreateMessage, StoredMessage, ResourceMessage, LogMessage> {
  readonly createTask: handleUnaryCall<CreateMessage, { resourceMeta: Uint8Array }>;
  readonly getTask: handleUnaryCall<StoredMessage, { resource: ResourceMessage }>;
  readonly deleteTask: handleUnaryCall<StoredMessage, object>;
  readonly getTaskMetrics: handleUnaryCall<StoredMessage & MetricsMessage, { results: { metric: string; data: JsonObject }[] }>;
  readonly getTaskLogs: handleServerStreamingCall<StoredMessage & LogsMessage, LogMessage>;
}

/** Makes the handlers of an async service out of one version's messages. */
export function asyncHandlers<CreateMessage, StoredMessage, ResourceMessage, LogMessage>(
  dispatcher: Dispatcher,
  messages: Messages<CreateMessage, StoredMessage, ResourceMessage, LogMessage>,
): AsyncHandlers<CreateMessage, StoredMessage, ResourceMessage, LogMessage> {
  const { toTaskRequest, toStoredRequest, toResourceMessage, toLogMessages } = messages;
  return {
    createTask: unary(async (message: CreateMessage, call) => ({ resourceMeta: await dispatcher.create(toTaskRequest(message), call) })),
    getTask: unary(async (message: StoredMessage, call) => ({
      resource: toAnswer(await dispatcher.get(toStoredRequest(message), call), toResourceMessage),
    })),
    deleteTask: unary(async (message: StoredMessage, call) => {
      await dispatcher.delete(toStoredRequest(message), call);
      return {};
    }),
    getTaskMetrics: unary(async (message: StoredMessage & MetricsMessage, call) => {
      const series = await dispatcher.getMetrics(toStoredRequest(message), toMetricsRequest(message), call);
      return { results: series.map(({ metric, data }) => ({ metric, data: toStruct(data) })) };
    }),
    getTaskLogs: serverStream(async function* (message: StoredMessage & LogsMessage, call) {
      const { lines, token } = message;
      for await (const page of dispatcher.getLogs(toStoredRequest(message), { lines, token }, call)) yield* toLogMessages(page);
    }),
  };
}

/**
 * A resource as a message. A result that cannot be sent fails the task: an error would be asked for again and again. What cannot be sent
 * of a task that did not succeed is no word on how it stands.
 */
export function toAnswer<ResourceMessage>(resource: Resource, toMessage: (resource: Resource) => ResourceMessage): ResourceMessage {
  try {
    return toMessage(resource);
  } catch (error) {
    const { message } = AgentError.from(error);
    const { phase } = resource;
    return phase === 'SUCCEEDED'
      ? toMessage({ phase: 'FAILED', message: shortened(`the task ended, but its result cannot be sent: ${message}`) })
      : toMessage({ phase, message: shortened(`what is known of the task cannot be sent: ${message}`) });
  }
}

function toMetricsRequest({ queries, startTime, endTime, step }: MetricsMessage): MetricsRequest {
  return {
    queries,
    start: startTime && fromTimestamp(startTime),
    end: endTime && fromTimestamp(endTime),
    step: step && fromDuration(step),
  };
}

/** A line of a log with its originator's number, which both versions share. */
export function toLineMessage(
  { message, timestamp, originator = 'USER' }: LogLine,
  originators: Readonly<Record<'USER' | 'SYSTEM', 1 | 2>>,
): { message: string; originator: 1 | 2; timestamp?: { seconds: bigint; nanos: number } } {
  const line = { message, originator: originators[originator] };
  return timestamp === undefined ? line : { ...line, timestamp: toTimestamp(timestamp) };
}

function toTimestamp({ seconds, nanos }: FlyteDatetime): { seconds: bigint; nanos: number } {
  return { seconds, nanos };
}
