import { create, fromBinary, toBinary, type DescMethod } from '@bufbuild/protobuf';
import * as flyte1 from '@flyte-agents/proto/flyte1';
import * as flyte2 from '@flyte-agents/proto/flyte2';
import { TaskRequests, type Attempt, type Path, type TestTask } from '../task.ts';
import { extremeReferences, extremeRequests, groups } from './extremes.ts';
import type { RawCalls } from './raw-calls.ts';

/** A method of the server, and whole requests for it that are then damaged. */
export interface Target {
  readonly method: DescMethod;
  /** The messages of each request; only a stream has more than one. */
  readonly requests: readonly (readonly Uint8Array[])[];
  /** Makes a request about a reference; absent in methods that start tasks. */
  readonly about?: ((reference: Uint8Array) => Uint8Array) | undefined;
}

/** All methods of a path, and the references of tasks that were created for them. */
export interface Targets {
  readonly targets: readonly Target[];
  readonly references: readonly Uint8Array[];
}

/** What the targets are made for. */
export interface TargetOptions {
  readonly task: TestTask;
  readonly path: Path;
  /** Names the executions; another name gives other tasks. */
  readonly name: string;
}

const timeoutMs = 10_000;

/** Creates some tasks on a server and makes requests of every kind about them. @throws Error when a create fails */
export async function toTargets(calls: RawCalls, { task, path, name }: TargetOptions): Promise<Targets> {
  const requests = new TaskRequests(task, path);
  const attempts = [0, 1, 2].map((number): Attempt => ({ execution: `${name}x${number}`, node: 'n0', number }));
  const messages = attempts.map((attempt) => requests.message(attempt));
  if (path === 'flyte1-sync') return { targets: [toSyncTarget(messages)], references: [] };
  const creates = messages.map((message) => toBinary(flyte1.CreateTaskRequestSchema, message));
  const starting = [...mostly(creates), ...creates.slice(0, 1).flatMap(extremeRequests)].map((bytes) => [bytes]);
  const { create: method, stored } = path === 'flyte2' ? toFlyte2(task.type) : toFlyte1(task.type);
  const answers = await Promise.all(creates.map((bytes) => created(calls, method, bytes)));
  const references = [...mostly(answers), ...answers.slice(0, 1).flatMap(extremeReferences)];
  const targets = stored.map(({ method: each, about }) => ({
    method: each,
    requests: [...references.map(about), groups].map((bytes) => [bytes]),
    about,
  }));
  return { targets: [{ method, requests: starting }, ...targets], references };
}

/** Often enough that extremes are the exception. */
function mostly<Value>(ordinary: readonly Value[]): readonly Value[] {
  return Array.from({ length: 10 }, () => ordinary).flat();
}

async function created(calls: RawCalls, method: DescMethod, bytes: Uint8Array): Promise<Uint8Array> {
  const { code, details, messages } = await calls.call(method, [bytes], timeoutMs);
  // Both versions' answers have the same bytes.
  const { resourceMeta } = fromBinary(flyte1.CreateTaskResponseSchema, messages[0] ?? new Uint8Array());
  if (resourceMeta.byteLength === 0) throw new Error(`a good create was answered ${code}: ${details}`);
  return resourceMeta;
}

function toSyncTarget(messages: readonly flyte1.CreateTaskRequest[]): Target {
  const schema = flyte1.ExecuteTaskSyncRequestSchema;
  const requests = messages.map(({ template, inputs, outputPrefix, taskExecutionMetadata }) => {
    const header = { ...(template && { template }), ...(taskExecutionMetadata && { taskExecutionMetadata }), outputPrefix };
    return [
      toBinary(schema, create(schema, { part: { case: 'header', value: header } })),
      toBinary(schema, create(schema, { part: { case: 'inputs', value: inputs ?? {} } })),
    ];
  });
  return { method: flyte1.SyncAgentService.method.executeTaskSync, requests: [...mostly(requests), [groups]] };
}

interface Methods {
  readonly create: DescMethod;
  readonly stored: readonly { readonly method: DescMethod; readonly about: (reference: Uint8Array) => Uint8Array }[];
}

function toFlyte1(taskType: string): Methods {
  const { createTask, getTask, deleteTask, getTaskLogs, getTaskMetrics } = flyte1.AsyncAgentService.method;
  const task = (resourceMeta: Uint8Array) => ({ taskType, taskCategory: { name: taskType, version: 0 }, resourceMeta });
  const outputPrefix = 's3://flyte-data/metadata/x/n0/data/0';
  return {
    create: createTask,
    stored: [
      { method: getTask, about: (meta) => toBinary(getTask.input, create(getTask.input, { ...task(meta), outputPrefix })) },
      { method: deleteTask, about: (meta) => toBinary(deleteTask.input, create(deleteTask.input, task(meta))) },
      { method: getTaskLogs, about: (meta) => toBinary(getTaskLogs.input, create(getTaskLogs.input, { ...task(meta), ...logs })) },
      {
        method: getTaskMetrics,
        about: (meta) => toBinary(getTaskMetrics.input, create(getTaskMetrics.input, { ...task(meta), ...metrics })),
      },
    ],
  };
}

function toFlyte2(taskType: string): Methods {
  const { createTask, getTask, deleteTask, getTaskLogs, getTaskMetrics } = flyte2.AsyncConnectorService.method;
  const task = (resourceMeta: Uint8Array) => ({ taskCategory: { name: taskType, version: 0 }, resourceMeta });
  const more = { outputPrefix: 's3://flyte-data/metadata/x/n0/1', connection: {} };
  return {
    create: createTask,
    stored: [
      { method: getTask, about: (meta) => toBinary(getTask.input, create(getTask.input, { ...task(meta), ...more })) },
      { method: deleteTask, about: (meta) => toBinary(deleteTask.input, create(deleteTask.input, { ...task(meta), connection: {} })) },
      { method: getTaskLogs, about: (meta) => toBinary(getTaskLogs.input, create(getTaskLogs.input, { ...task(meta), ...logs })) },
      {
        method: getTaskMetrics,
        about: (meta) => toBinary(getTaskMetrics.input, create(getTaskMetrics.input, { ...task(meta), ...metrics })),
      },
    ],
  };
}

const logs = { lines: 10n, token: '1' };
const metrics = {
  queries: ['cpu'],
  startTime: { seconds: 1_700_000_000n, nanos: 0 },
  endTime: { seconds: 1_700_003_600n, nanos: 0 },
  step: { seconds: 60n },
};
