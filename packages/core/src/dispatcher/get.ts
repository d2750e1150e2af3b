import type { AsyncAgent } from '../agent.ts';
import { AgentError } from '../errors.ts';
import { told } from '../failures.ts';
import type { IdempotencyKey } from '../idempotency.ts';
import { fromTaggedJson } from '../literals/json.ts';
import type { JsonObject } from '../literals/model.ts';
import type { Logger } from '../logger.ts';
import { Memory } from '../memory.ts';
import { isTerminal, laterPhase, type Phase } from '../phase.ts';
import { decodeReference, type Reference, type ReferenceContent } from '../ref.ts';
import type { Agent, AgentRegistry } from '../registry.ts';
import { parse } from '../schema.ts';
import type { GetContext, LogLink, Resource } from '../task.ts';
import { expired, pause, type Call } from './call.ts';
import { Circuits } from './circuit.ts';
import type { LateFault } from './create.ts';
import { answerable, rememberedOutputs, sizeOf, type WriteOutputs } from './outputs.ts';
import { Polls } from './polls.ts';
import type { StoredRequest } from './requests.ts';
import { Tenants } from './tenant.ts';

/** For how long after create a job that is not found may simply not be visible yet, in milliseconds. */
export const settlingMs = 120_000;
/** A job is lost when it is not found twice, at least this far apart, in milliseconds. */
const secondLookMs = 500;
/** How many tasks' last phases are remembered. */
const rememberedPhases = 50_000;
/** How many ended tasks' last answers are remembered. */
const rememberedEnds = 1000;

/** What an answer says, and the fault that it absorbed. */
export interface Answer {
  readonly resource: Resource;
  readonly fault?: AgentError | undefined;
}

/** What polling needs of the server. */
export interface PollerOptions {
  readonly registry: AgentRegistry;
  readonly logger: Logger;
  /** For how long a fault that does not pass by itself is borne before the task fails, in milliseconds. */
  readonly unreachableAfterMs: number;
  /** Default: circuits of its own. */
  readonly circuits?: Circuits;
  /** Default: with the secrets of this process's environment, and public addresses to fetch from. */
  readonly tenants?: Tenants;
  /** Where outputs go that are too large for an answer. Default: nowhere, which fails such a task. */
  readonly writeOutputs?: WriteOutputs | undefined;
  /** Why submits of this replica that were answered as under way may have come to nothing. Default: it is not known. */
  readonly lateFaults?: Memory<IdempotencyKey, LateFault>;
}

/**
 * Answers how tasks stand. Every answer has a phase: the engine counts errors for a task's whole life and freezes it at the
 * sixth, so none is ever given (R3).
 */
export class Poller {
  readonly #options: PollerOptions;
  readonly #tenants: Tenants;
  readonly #phases = new Memory<IdempotencyKey, Phase>(rememberedPhases);
  /** The last answers of ended tasks: engines ask again until they have taken note, and must hear the same. */
  readonly #ended = new Memory<IdempotencyKey, Resource>(rememberedEnds);
  /** From when to when a tenant's calls of an agent, or a task's polls, failed with a fault that does not pass, in milliseconds since 1970. */
  readonly #unreachable = new Memory<string, { readonly since: number; readonly until: number }>(1000);

