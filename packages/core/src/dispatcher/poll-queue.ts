import type { AsyncAgent } from '../agent.ts';
import { AgentError } from '../errors.ts';
import type { JsonObject } from '../literals/model.ts';
import type { AgentContext, GetContext, Resource } from '../task.ts';
import type { Circuits } from './circuit.ts';
import { Waiters } from './waiters.ts';
import { WatchedJobs } from './watched-jobs.ts';

/** How many calls of one group are under way at once. */
const mostUnderWay = 10;
/** For how long a call that is under way is waited for before another goes that is not full, in milliseconds. */
const patienceMs = 1000;

/** What a queue asks with. */
export interface PollQueueOptions {
  readonly agent: AsyncAgent<unknown, JsonObject>;
  /** The name of the host that is asked. */
  readonly host: string;
  readonly circuits: Circuits;
  /** Called when nobody waits, nothing is under way, and no job is polled any more. */
  readonly onIdle: () => void;
}

/** The poll of one job, and the calls that wait for it. */
interface Poll {
  readonly key: string;
  readonly ref: JsonObject;
  readonly waiters: Waiters;
  readonly answer: PromiseWithResolvers<Resource>;
  /** Of whoever waits longest: it decides how long asking may take. */
  context: AgentContext;
}

/**
 * Polls of one group on their way into calls about many jobs (C33). While a call is under way, others gather, and go when they fill
 * one or when it ends: ten thousand jobs cost a hundred calls, a single poll is asked at once, and none waits for a timer. Equal
 * polls share one answer. A call ends when nobody waits for it any more. Where the agent says that a call about many jobs costs no
 * more than one about a single job, calls are filled up with jobs that will be polled next: those polls are answered at once.
 */
export class PollQueue {
  readonly #options: PollQueueOptions;
  /** Those that wait or are under way, by what they ask. */
  readonly #polls = new Map<string, Poll>();
  readonly #waiting = new Set<Poll>();
  readonly #watched = new WatchedJobs();
  #underWay = 0;
  /** When the latest call went, in milliseconds since 1970. */
  #lastAt = 0;

  constructor(options: PollQueueOptions) {
    this.#options = options;
  }

  /** How a job stands. @throws whatever the agent throws, and for a job that its answer has not, INTERNAL */
  async get(ref: JsonObject, context: GetContext): Promise<Resource> {
    const key = JSON.stringify(ref);
    const known = this.#options.agent.pollsAhead ? this.#watched.polled(key, ref) : undefined;
    if (known !== undefined) return known;
    const poll = this.#polls.get(key) ?? this.#add(key, ref, context);
    if (context.deadline > poll.context.deadline) poll.context = context;
    poll.waiters.join(context.signal);
    this.#next();
    return poll.answer.promise;
  }

  #add(key: string, ref: JsonObject, context: GetContext): Poll {
    const poll: Poll = { key, ref, waiters: new Waiters(), answer: Promise.withResolvers<Resource>(), context };
    const forget = (): void => {
      this.#waiting.delete(poll);
      if (this.#polls.get(key) === poll) this.#polls.delete(key);
    };
    const { signal } = poll.waiters;
    // At once: who comes next must not be told that others have gone.
    signal.addEventListener('abort', () => {
      forget();
      poll.answer.reject(signal.reason);
    });
    poll.answer.promise.then(forget, forget);
    this.#polls.set(key, poll);
    this.#waiting.add(poll);
    return poll;
  }

  #next(): void {
    // What comes in one go goes together.
    queueMicrotask(() => {
      while (this.#mayAsk()) void this.#ask(this.#take());
      this.endIfIdle();
    });
  }

  /** Tells when there is nothing left to do. */
  endIfIdle(): void {
    if (this.#underWay === 0 && this.#polls.size === 0 && this.#watched.isEmpty) this.#options.onIdle();
  }

  #mayAsk(): boolean {
    const { size } = this.#waiting;
    if (size === 0 || this.#underWay >= mostUnderWay) return false;
    return this.#underWay === 0 || size >= this.#options.agent.largestPoll || Date.now() - this.#lastAt > patienceMs;
  }

  #take(): readonly Poll[] {
    const taken = [...this.#waiting].slice(0, this.#options.agent.largestPoll);
    for (const poll of taken) this.#waiting.delete(poll);
    return taken;
  }

  async #ask(polls: readonly Poll[]): Promise<void> {
    const { agent, host, circuits } = this.#options;
    const waiters = new Waiters();
    for (const poll of polls) waiters.join(poll.waiters.signal);
    this.#underWay++;
    this.#lastAt = Date.now();
    const room = agent.pollsAhead ? agent.largestPoll - polls.length : 0;
    const ahead = this.#watched.next(room, (key) => this.#polls.has(key));
    const refs = [...polls, ...ahead].map(({ ref }) => ref);
    let answers: readonly (Resource | AgentError)[] = [];
    let fault: unknown = new AgentError({
      code: 'INTERNAL',
      message: `${agent.name}: the answer to several polls has none for this job`,
    });
    try {
      await circuits.call({ host, signal: waiters.signal }, async () => {
        answers = await unlessAborted(getMany(agent, refs, { ...longest(polls), signal: waiters.signal }), waiters.signal);
        // A host that says nothing of any job is as good as down.
        const [first] = answers;
        if (AgentError.is(first) && answers.every((answer) => AgentError.is(answer))) throw first;
      });
    } catch (error) {
      fault = error;
    }
    for (const [index, { key, answer, waiters: own }] of polls.entries()) {
      const found = answers[index];
      if (found === undefined || AgentError.is(found)) answer.reject(found ?? fault);
      else {
        this.#watched.answered(key, found);
        answer.resolve(found);
      }
      own.end();
    }
    for (const [index, job] of ahead.entries()) {
      const found = answers[polls.length + index];
      if (found !== undefined && !AgentError.is(found)) this.#watched.learnt(job, found);
    }
    waiters.end();
    this.#underWay--;
    this.#next();
  }
}

async function getMany(
  agent: AsyncAgent<unknown, JsonObject>,
  refs: readonly JsonObject[],
  context: AgentContext,
): Promise<readonly (Resource | AgentError)[]> {
  return agent.getMany === undefined ? [] : agent.getMany(refs, context);
}

/** The context of whoever waits longest. */
function longest(polls: readonly Poll[]): AgentContext {
  return polls.map(({ context }) => context).reduce((one, other) => (other.deadline > one.deadline ? other : one));
}

/** An SDK that does not hear the signal must not hold a place for ever. */
async function unlessAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
