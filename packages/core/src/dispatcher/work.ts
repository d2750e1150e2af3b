import { canDo, type AsyncAgent, type Doer } from '../agent.ts';
import { AgentError, shortened, type ErrorCode } from '../errors.ts';
import type { IdempotencyKey } from '../idempotency.ts';
import { toTaggedJson } from '../literals/json.ts';
import type { JsonObject } from '../literals/model.ts';
import { holdsSecret } from '../redact.ts';
import type { ReferenceContent } from '../ref.ts';
import type { Agent } from '../registry.ts';
import type { CreateContext, Resource, Task } from '../task.ts';
import { backOffMs, pause } from './call.ts';
import { Circuits } from './circuit.ts';
import { doInTime } from './doing.ts';
import type { WriteOutputs } from './outputs.ts';
import type { TaskRequest } from './requests.ts';
import { toTask, warnOfUnread } from './task.ts';

/** How long a submit may go on after its callers were answered, in milliseconds. */
const submitLimitMs = 60_000;
/** How large a result, and what is told of the work beside it, may be that is carried in the reference, in bytes of JSON. */
const inlineBytes = 1024;
/** How long a failure's message may be in the reference, in bytes of JSON. */
const longestMessage = 6 * 1024;
/** How large a locator may be, in bytes of JSON: with it, the reference stays below its limit. Known before anything is submitted. */
const longestLocator = 6 * 1024;

/** The work behind one attempt of a task, until there is something to refer to. */
export interface Work {
  /**
   * Does it.
   *
   * @param remainingMs how long anybody still waits for it, in milliseconds
   * @throws AgentError a fault that passes: nothing was started
   */
  run(context: CreateContext, remainingMs: () => number): Promise<ReferenceContent>;
  /** What can be said before it is done; `undefined` when nothing was started yet. */
  soFar(): ReferenceContent | undefined;
  /** The error of a submit that leaves open whether it was taken, once there is one. */
  readonly doubt?: AgentError | undefined;
  /** What it started cannot be referred to: nobody will ever ask for it. */
  undo(content: ReferenceContent, context: CreateContext): Promise<void>;
}

/** What work needs beside the task. */
export interface WorkOptions extends SubmissionOptions {
  readonly writeOutputs: WriteOutputs;
}

/** What create is to do. @throws AgentError INVALID_ARGUMENT when the agent cannot read the task's config, or its locator is too large */
export function toWork(agent: Agent, request: TaskRequest, { writeOutputs, ...options }: WorkOptions): Work {
  const task = toTask(agent, request);
  if (agent.kind === 'sync') return new Performance(agent, task, writeOutputs);
  const isDoneAtOnce = canDo(agent) && !agent.runsAsJob(task);
  return isDoneAtOnce ? new Performance(agent, task, writeOutputs) : new Submission(agent, task, options);
}

/** What a submission needs beside the task. */
interface SubmissionOptions {
  /** The keys of the attempts before, whose jobs may still live. */
  readonly earlierKeys: readonly IdempotencyKey[];
  readonly circuits: Circuits;
}

/** Submits a job, at most one. */
class Submission implements Work {
  doubt: AgentError | undefined;
  readonly #agent: AsyncAgent<unknown, JsonObject>;
  readonly #task: Task<unknown>;
  readonly #earlierKeys: readonly IdempotencyKey[];
  readonly #circuits: Circuits;
  readonly #where: JsonObject;
  readonly #pending: ReferenceContent;
  #submitting = false;

