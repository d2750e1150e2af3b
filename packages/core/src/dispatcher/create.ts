import { setTimeout as sleep } from 'node:timers/promises';
import type { AsyncAgent, SyncAgent } from '../agent.ts';
import { AgentError, shortened, type ErrorCode } from '../errors.ts';
import { attemptKey, previousAttemptKey, randomKey, type IdempotencyKey } from '../idempotency.ts';
import { toTaggedJson } from '../literals/json.ts';
import type { JsonObject } from '../literals/model.ts';
import type { Logger } from '../logger.ts';
import { encodeReference, type ReferenceContent } from '../ref.ts';
import { parse } from '../schema.ts';
import type { CreateContext, Resource, Task } from '../task.ts';
import { expired, type Call } from './call.ts';
import { Memory } from './memory.ts';
import type { TaskRequest } from './requests.ts';

/** How long a submit may go on after its caller was answered, in milliseconds. */
const submitLimitMs = 60_000;
/** How many answers are kept for repeated creates. */
const rememberedAnswers = 10_000;

/** What creating tasks needs of the server. */
export interface CreatorOptions {
  readonly logger: Logger;
  /** Tells apart installations that share outside accounts. */
  readonly instance?: string | undefined;
}

/**
 * Starts tasks. The same request gives the same job and the same bytes, however often and however parallel it comes (R1);
 * no job is left behind without a reference to it (R2); a fault that lasts is carried in the reference (R4).
 */
export class Creator {
  readonly #options: CreatorOptions;
  readonly #inFlight = new Map<IdempotencyKey, Promise<Uint8Array>>();
  readonly #answered = new Memory<IdempotencyKey, Uint8Array>(rememberedAnswers);

  constructor(options: CreatorOptions) {
    this.#options = options;
  }

