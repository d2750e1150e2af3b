import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@flyte-agents/proto/client';
import { AsyncAgentService, type CreateTaskRequest } from '@flyte-agents/proto/flyte1';
import { grpcEndpoint, type EngineAnswer, type Path } from '@flyte-agents/testing';
import type { FrozenReference } from './references.ts';

const ended: readonly string[] = ['SUCCEEDED', 'FAILED', 'RETRYABLE_FAILED', 'ABORTED'];
const timeoutMs = 10_000;
const pollMs = 200;
/** Within this, every task has ended, in milliseconds. */
const endLimitMs = 30_000;

/** Sends a create; the reference. @param limitMs its deadline */
export async function createTask(endpoint: string, request: CreateTaskRequest, limitMs: number = timeoutMs): Promise<string> {
  const connection = connect(endpoint);
  try {
    const { resourceMeta } = await connection.client(AsyncAgentService).createTask(request, { timeoutMs: limitMs });
    return new TextDecoder('utf-8', { fatal: true }).decode(resourceMeta);
  } finally {
    connection.close();
  }
}

/** Polls a task until it has ended, by the calls of one engine; one that is to be deleted once it runs. */
export async function endOf(endpoint: string, frozen: StoredReference, path: Path): Promise<EngineAnswer> {
  const server = grpcEndpoint(endpoint, path);
  const task = {
    taskType: frozen.type,
    reference: new TextEncoder().encode(frozen.reference),
    outputPrefix: frozen.outputPrefix,
    ...(path === 'flyte2' && { connection: { secrets: {}, configs: {} } }),
  };
  const until = Date.now() + endLimitMs;
  try {
    for (let isDeleted = !frozen.isDeleted; ; await sleep(pollMs)) {
      const answer = await server.get(task, { timeoutMs });
      if (ended.includes(answer.phase)) {
        // The engine may delete a task again when it is over: that changes nothing.
        await server.delete(task, { timeoutMs });
        return answer;
      }
      if (Date.now() > until) throw new Error(`${frozen.name} has not ended: ${answer.phase} ${answer.message}`);
      if (!isDeleted) await server.delete(task, { timeoutMs });
      isDeleted = true;
    }
  } finally {
    server.close();
  }
}

/** A task as far as it is needed to follow it. */
type StoredReference = Pick<FrozenReference, 'name' | 'type' | 'outputPrefix' | 'isDeleted' | 'reference'>;
