import type { Attempt, TaskRequests } from '../task.ts';
import type { EngineCall, PublishedPhase, Verdict } from './calls.ts';
import { CallError, hasEnded, type EngineAnswer, type StoredTask } from './endpoint.ts';
import type { ReadOutputs } from './outputs.ts';
import { Restarted, TaskCalls, type Servers } from './task-calls.ts';

/** The engine bears this many failed polls in an attempt's life. */
const toleratedPolls = 5;
/** How many rounds may end in an error of the engine's own. */
const toleratedRounds = { flyte1: 10, 'flyte1-sync': 10, flyte2: 3 } as const;
/** How often Flyte 1 tries to delete; Flyte 2 never gives up. */
const deleteTries = 10;

/**
 * What becomes of the answer of a create: it is `kept`; `lost` on its way, which spends a retry; lost because the engine
 * `crashed` before it had stored it, so that the same create comes again; or the create is sent to two servers at once.
 */
export type CreateFate = 'kept' | 'lost' | 'crashed' | 'doubled';

/** How a task is to go. */
export interface EngineTaskOptions {
  /** Default: what the task's template says. */
  readonly retries?: number | undefined;
  /** What becomes of the task's creates, in order; of the later ones nothing special. */
  readonly creates?: readonly CreateFate[] | undefined;
}

/** What a task needs of the engine. */
export interface EngineTaskSetup {
  readonly servers: Servers;
  readonly requests: TaskRequests;
  readonly execution: string;
  readonly habits: {
    readonly resyncMs: number;
    readonly repeatMs: number;
    readonly callTimeoutMs: number;
    readonly listTimeoutMs: number;
    readonly readOutputs: ReadOutputs;
  };
}

/** What an attempt came to, before the engine looks whether there is another. */
interface Outcome {
  readonly phase: Verdict['phase'] | 'RETRYABLE_FAILED';
  readonly code?: string;
  readonly message?: string;
  readonly outputs?: EngineAnswer['outputs'];
}

/** A task on its way through the engine. */
export class EngineTask {
  /** How it ended. */
  readonly end: Promise<Verdict>;
  readonly #setup: EngineTaskSetup;
  readonly #retries: number;
  readonly #fates: CreateFate[];
  readonly #calls: TaskCalls;
  readonly #published: PublishedPhase[] = [];
  readonly #past: StoredTask[] = [];
  /** What the engine has stored of the attempt under way. */
  #reference: Uint8Array | undefined;
  #failedPolls = 0;
  #hasPolled = false;
  #number = 0;
  #isAborted = false;
  #isClosed = false;

  constructor(setup: EngineTaskSetup, { retries = setup.requests.retries, creates = [] }: EngineTaskOptions) {
    this.#setup = setup;
    this.#retries = retries;
    this.#fates = [...creates];
    this.#calls = new TaskCalls(setup.servers);
    this.end = this.#live();
  }

  /** Every call so far. */
  get calls(): readonly EngineCall[] {
    return this.#calls.log;
  }

  /** What the engine shows so far. */
  get published(): readonly PublishedPhase[] {
    return this.#published;
  }