  /** @throws AgentError INVALID_ARGUMENT when its locator is too large */
  constructor(agent: AsyncAgent<unknown, JsonObject>, task: Task<unknown>, { earlierKeys, circuits }: SubmissionOptions) {
    this.#agent = agent;
    this.#task = task;
    this.#earlierKeys = earlierKeys;
    this.#circuits = circuits;
    this.#where = agent.locate(task);
    if (Buffer.byteLength(JSON.stringify(this.#where)) > longestLocator) {
      const message = `where to look for this task's job takes more than ${longestLocator} bytes to say: make its config smaller`;
      throw new AgentError({ code: 'INVALID_ARGUMENT', message });
    }
    this.#pending = { kind: 'pending', where: this.#where };
  }

  /** Submits until it is clear what became of it. */
  async run(context: CreateContext, remainingMs: () => number): Promise<ReferenceContent> {
    warnOfUnread(this.#agent, this.#task, context);
    const of = { host: Circuits.host(this.#agent, this.#where, context), signal: context.signal };
    for (let round = 0; ; round++) {
      try {
        context.signal.throwIfAborted();
        await this.#circuits.call(of, () => this.#cancelEarlier(context));
        context.signal.throwIfAborted();
        const ref = await this.#circuits.call(of, () => this.#create(context));
        return ref === undefined ? this.#pending : { kind: 'ref', ref };
      } catch (error) {
        const fault = AgentError.from(error);
        const isUnclear = this.#submitting && fault.submitted === 'unknown';
        if (!fault.passes && !isUnclear) throw fault;
        context.logger.warn({ key: context.idempotencyKey, code: fault.code }, `create: ${fault.message}`);
        if (isUnclear) {
          this.doubt = fault;
          return this.#pending;
        }
        this.#submitting = false;
        const pauseMs = backOffMs(round, fault);
        if (context.signal.aborted || pauseMs >= remainingMs() || !this.#circuits.mayRetry(of.host))
          throw new AgentError({ code: 'UNAVAILABLE', message: fault.message, submitted: 'no', cause: fault });
        await pause(pauseMs, context.signal);
      }
    }
  }

  /** The job's reference, `undefined` when an SDK never comes back. */
  async #create(context: CreateContext): Promise<JsonObject | undefined> {
    this.#submitting = true;
    return withinLimit(this.#agent.create(this.#task, context));
  }

  soFar(): ReferenceContent | undefined {
    return this.#submitting ? this.#pending : undefined;
  }

  async undo(content: ReferenceContent, context: CreateContext): Promise<void> {
    if (content.kind !== 'ref') return;
    await this.#agent.delete(content.ref, { ...context, signal: AbortSignal.timeout(submitLimitMs), deadline: Date.now() + submitLimitMs });
    context.logger.info({ key: context.idempotencyKey }, 'a job that nobody will ask for is cancelled');
  }

  /**
   * An attempt ends the jobs of those before it, if they still live, before it submits its own; it never adopts one (C31). Of
   * all of them: the one before may have ended without a submit, and without looking.
   */
  async #cancelEarlier(context: CreateContext): Promise<void> {
    const { logger, idempotencyKey: key } = context;
    const jobs = await Promise.all(this.#earlierKeys.map((earlier) => this.#agent.find(earlier, this.#where, context)));
    for (const job of jobs.filter((each) => each !== undefined)) {
      await this.#agent.delete(job, context);
      logger.info({ key }, 'the job of an attempt before was still there and is cancelled');
    }
  }
}

/** Work of one call on an async path (R6): it is done by create, and get tells the result. */
class Performance implements Work {
  readonly #agent: Doer;
  readonly #task: Task<unknown>;
  readonly #writeOutputs: WriteOutputs;

  constructor(agent: Doer, task: Task<unknown>, writeOutputs: WriteOutputs) {
    this.#agent = agent;
    this.#task = task;
    this.#writeOutputs = writeOutputs;
  }

  async run(context: CreateContext, remainingMs: () => number): Promise<ReferenceContent> {
    warnOfUnread(this.#agent, this.#task, context);
    try {
      const resource = await doInTime(this.#agent, this.#task, context, remainingMs);
      if (resource.phase === 'SUCCEEDED') return await this.#result(resource);
      return failure('UNKNOWN', resource.message ?? `${this.#agent.name}: failed`, resource.phase === 'RETRYABLE_FAILED');
    } catch (error) {
      // What was done cannot be known: it is told by the reference, not by an error that repeats the call.
      const { code, message, origin } = AgentError.from(error);
      throw new AgentError({ code, message, origin, passes: false, cause: error });
    }
  }

  /** A small result that may be stored goes into the reference, any other to the output prefix. */
  async #result({ outputs = {}, customInfo }: Resource): Promise<ReferenceContent> {
    const info = customInfo && isStorable(customInfo) && { customInfo };
    if (Object.keys(outputs).length === 0) return { kind: 'result', result: {}, ...info };
    const result = Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, toTaggedJson(value)]));
    if (this.#agent.resultsMayBeStored && isStorable(result)) return { kind: 'result', result, ...info };
    await this.#writeOutputs(this.#task.outputPrefix, outputs);
    return { kind: 'done', ...info };
  }

  soFar(): ReferenceContent {
    return failure('DEADLINE_EXCEEDED', `${this.#agent.name}: the work did not end before the call had to be answered`, true);
  }

  /** What was done was done; a sync agent has nothing that could be cancelled. */
  async undo(): Promise<void> {}
}

/** Whether a reference has room for it, and may hold it. */
function isStorable(content: JsonObject): boolean {
  const text = JSON.stringify(content);
  return Buffer.byteLength(text) <= inlineBytes && !holdsSecret(text);
}

/** A submit's result, `undefined` when an SDK never comes back. */
async function withinLimit<Value>(submit: Promise<Value>): Promise<Value | undefined> {
  const { promise: over, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), submitLimitMs).unref();
  try {
    return await Promise.race([submit, over]);
  } finally {
    clearTimeout(timer);
  }
}

/** A fault that lasts, as what the first get tells: `retryable` unless the task itself is wrong (R4). */
export function toFailure(fault: AgentError): ReferenceContent {
  return failure(fault.code, fault.message, fault.origin === 'system');
}

function failure(code: ErrorCode, message: string, retryable: boolean): ReferenceContent {
  // In JSON, some characters take six bytes.
  let short = shortened(message);
  while (Buffer.byteLength(JSON.stringify(short)) > longestMessage) short = shortened(short, Buffer.byteLength(short) / 2);
  return { kind: 'failure', failure: { code, message: short, retryable } };
}
