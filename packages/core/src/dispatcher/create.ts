import type { AsyncAgent, SyncAgent } from '../agent.ts';
import { AgentError } from '../errors.ts';
import { failurePolicy, type FailurePolicy } from '../failures.ts';
import { attemptKey, earlierAttemptKeys, randomKey, type AttemptIdentity, type IdempotencyKey } from '../idempotency.ts';
import type { JsonObject } from '../literals/model.ts';
import type { Logger } from '../logger.ts';
import { Memory } from '../memory.ts';
import { encodeReference, type ReferenceContent } from '../ref.ts';
import type { CreateContext } from '../task.ts';
import { expired, type Call } from './call.ts';
import { Circuits } from './circuit.ts';
import { withInputs } from './inputs.ts';
import type { WriteOutputs } from './outputs.ts';
import type { TaskRequest } from './requests.ts';
import { Tenants } from './tenant.ts';
import { toFailure, toWork, type Work } from './work.ts';

/** How many answers are kept for repeated creates. */
const rememberedAnswers = 10_000;

/** What creating tasks needs of the server. */
export interface CreatorOptions {
  readonly logger: Logger;
  /** Tells apart installations that share outside accounts. */
  readonly instance?: string | undefined;
  /** Default: circuits of its own. */
  readonly circuits?: Circuits;
  /** Default: with the secrets of this process's environment, and public addresses to fetch from. */
  readonly tenants?: Tenants;
  /** Where faults of submits go that were answered as under way, for the polls of this replica. Default: they are forgotten. */
  readonly lateFaults?: Memory<IdempotencyKey, LateFault>;
  /** Where results of sync agents go that do not fit into a reference. Default: nowhere, which fails such a task. */
  readonly writeOutputs?: WriteOutputs | undefined;
}

/** Why a submit that its callers were told is under way may have come to nothing. */
export interface LateFault {
  readonly fault: AgentError;
  /** Whether it certainly came to nothing. */
  readonly isCertain: boolean;
}

/** What create answers, and the fault that the reference carries. */
export interface Created {
  readonly reference: Uint8Array;
  readonly fault?: AgentError | undefined;
}

/**
 * Starts tasks. The same request gives the same job and the same bytes, however often and however parallel it comes (R1);
 * no job is left behind without a reference to it (R2); a fault that lasts is carried in the reference (R4).
 */
export class Creator {
  readonly #options: CreatorOptions;
  readonly #circuits: Circuits;
  readonly #tenants: Tenants;
  readonly #inFlight = new Map<IdempotencyKey, Attempt>();
  readonly #answered = new Memory<IdempotencyKey, Uint8Array>(rememberedAnswers);

  constructor(options: CreatorOptions) {
    this.#options = options;
    this.#circuits = options.circuits ?? new Circuits();
    this.#tenants = options.tenants ?? new Tenants();
  }