  readonly #upstream: Upstream;

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#tenants = options.tenants ?? new Tenants();
    const circuits = options.circuits ?? new Circuits();
    this.#upstream = { polls: new Polls(circuits), circuits };
  }

  /** Never throws, never rejects. */
  async get(request: StoredRequest, call: Call): Promise<Answer> {
    const agent = this.#options.registry.find(request.taskType);
    let reference: Reference;
    try {
      reference = decodeReference(request.reference, agent);
    } catch (error) {
      const fault = AgentError.from(error);
      // Whose reference it is, only its agent can tell.
      if (agent === undefined) return this.#absorb(notServed(request.taskType), { bearer: request.taskType });
      return { resource: { phase: 'FAILED', message: fault.message }, fault };
    }
    const ended = this.#ended.get(reference.key);
    if (ended !== undefined) return { resource: ended };
    const found = await this.#look(agent, reference, request, call);
    const { fault } = found;
    const resource = told(found.resource, reference.failures);
    const phase = laterPhase(this.#phases.get(reference.key) ?? 'WAITING_FOR_RESOURCES', resource.phase);
    const answer = { ...resource, phase };
    // An end is never answered without its outputs: until the service says it again, the task runs.
    this.#phases.set(reference.key, isTerminal(phase) ? 'RUNNING' : phase);
    if (isTerminal(phase) && sizeOf(answer.outputs ?? {}) <= rememberedOutputs) this.#ended.set(reference.key, answer);
    return { resource: answer, fault };
  }

  async #look(agent: Agent | undefined, reference: Reference, request: StoredRequest, call: Call): Promise<Answer> {
    const { content } = reference;
    if (content.kind === 'failure') {
      return { resource: { phase: content.failure.retryable ? 'RETRYABLE_FAILED' : 'FAILED', message: content.failure.message } };
    }
    if (content.kind === 'done') return { resource: { phase: 'SUCCEEDED', customInfo: content.customInfo } };
    if (content.kind === 'result') return fromResult(content);
    const context = this.#context(reference, request, call);
    const tenant = JSON.stringify([request.taskType, context.secrets.tenant]);
    if (agent === undefined || agent.kind === 'sync')
      return this.#absorb(notServed(request.taskType), { bearer: tenant, key: reference.key });
    const lateFault = this.#options.lateFaults?.get(reference.key);
    const poll = new Poll(agent, reference, context, { ...this.#upstream, lateFault });
    try {
      const resource = await call.within(this.#answerable(poll, request));
      if (resource === expired) return this.#late(reference, poll);
      this.#unreachable.delete(tenant);
      this.#unreachable.delete(reference.key);
      return { resource: withLinks(resource, poll) };
    } catch (error) {
      const fault = AgentError.from(error);
      // A defect of the agent may concern this job alone; what refuses a tenant concerns all its jobs.
      const bearer = fault.code === 'INTERNAL' ? reference.key : tenant;
      const answer = this.#absorb(fault, { bearer, key: reference.key, isTold: true });
      if (isTerminal(answer.resource.phase)) await call.within(this.#abandon(poll, reference, context));
      return { ...answer, resource: withLinks(answer.resource, poll) };
    }
  }

  async #answerable(poll: Poll, { outputPrefix }: StoredRequest): Promise<Resource> {
    return answerable(await poll.resource(), outputPrefix, this.#options.writeOutputs);
  }

  #late(reference: Reference, poll: Poll): Answer {
    const phase = this.#phases.get(reference.key) ?? 'RUNNING';
    const message = 'the service has not answered yet, will ask again';
    return { resource: withLinks({ phase, message }, poll), fault: new AgentError({ code: 'DEADLINE_EXCEEDED', message }) };
  }

  /** The answer table's row for a fault of get. */
  #absorb(fault: AgentError, { bearer, key, isTold = false }: Bearer): Answer {
    const phase = (key === undefined ? undefined : this.#phases.get(key)) ?? 'RUNNING';
    if (fault.origin === 'user') return { resource: { phase: 'FAILED', message: fault.message }, fault };
    if (fault.passes) return { resource: { phase, message: `waiting: ${fault.message}, will ask again` }, fault };
    const { unreachableAfterMs } = this.#options;
    const now = Date.now();
    const known = this.#unreachable.get(bearer);
    // A fault of long ago says nothing of this one, when nobody asked in between.
    const since = known === undefined || now - known.until > unreachableAfterMs ? now : known.since;
    this.#unreachable.set(bearer, { since, until: now });
    if (now - since < unreachableAfterMs) return { resource: { phase, message: `waiting: ${fault.message}` }, fault };
    const minutes = Math.round(unreachableAfterMs / 60_000);
    return {
      resource: { phase: 'FAILED', message: `${fault.message} (for ${minutes} minutes${isTold ? '; the job was told to stop' : ''})` },
      fault,
    };
  }

  /** Nobody will poll the job any more: it is cancelled as far as that can be done. */
  async #abandon(poll: Poll, reference: Reference, context: GetContext): Promise<void> {
    try {
      await poll.cancel();
    } catch (error) {
      const fault = AgentError.from(error);
      context.logger.warn({ key: reference.key, code: fault.code }, `the job of a failed task could not be cancelled: ${fault.message}`);
    }
  }

  #context(reference: Reference, request: StoredRequest, call: Call): GetContext {
    const { key, at } = reference;
    const { signal, deadline } = call;
    return {
      signal,
      deadline,
      ...this.#tenants.context({ ...reference, connection: request.connection }),
      logger: this.#options.logger,
      idempotencyKey: key,
      createdAt: at,
      outputPrefix: request.outputPrefix,
    };
  }
}

/** Who has a fault. */
interface Bearer {
  /** A task, or a tenant with an agent. */
  readonly bearer: string;
  readonly key?: IdempotencyKey;
  /** Whether the job is told to stop when the fault ends the task. */
  readonly isTold?: boolean;
}