  /** What the engine has stored of the attempt under way, once create has answered. */
  get stored(): StoredTask | undefined {
    const { requests } = this.#setup;
    const { task, connection } = requests;
    const outputPrefix = requests.outputPrefix(this.#attempt);
    return this.#reference && { taskType: task.type, reference: this.#reference, outputPrefix, connection };
  }

  /** The user stops the execution. */
  abort(): void {
    this.#isAborted = true;
    this.#calls.wake();
  }

  /** The engine's process ends and begins anew. */
  restart(): void {
    this.#calls.restart();
  }

  /** Flyte 2 forgets the task, a day after its end or with its run: every attempt is deleted until that works. Flyte 1 does nothing. */
  async collect(): Promise<void> {
    if (this.#setup.requests.path !== 'flyte2') return;
    for (const task of this.#past) await this.#delete(task);
  }

  /** Nobody is interested any more. */
  close(): void {
    this.#isClosed = true;
    this.abort();
    this.restart();
  }

  get #attempt(): Attempt {
    return { execution: this.#setup.execution, node: 'n0', number: this.#number };
  }

  async #live(): Promise<Verdict> {
    const isSync = await this.#listing();
    for (; ; this.#number++) {
      [this.#reference, this.#failedPolls, this.#hasPolled] = [undefined, 0, false];
      const outcome = await this.#through(isSync);
      const { stored } = this;
      if (stored !== undefined) this.#past.push(stored);
      if (outcome.phase !== 'RETRYABLE_FAILED' || this.#number >= this.#retries || this.#isAborted) return this.#verdict(outcome);
      // Flyte 2 deletes what failed before it tries again.
      if (stored !== undefined && this.#setup.requests.path === 'flyte2') await this.#delete(stored);
    }
  }

  #verdict({ phase, code = '', message = '', outputs }: Outcome): Verdict {
    const end = { message, outputs, attempts: this.#number + 1, calls: this.calls, published: this.published };
    if (phase !== 'RETRYABLE_FAILED') return { phase, code, ...end };
    if (this.#isAborted) return { phase: 'ABORTED', code, ...end };
    return { phase: 'FAILED', code: code === '' ? 'RetriesExhausted' : `RetriesExhausted|${code}`, ...end };
  }

  /** Whether the type is done within one call. A failed listing leaves it without a route: it is taken for async. */
  async #listing(): Promise<boolean> {
    const { requests, habits } = this.#setup;
    if (requests.path !== 'flyte1-sync') return false;
    const call = { method: 'ListAgents', attempt: 0, timeoutMs: habits.listTimeoutMs } as const;
    try {
      const agents = await this.#calls.send(call, (endpoint, options) => endpoint.list(options));
      return agents.some(({ isSync, taskTypes }) => isSync && taskTypes.some(({ name }) => name === requests.task.type));
    } catch {
      return false;
    }
  }

  /** One attempt, across restarts of the engine. */
  async #through(isSync: boolean): Promise<Outcome> {
    for (;;) {
      try {
        if (this.#isClosed || (this.#isAborted && this.#reference === undefined)) return { phase: 'ABORTED' };
        return await (isSync ? this.#execute() : this.#createAndPoll());
      } catch (error) {
        if (error instanceof Restarted) continue;
        if (!(error instanceof CallError)) throw error;
        // Any failed create, whatever its code, is a retryable failure of the user's.
        const message = `failed to create task from agent with rpc error: code = ${error.code} desc = ${error.message}`;
        return { phase: 'RETRYABLE_FAILED', code: 'TaskFailedWithError', message };
      }
    }
  }

  /** @throws CallError, Restarted */
  async #execute(): Promise<Outcome> {
    const { requests } = this.#setup;
    const fate = this.#fates.shift() ?? 'kept';
    const answer = await this.#calls.send(this.#call('ExecuteTaskSync'), async (endpoint, options) => {
      if (endpoint.execute === undefined) throw new CallError('UNIMPLEMENTED', 'this server has no sync calls');
      return endpoint.execute(requests, this.#attempt, options);
    });
    if (fate === 'crashed') throw new Restarted();
    if (fate === 'lost') throw new CallError('DEADLINE_EXCEEDED', 'context deadline exceeded');
    if (answer === undefined) throw new CallError('UNKNOWN', 'EOF');
    this.#publish(answer);
    if (answer.phase === 'UNDEFINED') return { phase: 'RETRYABLE_FAILED', message: answer.message };
    if (hasEnded(answer.phase)) return this.#ended(answer);
    return { phase: 'WORKER_LOST', message: `ExecuteTaskSync answered ${answer.phase}` };
  }

  /** @throws CallError, Restarted */
  async #createAndPoll(): Promise<Outcome> {
    this.#reference ??= await this.#create();
    for (let brokenRounds = 0; ;) {
      if (this.#isAborted) return this.#abortNow();
      const answer = await this.#get();
      if (answer instanceof CallError) {
        const phase = this.#hasPolled ? 'FROZEN' : 'FAILED';
        if (this.#failedPolls > toleratedPolls) return { phase, code: 'CacheFailed', message: answer.message };
      } else if (answer.phase === 'UNDEFINED' && this.#setup.requests.path !== 'flyte2') {
        return { phase: 'RETRYABLE_FAILED', message: answer.message };
      } else if (phases.has(answer.phase)) {
        brokenRounds = 0;
        this.#publish(answer);
        if (hasEnded(answer.phase)) return this.#ended(answer);
      } else if (++brokenRounds > toleratedRounds[this.#setup.requests.path]) {
        return { phase: 'FAILED', code: 'MaxSystemFailuresExceeded', message: `unknown phase ${answer.phase}` };
      }
      await this.#calls.pause(this.#setup.habits.resyncMs);
    }
  }

  /** @throws CallError, Restarted */
  async #create(): Promise<Uint8Array> {
    const fate = this.#fates.shift() ?? 'kept';
    const send = (): Promise<Uint8Array> =>
      this.#calls.send(this.#call('CreateTask'), (endpoint, options) => endpoint.create(this.#setup.requests, this.#attempt, options));
    const [reference] = await Promise.all([send(), ...(fate === 'doubled' ? [send()] : [])]);
    if (fate === 'lost') throw new CallError('DEADLINE_EXCEEDED', 'context deadline exceeded');
    if (fate === 'crashed') throw new Restarted();
    return reference;
  }

  async #get(): Promise<EngineAnswer | CallError> {
    const { stored } = this;
    if (stored === undefined) throw new TypeError('there is nothing to poll');
    try {
      const answer = await this.#calls.send(this.#call('GetTask'), (endpoint, options) => endpoint.get(stored, options));
      this.#hasPolled = true;
      return answer;
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      this.#failedPolls++;
      return error;
    }
  }

  async #ended({ phase, message, outputs }: EngineAnswer): Promise<Outcome> {
    const { requests, habits } = this.#setup;
    if (phase === 'FAILED' || phase === 'RETRYABLE_FAILED') return { phase, message };
    // The text of an ABORTED answer is dropped.
    if (phase === 'ABORTED') return { phase: 'FAILED', message: 'failed to run the job with aborted phase.' };
    if (!requests.declaresOutputs) return { phase: 'SUCCEEDED' };
    const stored = outputs ?? (await habits.readOutputs(requests.outputPrefix(this.#attempt)));
    if (stored !== undefined) return { phase: 'SUCCEEDED', outputs: stored };
    const missing = 'outputs.pb is not at the output prefix';
    return requests.path === 'flyte2'
      ? { phase: 'FAILED', code: 'MaxSystemFailuresExceeded', message: missing }
      : { phase: 'RETRYABLE_FAILED', code: 'OutputsNotFound', message: missing };
  }

  async #abortNow(): Promise<Outcome> {
    const { stored } = this;
    if (stored === undefined || this.#isClosed || (await this.#delete(stored))) return { phase: 'ABORTED' };
    return { phase: 'FAILED', code: 'WorkflowAbortFailed' };
  }

  /** Whether it worked in the end. */
  async #delete(task: StoredTask): Promise<boolean> {
    for (let tries = 1; !this.#isClosed; tries++) {
      try {
        await this.#calls.send(this.#call('DeleteTask'), (endpoint, options) => endpoint.delete(task, options));
        return true;
      } catch (error) {
        if (!(error instanceof Restarted) && !(error instanceof CallError)) throw error;
        if (tries >= deleteTries && this.#setup.requests.path !== 'flyte2') return false;
        await this.#calls.pause(this.#setup.habits.repeatMs).catch(() => {});
      }
    }
    return false;
  }

  #call(method: EngineCall['method']): Pick<EngineCall, 'method' | 'attempt' | 'timeoutMs'> {
    return { method, attempt: this.#number, timeoutMs: this.#setup.habits.callTimeoutMs };
  }

  /** Only the first answer of a phase is shown. */
  #publish({ phase, message, links, customInfo }: EngineAnswer): void {
    const last = this.#published.at(-1);
    if (last?.phase === phase && last.attempt === this.#number) return;
    this.#published.push({ attempt: this.#number, phase, message, links, customInfo });
  }
}

const phases: ReadonlySet<string> = new Set([
  'QUEUED',
  'WAITING_FOR_RESOURCES',
  'INITIALIZING',
  'RUNNING',
  'SUCCEEDED',
  'FAILED',
  'RETRYABLE_FAILED',
  'ABORTED',
]);
