import type { Doer } from '../agent.ts';
import { AgentError } from '../errors.ts';
import type { CreateContext, Resource, Task } from '../task.ts';
import { backOffMs, pause } from './call.ts';

/**
 * Does a task within one call; again when the service certainly did not do it, as long as there is time (C15).
 *
 * @param remainingMs how long anybody still waits for it, in milliseconds
 * @throws AgentError what the last try ended with
 */
export async function doInTime(agent: Doer, task: Task<unknown>, context: CreateContext, remainingMs: () => number): Promise<Resource> {
  const { logger, signal, idempotencyKey: key } = context;
  for (let round = 0; ; round++) {
    try {
      return await agent.do(task, context);
    } catch (error) {
      const fault = AgentError.from(error);
      const pauseMs = backOffMs(round, fault);
      const mayRepeat = fault.passes && fault.submitted === 'no' && !signal.aborted && pauseMs < remainingMs();
      if (!mayRepeat) throw fault;
      logger.warn({ key, code: fault.code }, `do: ${fault.message}`);
      await pause(pauseMs, signal);
      signal.throwIfAborted();
    }
  }
}