/** How polls reach the services. */
interface Upstream {
  readonly polls: Polls;
  readonly circuits: Circuits;
  /** Why this replica's submit may have come to nothing; the same create may have gone to another, whose submit did not. */
  readonly lateFault?: LateFault | undefined;
}

/** One poll of one job. */
class Poll {
  readonly #agent: AsyncAgent<unknown, JsonObject>;
  readonly #reference: Reference;
  readonly #context: GetContext;
  readonly #upstream: Upstream;
  #ref: JsonObject | undefined;

  constructor(agent: AsyncAgent<unknown, JsonObject>, reference: Reference, context: GetContext, upstream: Upstream) {
    this.#agent = agent;
    this.#upstream = upstream;
    this.#reference = reference;
    this.#context = context;
  }

  /** The links to the job, as soon as it is known; none when the agent cannot make them. */
  links(): readonly LogLink[] {
    try {
      return this.#ref === undefined ? [] : [...this.#agent.links(this.#ref)];
    } catch (error) {
      this.#context.logger.warn({ key: this.#reference.key }, `no links: ${AgentError.from(error).message}`);
      return [];
    }
  }

  async resource(): Promise<Resource> {
    const ref = await this.#job();
    if (ref === undefined) return this.#submitLost();
    const found = await this.#get(ref);
    if (found !== undefined) return found;
    if (this.#isYoung()) return { phase: 'RUNNING', message: 'the service does not show the job yet' };
    await pause(secondLookMs, this.#context.signal);
    this.#context.signal.throwIfAborted();
    return (
      (await this.#get(ref)) ?? {
        phase: 'RETRYABLE_FAILED',
        message: `${this.#agent.name}: job lost: the service does not know it any more`,
      }
    );
  }

  async cancel(): Promise<void> {
    const ref = await this.#job();
    if (ref !== undefined) await this.#agent.delete(ref, this.#context);
  }

  /** The agent's own reference; of a pending submit, the job that has its key. */
  async #job(): Promise<JsonObject | undefined> {
    const { content, key } = this.#reference;
    if (content.kind === 'ref') this.#ref ??= parse(this.#agent.ref, content.ref, 'the stored reference');
    if (content.kind === 'pending') {
      const of = { host: Circuits.host(this.#agent, content.where, this.#context), signal: this.#context.signal };
      this.#ref ??= await this.#upstream.circuits.call(of, () => this.#agent.find(key, content.where, this.#context));
    }
    return this.#ref;
  }

  /** The job's resource, `undefined` when the service does not know the job. */
  async #get(ref: JsonObject): Promise<Resource | undefined> {
    try {
      return await this.#upstream.polls.get(this.#agent, ref, this.#context);
    } catch (error) {
      if (AgentError.is(error) && error.code === 'NOT_FOUND') return undefined;
      const { passes, message } = AgentError.from(error);
      const end = passes ? this.#agent.overdue?.(ref, this.#context, message) : undefined;
      if (end === undefined) throw error;
      return end;
    }
  }

  #submitLost(): Resource {
    const { lateFault } = this.#upstream;
    if (lateFault?.isCertain === true) {
      const { origin, message } = lateFault.fault;
      return { phase: origin === 'user' ? 'FAILED' : 'RETRYABLE_FAILED', message };
    }
    if (this.#isYoung()) return { phase: 'INITIALIZING', message: 'the service has not confirmed the job yet' };
    const cause = lateFault === undefined ? '' : `; the submit ended with: ${lateFault.fault.message}`;
    return { phase: 'RETRYABLE_FAILED', message: `${this.#agent.name}: submit lost: the service never showed the job${cause}` };
  }

  #isYoung(): boolean {
    return Date.now() - this.#context.createdAt < settlingMs;
  }
}

function notServed(taskType: string): AgentError {
  const message = `no agent on this server polls task type ${taskType}: install it, or route the type to the server that has it`;
  return new AgentError({ code: 'NOT_FOUND', message, origin: 'system', passes: false });
}

function withLinks(resource: Resource, poll: Poll): Resource {
  const links = [...poll.links(), ...(resource.links ?? [])];
  return links.length === 0 ? resource : { ...resource, links };
}

function fromResult(content: Extract<ReferenceContent, { readonly kind: 'result' }>): Answer {
  try {
    const outputs = Object.fromEntries(Object.entries(content.result).map(([name, value]) => [name, fromTaggedJson(value)]));
    return { resource: { phase: 'SUCCEEDED', outputs, customInfo: content.customInfo } };
  } catch (error) {
    const fault = AgentError.from(error);
    return { resource: { phase: 'FAILED', message: fault.message }, fault };
  }
}
