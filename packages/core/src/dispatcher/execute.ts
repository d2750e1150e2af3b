import { canDo } from '../agent.ts';
import { AgentError } from '../errors.ts';
import { failurePolicy, told, type FailurePolicy } from '../failures.ts';
import { attemptKey, randomKey } from '../idempotency.ts';
import type { Logger } from '../logger.ts';
import { isTerminal } from '../phase.ts';
import type { Agent } from '../registry.ts';
import type { Resource } from '../task.ts';
import { expired, type Call } from './call.ts';
import { doInTime } from './doing.ts';
import type { Answer } from './get.ts';
import { withInputs } from './inputs.ts';
import { answerable, type WriteOutputs } from './outputs.ts';
import type { TaskRequest } from './requests.ts';
import { SharedWork, type Audience } from './shared-work.ts';
import { Tenants } from './tenant.ts';
import { toTask, warnOfUnread } from './task.ts';

/** What doing work at once needs of the server. */
export interface ExecuteOptions {
  readonly logger: Logger;
  readonly instance?: string | undefined;
  /** Default: with the secrets of this process's environment, and public addresses to fetch from. */
  readonly tenants?: Tenants;
  /** Where outputs go that are too large for an answer. Default: nowhere, which fails such a task. */
  readonly writeOutputs?: WriteOutputs | undefined;
  /** What other calls of the same attempt do, or did lately. Default: nothing is shared. */
  readonly shared?: SharedWork;
}

/**
 * Does a task within the call. The answer's phase is always terminal: a worker of the engine dies of any other (R6). Never
 * throws, never rejects.
 */
export async function execute(agent: Agent, request: TaskRequest, call: Call, options: ExecuteOptions): Promise<Answer> {
  const { logger, instance, tenants = new Tenants(), writeOutputs, shared = new SharedWork() } = options;
  let failures: FailurePolicy | undefined;
  try {
    failures = failurePolicy(request);
    if (!canDo(agent)) {
      const message = `task type ${request.template.type} runs as a job of ${agent.name}: it cannot be done within one call`;
      throw new AgentError({ code: 'UNIMPLEMENTED', message });
    }
    const task = toTask(agent, request);
    const { template, outputPrefix, execution } = task;
    const key = attemptKey({ task: template.id, execution, outputPrefix, instance }) ?? randomKey();
    const work = async ({ signal, remainingMs }: Audience): Promise<Resource> => {
      const tenant = tenants.context({ ...execution, connection: request.connection });
      const context = { signal, deadline: call.deadline, ...tenant, logger, idempotencyKey: key };
      warnOfUnread(agent, task, context);
      const { inputs } = request.inputs.hasOffloaded ? await withInputs(request, context, remainingMs) : request;
      return answerable(await doInTime(agent, { ...task, inputs }, context, remainingMs), outputPrefix, writeOutputs);
    };
    const resource = await call.within(shared.do(key, call, work));
    if (resource === expired) {
      throw new AgentError({
        code: 'DEADLINE_EXCEEDED',
        message: `${agent.name}: the work did not end before the call had to be answered`,
      });
    }
    if (isTerminal(resource.phase)) return { resource: told(resource, failures) };
    throw new AgentError({
      code: 'INTERNAL',
      message: `${agent.name}: answered ${resource.phase} where only the end counts`,
      origin: 'user',
    });
  } catch (error) {
    const fault = AgentError.from(error);
    const phase = fault.origin === 'user' ? 'FAILED' : 'RETRYABLE_FAILED';
    return { resource: told({ phase, message: fault.message }, failures), fault };
  }
}
