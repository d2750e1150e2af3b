import { fromMapMessage } from '@flyte-agents/core';
import { connect } from '@flyte-agents/proto/client';
import {
  AgentMetadataService,
  AsyncAgentService,
  StateSchema,
  SyncAgentService,
  TaskExecution_PhaseSchema,
  type CreateTaskRequest,
  type ExecuteTaskSyncResponse,
  type Resource,
} from '@flyte-agents/proto/flyte1';
import { plainAnswer, toPhase, type Answer, type EngineClient, type TaskPhase } from './client.ts';

/** Speaks Flyte 1's protocol as Propeller does. @param timeoutMs the deadline of every call */
export function flyte1Client(address: string, timeoutMs: number): EngineClient {
  const connection = connect(address);
  const metadata = connection.client(AgentMetadataService);
  const tasks = connection.client(AsyncAgentService);
  const sync = connection.client(SyncAgentService);
  return {
    async list() {
      const { agents } = await metadata.listAgents({}, { timeoutMs });
      return agents.map(({ name, isSync, supportedTaskCategories, supportedTaskTypes }) => ({
        name,
        isSync,
        taskTypes: supportedTaskCategories.length > 0 ? supportedTaskCategories.map((category) => category.name) : supportedTaskTypes,
      }));
    },
    async create(request) {
      return (await tasks.createTask(request, { timeoutMs })).resourceMeta;
    },
    async get({ taskType, reference, outputPrefix }, signal) {
      const request = { taskType, taskCategory: { name: taskType, version: 0 }, resourceMeta: reference, outputPrefix };
      const { resource } = await tasks.getTask(request, { timeoutMs, signal });
      return toAnswer(resource);
    },
    async delete({ taskType, reference }) {
      await tasks.deleteTask({ taskType, taskCategory: { name: taskType, version: 0 }, resourceMeta: reference }, { timeoutMs });
    },
    execute: async (request, signal) => firstAnswer(sync.executeTaskSync(toParts(request), { timeoutMs, signal })),
    close: () => connection.close(),
  };
}

function toParts({ template, inputs, outputPrefix, taskExecutionMetadata }: CreateTaskRequest) {
  const task = { ...(template && { template }), ...(taskExecutionMetadata && { taskExecutionMetadata }) };
  return [
    { part: { case: 'header' as const, value: { ...task, outputPrefix } } },
    { part: { case: 'inputs' as const, value: inputs ?? {} } },
  ];
}

/** The engine reads one message and no more; it must be the header. */
async function firstAnswer(messages: AsyncIterable<ExecuteTaskSyncResponse>): Promise<Answer> {
  for await (const { res } of messages) {
    if (res.case === 'header') return toAnswer(res.value.resource);
    return plainAnswer('RETRYABLE_FAILED', 'the server answered outputs where a header is expected');
  }
  return plainAnswer('RETRYABLE_FAILED', 'the server answered nothing');
}

function toAnswer(resource: Resource | undefined): Answer {
  const phase = resource === undefined ? undefined : toPhase(TaskExecution_PhaseSchema.value[resource.phase]?.name);
  if (resource === undefined) return plainAnswer('RETRYABLE_FAILED', 'the server answered without a resource');
  const { message, outputs, logLinks, customInfo, state } = resource;
  return {
    phase: phase ?? states[StateSchema.value[state]?.name ?? ''] ?? 'FAILED',
    message,
    outputs: outputs && fromMapMessage(outputs),
    links: logLinks.map(({ name, uri }) => ({ name, uri })),
    customInfo,
  };
}

/** Old servers answer a state and no phase. */
const states: Readonly<Record<string, TaskPhase>> = {
  RETRYABLE_FAILURE: 'RETRYABLE_FAILED',
  PERMANENT_FAILURE: 'FAILED',
  PENDING: 'INITIALIZING',
  RUNNING: 'RUNNING',
  SUCCEEDED: 'SUCCEEDED',
};
