import { isTerminal, type Phase, type Resource } from '@flyte-agents/core';
import type { Life } from '../caller.ts';
import { isLive } from '../job.ts';
import type { TaskRequests } from '../task.ts';
import type { World } from '../world.ts';
import type { Guarantee } from './guarantee.ts';
import { JobRules, jobsOf, nameOf } from './job-rules.ts';
import { readReference, type ReadReference } from './reference.ts';

/** A promise that was not kept. */
export interface Violation {
  /** The promise's id: `R1`. */
  readonly rule: string;
  readonly text: string;
}

/** Takes note of a promise that was not kept. */
export type Report = (rule: string, text: string) => void;

/** What became known of one attempt of a task. */
export interface AttemptFacts {
  /** Its output prefix. */
  readonly id: string;
  readonly task: number;
  readonly number: number;
  /** When the engine sent its creates, in milliseconds since 1970. */
  readonly creates: number[];
  /** What the engine has stored of it: the kind of its reference. */
  stored: ReadReference['kind'] | undefined;
  /** Whether a replica began its work: answered with a job, or with where to look for one. */
  isBegun: boolean;
  /** Whether the engine asked to delete it. */
  isDeleted: boolean;
}

/** What a model needs to know. */
export interface ModelOptions {
  readonly world: World;
  readonly requests: TaskRequests;
  readonly guarantee: Guarantee;
  /** Whether the agent starts anything; a sensor does not. */
  readonly startsJobs: boolean;
}

/** What one process answered about one attempt. */
interface LifeFacts {
  bytes?: string;
  phase?: Phase;
  end?: string;
}

const order: Readonly<Record<Phase, number>> = {
  WAITING_FOR_RESOURCES: 0,
  INITIALIZING: 1,
  RUNNING: 2,
  SUCCEEDED: 3,
  FAILED: 3,
  RETRYABLE_FAILED: 3,
};

/** Follows a history and knows what may never happen in one. */
export class Model {
  /** Whether what sensors wait for has come true. */
  isSo = false;
  readonly violations: Violation[] = [];
  readonly #attempts: AttemptFacts[] = [];
  readonly #options: ModelOptions;
  readonly #jobRules: JobRules;
  readonly #byLife = new Map<Life, Map<string, LifeFacts>>();
  readonly #keys = new Map<string, string>();
  readonly #refs = new Map<string, string>();
  readonly #owners = new Map<string, string>();

  constructor(options: ModelOptions) {
    this.#options = options;
    this.#jobRules = new JobRules(options.world, options.guarantee, this.#attempts, this.broken);
  }

  /** Takes note of a promise that was not kept. */
  readonly broken: Report = (rule, text) => void this.violations.push({ rule, text });

  /** Jobs that were left running because nobody could know of them. */
  get beyondReach(): number {
    return this.#jobRules.beyondReach;
  }

  /** Whether the engine may know of no job, or of another than a replica did before: nobody can find one again. */
  mayBeLost(attempt: AttemptFacts): boolean {
    const { world, guarantee } = this.#options;
    return guarantee === 'bestEffort' && (attempt.stored === 'pending' || jobsOf(world, attempt).length > 1);
  }

  /** The engine begins an attempt. */
  attempt(task: number, number: number): AttemptFacts {
    const id = this.#options.requests.outputPrefix({ execution: `f${task}`, node: 'n0', number });
    const facts: AttemptFacts = { id, task, number, creates: [], stored: undefined, isBegun: false, isDeleted: false };
    this.#attempts.push(facts);
    return facts;
  }

