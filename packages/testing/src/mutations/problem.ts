import { fromBinary, type DescMethod } from '@bufbuild/protobuf';
import {
  ExecuteTaskSyncResponseSchema,
  GetTaskResponseSchema,
  SyncAgentService,
  TaskExecution_Phase,
  type Resource,
} from '@flyte-agents/proto/flyte1';
import type { RawAnswer } from './raw-calls.ts';

/** The text with which grpc-js refuses a request that it could not read. */
const unreadable = 'Error deserializing request';
/** What a server answers that fell over its own feet, or hung. */
const broken: ReadonlySet<string> = new Set([
  'UNKNOWN',
  'INTERNAL',
  'DEADLINE_EXCEEDED',
  'DATA_LOSS',
  'CANCELLED',
  'ABORTED',
  'OUT_OF_RANGE',
]);
const longestMessage = 4096;
const ends: ReadonlySet<number> = new Set([
  TaskExecution_Phase.SUCCEEDED,
  TaskExecution_Phase.FAILED,
  TaskExecution_Phase.RETRYABLE_FAILED,
]);
const phases: ReadonlySet<number> = new Set([
  ...ends,
  TaskExecution_Phase.WAITING_FOR_RESOURCES,
  TaskExecution_Phase.INITIALIZING,
  TaskExecution_Phase.RUNNING,
]);

/** What is wrong with an answer to a damaged request; `undefined` when nothing is. */
export function problemOf(
  method: DescMethod,
  parts: readonly Uint8Array[],
  { code, details, messages }: Pick<RawAnswer, 'code' | 'details' | 'messages'>,
): string | undefined {
  if (code !== 'OK') {
    const isPoll = method.localName === 'getTask';
    const isUnread = details.startsWith(unreadable) && !(isPoll && parts.every((part) => isReadable(method, part)));
    return !isUnread && (isPoll || broken.has(code)) ? `${code}: ${details}` : undefined;
  }
  const [message] = messages;
  if (message === undefined) return method.methodKind === 'server_streaming' ? undefined : 'no answer';
  const isSync = method === SyncAgentService.method.executeTaskSync;
  if (!isSync && method.localName !== 'getTask') return undefined;
  // Flyte 2's answers have Flyte 1's bytes.
  const resource = isSync ? toHeader(message) : fromBinary(GetTaskResponseSchema, message).resource;
  const { phase = TaskExecution_Phase.UNDEFINED, message: text = '' } = resource ?? {};
  if (isSync ? !ends.has(phase) : !phases.has(phase)) return `phase ${phase}`;
  return Buffer.byteLength(text) > longestMessage ? `a message of ${Buffer.byteLength(text)} bytes` : undefined;
}

function toHeader(message: Uint8Array): Resource | undefined {
  const { res } = fromBinary(ExecuteTaskSyncResponseSchema, message);
  return res.case === 'header' ? res.value.resource : undefined;
}

function isReadable({ input }: DescMethod, bytes: Uint8Array): boolean {
  try {
    fromBinary(input, bytes);
    return true;
  } catch {
    return false;
  }
}
