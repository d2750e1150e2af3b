import type { AsyncAgent } from '../agent.ts';
import { AgentError } from '../errors.ts';
import type { JsonObject } from '../literals/model.ts';
import type { Logger } from '../logger.ts';
import { decodeReference, type Reference } from '../ref.ts';
import type { Agent, AgentRegistry } from '../registry.ts';
import { parse } from '../schema.ts';
import type { AgentContext } from '../task.ts';
import { expired, type Call } from './call.ts';
import { Circuits } from './circuit.ts';
import { settlingMs } from './get.ts';
import type { StoredRequest } from './requests.ts';
import { Tenants } from './tenant.ts';

/** What deleting needs of the server. */
export interface DeleteOptions {
  readonly registry: AgentRegistry;
  readonly logger: Logger;
  /** Default: circuits of its own. */
  readonly circuits?: Circuits;
  /** Default: with the secrets of this process's environment, and public addresses to fetch from. */
  readonly tenants?: Tenants;
}

/**
 * Cancels a task's job if it is unfinished. Safe at any time: the engines delete finished tasks too and repeat a failed
 * delete, Flyte 2 for ever; what is gone already is success.
 *
 * @throws AgentError UNAVAILABLE when the job may still run and could not be cancelled now
 */
export async function deleteTask(request: StoredRequest, call: Call, options: DeleteOptions): Promise<void> {
  const { registry, logger, circuits = new Circuits(), tenants = new Tenants() } = options;
  const agent = registry.find(request.taskType);
  const reference = readable(request.reference, agent, logger);
  const hasNoJob = reference === undefined ? agent !== undefined : !['ref', 'pending'].includes(reference.content.kind);
  if (hasNoJob) return;
  if (reference === undefined || agent === undefined || agent.kind === 'sync') {
    const message = `no agent on this server cancels task type ${request.taskType}: install it, or route the type to the server that has it`;
    throw new AgentError({ code: 'UNAVAILABLE', message });
  }
  const { signal, deadline } = call;
  const context = { signal, deadline, ...tenants.context({ ...reference, connection: request.connection }), logger };
  const done = await call.within(cancel(agent, reference, context, circuits));
  if (done === expired)
    throw new AgentError({ code: 'UNAVAILABLE', message: `${agent.name}: the service has not confirmed the cancel yet` });
}

async function cancel(
  agent: AsyncAgent<unknown, JsonObject>,
  reference: Reference,
  context: AgentContext,
  circuits: Circuits,
): Promise<void> {
  const { key, at, content } = reference;
  try {
    const where =
      content.kind === 'pending' ? content.where : content.kind === 'ref' ? parse(agent.ref, content.ref, 'the stored reference') : {};
    const of = { host: Circuits.host(agent, where, context), signal: context.signal };
    const ref = content.kind === 'pending' ? await circuits.call(of, () => agent.find(key, where, context)) : where;
    if (ref !== undefined) await circuits.call(of, () => agent.delete(ref, context));
    else if (Date.now() - at < settlingMs)
      throw new AgentError({ code: 'UNAVAILABLE', message: `${agent.name}: the submit is not over yet, its job cannot be cancelled` });
  } catch (error) {
    const fault = AgentError.from(error);
    if (fault.origin !== 'user') throw new AgentError({ code: 'UNAVAILABLE', message: fault.message, cause: fault });
    context.logger.warn({ key, code: fault.code }, `delete: nothing to cancel: ${fault.message}`);
  }
}

function readable(bytes: Uint8Array, agent: Agent | undefined, logger: Logger): Reference | undefined {
  try {
    return decodeReference(bytes, agent);
  } catch (error) {
    const fault = AgentError.from(error);
    logger.warn({ code: fault.code }, `delete: nothing is cancelled: ${fault.message}`);
    return undefined;
  }
}