  /**
   * The reference to the task's job.
   *
   * @throws AgentError UNAVAILABLE when a passing fault outlasted the call and nothing was submitted
   */
  async create(agent: AsyncAgent<unknown, JsonObject> | SyncAgent<unknown>, request: TaskRequest, call: Call): Promise<Created> {
    const identity = { task: request.template.id, ...request, instance: this.#options.instance };
    const key = attemptKey(identity) ?? randomKey();
    const answered = this.#answered.get(key);
    if (answered !== undefined) return { reference: answered };
    const underWay = this.#inFlight.get(key);
    const attempt = underWay?.isAbandoned === false ? underWay : this.#start(agent, request, { key, identity, call });
    try {
      const created = await attempt.answer(call);
      this.#answered.set(key, created.reference);
      return created;
    } finally {
      // Work that nobody waits for may never end; it is not joined any more.
      if (attempt.isAbandoned && this.#inFlight.get(key) === attempt) this.#inFlight.delete(key);
    }
  }

  #start(
    agent: AsyncAgent<unknown, JsonObject> | SyncAgent<unknown>,
    request: TaskRequest,
    { key, identity, call }: { readonly key: IdempotencyKey; readonly identity: AttemptIdentity; readonly call: Call },
  ): Attempt {
    const { writeOutputs = nowhere } = this.#options;
    const options = { earlierKeys: earlierAttemptKeys(identity), circuits: this.#circuits, writeOutputs };
    const work = (loaded: TaskRequest): Work => toWork(agent, loaded, options);
    const attempt = new Attempt({ key, request, work, logger: this.#options.logger, tenants: this.#tenants, deadline: call.deadline });
    this.#inFlight.set(key, attempt);
    this.#options.lateFaults?.delete(key);
    void this.#conclude(attempt, key);
    return attempt;
  }

  async #conclude(attempt: Attempt, key: IdempotencyKey): Promise<void> {
    const reference = await attempt.done;
    const isLatest = this.#inFlight.get(key) === attempt;
    if (isLatest) this.#inFlight.delete(key);
    const late = await attempt.lateFault();
    // Another attempt with this key may have been begun since, and have its own end.
    if (late !== undefined && isLatest && !this.#inFlight.has(key)) this.#options.lateFaults?.set(key, late);
    // Its callers may have hung up: the engine was restarted, and comes again. Work that was given up for it is begun anew.
    if (reference !== undefined && !attempt.isAbandoned && this.#answered.get(key) === undefined) this.#answered.set(key, reference);
  }
}

interface AttemptOptions {
  readonly key: IdempotencyKey;
  readonly request: TaskRequest;
  /** @param request as it came, its offloaded inputs loaded */
  readonly work: (request: TaskRequest) => Work;
  readonly logger: Logger;
  readonly tenants: Tenants;
  /** When the first caller must be answered, in milliseconds since 1970. */
  readonly deadline: number;
}

/** One attempt of one task on its way to a reference, and the calls that wait for it. Each waits no longer than it may. */
class Attempt {
  /** Resolves when the work is over: to the reference, `undefined` when nothing was started. */
  readonly done: Promise<Uint8Array | undefined>;
  readonly #options: AttemptOptions;
  readonly #waiting = new Set<Call>();
  /** Ends the reads of the work when nobody waits any more. Submits are not given it. */
  readonly #abandoned = new AbortController();
  readonly #outcome: Promise<ReferenceContent | AgentError>;
  #work: Work | undefined;
  #failures: FailurePolicy | undefined;
  /** What the first caller was answered; the others are answered the same. */
  #answered: Uint8Array | undefined;
  #fault: AgentError | undefined;

  constructor(options: AttemptOptions) {
    this.#options = options;
    this.#outcome = this.#run().catch((error: unknown) => AgentError.from(error));
    this.done = this.#outcome.then(() => this.#answered);
  }

  /** Whether everybody is gone before anything was submitted. */
  get isAbandoned(): boolean {
    const isLeft = this.#waiting.size > 0 && [...this.#waiting].every((call) => call.signal.aborted);
    return this.#abandoned.signal.aborted || (isLeft && this.#work?.soFar()?.kind !== 'pending');
  }

  /** What this caller is told. @throws AgentError that passes, when nothing was started */
  async answer(call: Call): Promise<Created> {
    this.#waiting.add(call);
    const outcome = await call.within(this.#outcome);
    this.#waiting.delete(call);
    const content = outcome === expired ? this.#work?.soFar() : outcome;
    // A submit goes on whoever hung up: an engine that was restarted comes again and wants its job (C5).
    const goesOn = AgentError.is(content) || content?.kind === 'pending';
    if (outcome === expired && this.#waiting.size === 0 && this.#answered === undefined && !goesOn)
      this.#abandoned.abort(call.signal.reason);
    if (call.cancelled) throw new AgentError({ code: 'CANCELLED', message: 'the caller hung up' });
    if (AgentError.is(content)) throw content;
    if (content === undefined)
      throw new AgentError({ code: 'UNAVAILABLE', message: 'nothing could be submitted in time', submitted: 'no' });
    if (outcome === expired && content.kind === 'failure') this.#fault = new AgentError(content.failure);
    return { reference: (this.#answered ??= this.#encode(content)), fault: this.#fault };
  }

  /** Why a submit that its callers were told is under way may have come to nothing, if anything is known of that. */
  async lateFault(): Promise<LateFault | undefined> {
    const outcome = await this.#outcome;
    if (this.#answered === undefined) return undefined;
    if (AgentError.is(outcome)) return { fault: outcome, isCertain: true };
    const isCertain = outcome.kind === 'failure';
    const fault = isCertain ? this.#fault : this.#work?.doubt;
    return fault && { fault, isCertain };
  }

  /** An AgentError: nothing was started, the caller may come again. @throws AgentError when there is no room even for a failure */
  async #run(): Promise<ReferenceContent | AgentError> {
    try {
      const { request, work } = this.#options;
      this.#failures = failurePolicy(request);
      const remainingMs = (): number => Math.max(0, ...[...this.#waiting].map((call) => call.remainingMs));
      this.#work = work(request.inputs.hasOffloaded ? await withInputs(request, this.#context(), remainingMs) : request);
      const content = await this.#work.run(this.#context(), remainingMs);
      return await this.#stored(content, this.#work);
    } catch (error) {
      const fault = AgentError.from(error);
      if (fault.passes) return fault;
      this.#fault = fault;
      const content = toFailure(fault);
      this.#answered ??= this.#encode(content);
      return content;
    }
  }

  /** A job whose reference cannot be stored would run with nobody to ask for it. @throws AgentError when it is too large, or tells a secret */
  async #stored(content: ReferenceContent, work: Work): Promise<ReferenceContent> {
    try {
      this.#answered ??= this.#encode(content);
      return content;
    } catch (error) {
      await this.#undo(content, work);
      throw error;
    }
  }

  async #undo(content: ReferenceContent, work: Work): Promise<void> {
    const { key, logger } = this.#options;
    try {
      await work.undo(content, this.#context());
    } catch (error) {
      const fault = AgentError.from(error);
      logger.warn({ key, code: fault.code }, `a job that nobody will ask for could not be cancelled: ${fault.message}`);
    }
  }

  #encode(content: ReferenceContent): Uint8Array {
    const { key, request } = this.#options;
    const { project, domain } = request.execution;
    return encodeReference({ type: request.template.type, project, domain, key, at: Date.now(), failures: this.#failures, content });
  }

  #context(): CreateContext {
    const { key, request, logger, tenants, deadline } = this.#options;
    const tenant = tenants.context({ ...request.execution, connection: request.connection });
    return { signal: this.#abandoned.signal, deadline, ...tenant, idempotencyKey: key, logger };
  }
}

async function nowhere(): Promise<void> {
  throw new AgentError({
    code: 'FAILED_PRECONDITION',
    message:
      'the result may not be put into the reference, and there is no store for it (set storeRoots, or let the engine call this task type as sync)',
  });
}