  /**
   * The reference to the task's job.
   *
   * @throws AgentError UNAVAILABLE when a passing fault outlasted the call and nothing was submitted
   */
  async create(agent: AsyncAgent<unknown, JsonObject> | SyncAgent<unknown>, request: TaskRequest, call: Call): Promise<Uint8Array> {
    const identity = { task: request.template.id, ...request, instance: this.#options.instance };
    const known = attemptKey(identity);
    const key = known ?? randomKey();
    const answer = this.#answered.get(key) ?? this.#inFlight.get(key);
    if (answer !== undefined) return answer;
    const attempt = new Attempt(agent, request, { key, previousKey: previousAttemptKey(identity), logger: this.#options.logger, call });
    const creating = attempt.reference();
    if (known === undefined) return creating;
    this.#inFlight.set(key, creating);
    try {
      const bytes = await creating;
      this.#answered.set(key, bytes);
      return bytes;
    } finally {
      this.#inFlight.delete(key);
    }
  }
}

interface AttemptOptions {
  readonly key: IdempotencyKey;
  readonly previousKey: IdempotencyKey | undefined;
  readonly logger: Logger;
  readonly call: Call;
}

/** One attempt of one task on its way to a reference. */
class Attempt {
  readonly #agent: AsyncAgent<unknown, JsonObject> | SyncAgent<unknown>;
  readonly #request: TaskRequest;
  readonly #options: AttemptOptions;
  readonly #context: CreateContext;

  constructor(agent: AsyncAgent<unknown, JsonObject> | SyncAgent<unknown>, request: TaskRequest, options: AttemptOptions) {
    this.#agent = agent;
    this.#request = request;
    this.#options = options;
    const { signal, deadline } = options.call;
    const { project, domain } = request.execution;
    this.#context = { signal, deadline, project, domain, idempotencyKey: options.key, logger: options.logger };
  }

  async reference(): Promise<Uint8Array> {
    try {
      return this.#encode(await this.#content());
    } catch (error) {
      const fault = AgentError.from(error);
      if (fault.passes) throw fault;
      return this.#encode(toFailure(fault));
    }
  }

  async #content(): Promise<ReferenceContent> {
    const { template, inputs, outputPrefix, execution } = this.#request;
    const config = parse(this.#agent.config, template.custom, 'template.custom');
    const task: Task<unknown> = { template, config, inputs, outputPrefix, execution };
    return this.#agent.kind === 'sync' ? this.#do(this.#agent, task) : this.#submit(this.#agent, task);
  }

  /** Submits until it is clear what became of it, as long as the call may take. */
  async #submit(agent: AsyncAgent<unknown, JsonObject>, task: Task<unknown>): Promise<ReferenceContent> {
    const { call } = this.#options;
    const pending: ReferenceContent = { kind: 'pending', where: agent.locate(task) };
    for (let round = 0; ; round++) {
      const submit = this.#cancelPrevious(agent, task).then(() => agent.create(task, this.#context));
      try {
        const ref = await call.within(submit);
        if (ref !== expired) return { kind: 'ref', ref };
        this.#settleLate(agent, submit);
        return pending;
      } catch (error) {
        const fault = AgentError.from(error);
        if (!fault.passes) throw fault;
        this.#options.logger.warn({ key: this.#options.key, code: fault.code }, `create: ${fault.message}`);
        if (fault.submitted === 'unknown') return pending;
        const pauseMs = Math.max(fault.retryAfterMs ?? 0, Math.random() * 100 * 2 ** Math.min(round, 6));
        if (pauseMs >= call.remainingMs) throw new AgentError({ code: 'UNAVAILABLE', message: fault.message, cause: fault });
        await sleep(pauseMs);
      }
    }
  }

  /** Attempt n ends the job of attempt n−1, if it still lives, before it submits its own; it never adopts it (C31). */
  async #cancelPrevious(agent: AsyncAgent<unknown, JsonObject>, task: Task<unknown>): Promise<void> {
    const { previousKey, logger } = this.#options;
    if (previousKey === undefined) return;
    const previous = await agent.find(previousKey, agent.locate(task), this.#context);
    if (previous === undefined) return;
    await agent.delete(previous, this.#context);
    logger.info({ key: this.#options.key, previousKey }, 'the job of the attempt before was still there and is cancelled');
  }

  /** A submit that outlives its caller is let finish; if the caller had hung up, nobody will ask for its job: it is cancelled. */
  #settleLate(agent: AsyncAgent<unknown, JsonObject>, submit: Promise<JsonObject>): void {
    const { call, key, logger } = this.#options;
    const limit = AbortSignal.timeout(submitLimitMs);
    const late = async (): Promise<void> => {
      const ref = await submit;
      if (!call.cancelled) return;
      await agent.delete(ref, { ...this.#context, signal: limit, deadline: Date.now() + submitLimitMs });
      logger.info({ key }, 'the caller had hung up: the job it started is cancelled');
    };
    late().catch((error: unknown) =>
      logger.warn({ key, code: AgentError.from(error).code }, `late submit: ${AgentError.from(error).message}`),
    );
  }

  /** A sync agent on an async path (R6): the work is done here, and get tells the result. */
  async #do(agent: SyncAgent<unknown>, task: Task<unknown>): Promise<ReferenceContent> {
    const work = agent.do(task, this.#context).catch((error: unknown) => AgentError.from(error));
    const outcome = await this.#options.call.within(work);
    if (outcome === expired)
      return failure('DEADLINE_EXCEEDED', `${agent.name}: the work did not end before the call had to be answered`, true);
    if (AgentError.is(outcome)) return toFailure(outcome);
    if (outcome.phase !== 'SUCCEEDED') return failure('UNKNOWN', outcome.message ?? `${agent.name}: failed`, outcome.phase !== 'FAILED');
    return toResult(agent, outcome);
  }

  #encode(content: ReferenceContent): Uint8Array {
    const { template, execution } = this.#request;
    const { project, domain } = execution;
    return encodeReference({ type: template.type, project, domain, key: this.#options.key, at: Date.now(), content });
  }
}

/** How large a result may be that is carried in the reference, in bytes. */
const inlineResultBytes = 1024;

function toResult(agent: SyncAgent<unknown>, { outputs = {} }: Resource): ReferenceContent {
  const result = Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, toTaggedJson(value)]));
  const bytes = Buffer.byteLength(JSON.stringify(result));
  if (agent.resultsMayBeStored && bytes <= inlineResultBytes) return { kind: 'result', result };
  const why = agent.resultsMayBeStored
    ? `has ${bytes} bytes, at most ${inlineResultBytes} fit into a reference`
    : 'may be sensitive and is not put into a reference';
  return failure('FAILED_PRECONDITION', `${agent.name}: the result ${why}; let the engine call this task type as sync`, false);
}

function toFailure(fault: AgentError): ReferenceContent {
  return failure(fault.code, fault.message, fault.origin === 'system');
}

function failure(code: ErrorCode, message: string, retryable: boolean): ReferenceContent {
  return { kind: 'failure', failure: { code, message: shortened(message), retryable } };
}