  /** A create was answered. */
  created(attempt: AttemptFacts, life: Life, bytes: Uint8Array): void {
    const text = Buffer.from(bytes).toString('latin1');
    const facts = this.#facts(life, attempt);
    facts.bytes ??= text;
    if (facts.bytes !== text) this.broken('R1', `a replica answered one create with ${facts.bytes}, then with ${text}`);
    const reference = readReference(bytes);
    if (reference.kind !== 'failure') attempt.isBegun = true;
    this.#same(this.#keys, attempt, reference.key);
    // Two jobs of one attempt have two references; whether there may be two is counted in the end.
    if (reference.kind === 'ref' && jobsOf(this.#options.world, attempt).length < 2) this.#same(this.#refs, attempt, reference.text);
    this.#adopted(attempt, reference);
    this.leaks(text, 'a reference');
  }

  /**
   * A get begins. Gives what takes note of its answer, and whether the engine has not gone on without it meanwhile.
   *
   * The answer may not fall behind what the replica had said when the get began; gets that cross are of no order.
   */
  polls(attempt: AttemptFacts, life: Life): (resource: Resource, isUsed: boolean) => void {
    const facts = this.#facts(life, attempt);
    const { phase: before, end: endBefore } = facts;
    return (resource, isUsed) => {
      const { phase, outputs } = resource;
      if (before !== undefined && order[phase] < order[before]) this.broken('R10', `a replica answered ${before}, then ${phase}`);
      facts.phase = phase;
      if (isTerminal(phase)) {
        facts.end = `${phase} ${Object.keys(outputs ?? {}).join(' ')}`;
        if (endBefore !== undefined && endBefore !== facts.end)
          this.broken('R10', `a replica answered ${endBefore} at a task's end, then ${facts.end}`);
      }
      this.#told(attempt, resource, isUsed);
    };
  }

  /** A sync call was answered. */
  executed(attempt: AttemptFacts, resource: Resource): void {
    if (!isTerminal(resource.phase)) this.broken('R6', `a sync call answered ${resource.phase}`);
    this.#told(attempt, resource, true);
  }

  /** A call ended. */
  took(method: string, ms: number, timeoutMs: number): void {
    const usable = timeoutMs - Math.min(500, timeoutMs / 10);
    if (ms > usable) this.broken('R5', `${method} with ${timeoutMs} ms took ${ms} ms`);
  }

  /** A call ended with an error that the engine's user would see. */
  failed(method: string, code: string, message: string): void {
    if (method === 'get') this.broken('R3', `get answered an error: ${code} ${message}`);
    else if (code !== 'UNAVAILABLE') this.broken('R4', `${method} answered ${code}: ${message}`);
  }

  /** Texts that leave the server. */
  leaks(text: string, place: string): void {
    for (const { secret, encoding } of this.#options.world.canaries.find(text, place)) {
      this.broken('R8', `${place} holds the secret "${secret}" (${encoding}): ${text}`);
    }
  }

  /** The history is over and everything was given time to settle. */
  finish(): void {
    this.#jobRules.check();
  }

  #told(attempt: AttemptFacts, { phase, message = '', links, customInfo }: Resource, isUsed: boolean): void {
    if (isUsed && isTerminal(phase)) this.#deserved(attempt, phase, message);
    if (!this.#options.world.canaries.isEmpty) this.leaks(JSON.stringify([message, links, customInfo]), 'an answer');
  }

  /** A task's end must have its reason in the service. */
  #deserved(attempt: AttemptFacts, phase: Phase, message: string): void {
    const jobs = jobsOf(this.#options.world, attempt);
    const [job, ...others] = jobs;
    if (job === undefined) {
      if (phase === 'FAILED' && this.#options.startsJobs)
        this.broken('R3', `FAILED without a job and without a fault of the user: ${message}`);
      if (phase === 'SUCCEEDED' && (this.#options.startsJobs || !this.isSo)) this.broken('R10', `SUCCEEDED, but nothing did: ${message}`);
    } else if (phase === 'SUCCEEDED') {
      if (!jobs.some(({ state }) => state === 'succeeded')) this.broken('R10', `SUCCEEDED, but no job did: ${message}`);
    } else if (others.length === 0) {
      if (isLive(job) && attempt.stored !== 'failure' && !this.mayBeLost(attempt))
        this.broken('R3', `${phase} ("${message}") while ${nameOf(job)} still runs`);
      if (phase === 'FAILED' && job.stoppedBy !== undefined && !attempt.isDeleted)
        this.broken('C5', `FAILED because the agent itself stopped ${nameOf(job)}: ${message}`);
    }
  }

  #same(known: Map<string, string>, { id }: AttemptFacts, text: string): void {
    const first = known.get(id) ?? text;
    known.set(id, first);
    if (first !== text) this.broken('R1', `creates of one attempt were answered ${first}, then ${text}`);
  }

  /** An attempt has a job of its own: the earlier one's outputs go elsewhere, and a delete of it may be under way. */
  #adopted({ id }: AttemptFacts, { own }: ReadReference): void {
    if (own === undefined || this.#options.world.taken.length === 0) return;
    const first = this.#owners.get(own) ?? id;
    this.#owners.set(own, first);
    if (first !== id) this.broken('C31', `${id} adopted the job of ${first}: ${own}`);
  }

  #facts(life: Life, { id }: AttemptFacts): LifeFacts {
    const ofLife = this.#byLife.get(life) ?? new Map<string, LifeFacts>();
    this.#byLife.set(life, ofLife);
    const facts = ofLife.get(id) ?? {};
    ofLife.set(id, facts);
    return facts;
  }
}
