import { AgentError } from '../errors.ts';
import type { AgentContext } from '../task.ts';
import { backOffMs, pause } from './call.ts';
import type { TaskRequest } from './requests.ts';

/**
 * A request with what the engine offloaded of its inputs, which no agent need know of. While there is time, a store that
 * does not answer is asked again.
 *
 * @param remainingMs how long anybody still waits for it, in milliseconds
 * @throws AgentError UNAVAILABLE when the store did not answer in time
 */
export async function withInputs(
  request: TaskRequest,
  { store, signal, logger }: Pick<AgentContext, 'store' | 'signal' | 'logger'>,
  remainingMs: () => number,
): Promise<TaskRequest> {
  for (let round = 0; ; round++) {
    try {
      return { ...request, inputs: await request.inputs.loaded({ store, signal }) };
    } catch (error) {
      const fault = AgentError.from(error);
      const pauseMs = backOffMs(round, fault);
      if (!fault.passes) throw fault;
      if (signal.aborted || pauseMs >= remainingMs())
        throw new AgentError({ code: 'UNAVAILABLE', message: `offloaded inputs: ${fault.message}`, submitted: 'no', cause: fault });
      logger.warn({ code: fault.code }, `offloaded inputs: ${fault.message}`);
      await pause(pauseMs, signal);
    }
  }
}
