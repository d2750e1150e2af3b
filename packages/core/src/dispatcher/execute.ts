import { canDo } from '../agent.ts';
import { AgentError } from '../errors.ts';
import { failurePolicy, told, type FailurePolicy } from '../failures.ts';
import { attemptKey, randomKey, type IdempotencyKey } from '../idempotency.ts';
import type { Logger } from '../logger.ts';
import type { Memory } from '../memory.ts';
import { isTerminal } from '../phase.ts';
import type { Agent } from '../registry.ts';
import { parse } from '../schema.ts';
import type { Resource } from '../task.ts';
import { expired, type Call } from './call.ts';
import { doInTime } from './doing.ts';
import type { Answer } from './get.ts';
import { withInputs } from './inputs.ts';
import { answerable, rememberedOutputs, sizeOf, type WriteOutputs } from './outputs.ts';
import type { TaskRequest } from './requests.ts';
import { Tenants } from './tenant.ts';
import { warnOfUnread } from './work.ts';

/** What doing work at once needs of the server. */
export interface ExecuteOptions {
  readonly logger: Logger;
  readonly instance?: string | undefined;
  /** Default: with the secrets of this process's environment, and public addresses to fetch from. */
  readonly tenants?: Tenants;
  /** Where outputs go that are too large for an answer. Default: nowhere, which fails such a task. */
  readonly writeOutputs?: WriteOutputs | undefined;
  /** What was done lately, for calls that come again because an answer was lost on its way. Default: it is not known. */
  readonly recent?: Memory<IdempotencyKey, Recent>;
}

/** How a task ended that was done within a call. */
export interface Recent {
  readonly resource: Resource;
  /** Until when it is good for a call that comes again, in milliseconds since 1970. */
  readonly until: number;
}

/** For how long a call may come again for an answer that was lost, in milliseconds. */
const recentMs = 300_000;

/**
 * Does a task within the call. The answer's phase is always terminal: a worker of the engine dies of any other (R6). Never
 * throws, never rejects.
 */
export async function execute(agent: Agent, request: TaskRequest, call: Call, options: ExecuteOptions): Promise<Answer> {
  const { logger, instance, tenants = new Tenants(), writeOutputs, recent } = options;
  let failures: FailurePolicy | undefined;
  try {
    failures = failurePolicy(request);
    if (!canDo(agent)) {
      const message = `task type ${request.template.type} runs as a job of ${agent.name}: it cannot be done within one call`;
      throw new AgentError({ code: 'UNIMPLEMENTED', message });
    }
    const { template, outputPrefix, execution } = request;
    const config = parse(agent.config, template.custom, 'template.custom');
    const key = attemptKey({ task: template.id, execution, outputPrefix, instance });
    const known = key && recent?.get(key);
    if (known !== undefined && Date.now() < known.until) return { resource: known.resource };
    const idempotencyKey = key ?? randomKey();
    const { signal, deadline } = call;
    const tenant = tenants.context({ ...execution, connection: request.connection });
    const context = { signal, deadline, ...tenant, logger, idempotencyKey };
    warnOfUnread(agent, { ...request, config }, context);
    const work = async (): Promise<Resource> => {
      const { inputs } = request.inputs.hasOffloaded ? await withInputs(request, context, () => call.remainingMs) : request;
      const task = { template, config, inputs, outputPrefix, execution };
      return answerable(await doInTime(agent, task, context, () => call.remainingMs), outputPrefix, writeOutputs);
    };
    const resource = await call.within(work());
    if (resource === expired) {
      throw new AgentError({
        code: 'DEADLINE_EXCEEDED',
        message: `${agent.name}: the work did not end before the call had to be answered`,
      });
    }
    const isGood = resource.phase === 'SUCCEEDED' && sizeOf(resource.outputs ?? {}) <= rememberedOutputs;
    if (key !== undefined && isGood) recent?.set(key, { resource, until: Date.now() + recentMs });
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
