import type { AgentList } from '@flyte-agents/core';
import { Canaries } from './canary.ts';
import type { Fault } from './faults.ts';
import { currentCaller, isLive, type JobState, type MutableJob, type WorldJob } from './job.ts';
import type { Path } from './task.ts';
import { Wire, type CallCounts, type Chaos, type WorldOperation } from './wire.ts';

/**
 * A fake of the service behind an agent's client port, one for all replicas. An author says how its client looks
 * ({@link agent}) and how its SDK fails ({@link error}); what happens in it is up to the tests.
 */
export abstract class World<Details = unknown> {
  /** Secrets for the agent's configuration and for the service's error texts: none may ever leave the agent. */
  readonly canaries: Canaries = new Canaries();
  /** The secrets that the agent asks for, by name in upper case: canaries, best. Default: none. */
  readonly secrets: Readonly<Record<string, string>> = {};
  /** Whether somebody else's job may have the name that the agent gives its own; then it must tell them apart by a tag. Default: no. */
  readonly namesCollide: boolean = false;
  readonly #jobs = new Map<string, MutableJob<Details>>();
  readonly #taken: MutableJob<Details>[] = [];
  readonly #wire = new Wire((fault, operation) => this.error(fault, operation));
  #isHiding = false;

  /** The agent of a fresh replica, with a client of its own to this one service. */
  abstract agent(): AgentList[number];

  /** What the service's SDK throws for a fault, so that the agent's own reading of errors is tested too. */
  protected abstract error(fault: Fault<WorldOperation>, operation: WorldOperation): unknown;

  /** Whether the task is done within a call, also where the engine polls: the default with a sync agent. An agent may do some tasks at once and run others as jobs. */
  get isDoneAtOnce(): boolean {
    return this.agent().kind === 'sync';
  }

  // For the author's fake client.

  /** One request to the service, with everything that may go wrong with it. @param signal what the SDK was given, with reads */
  protected async call<Value>(operation: WorldOperation, work: () => Value, signal?: AbortSignal): Promise<Value> {
    return this.#wire.send(operation, (isHiding) => this.#work(work, isHiding), signal);
  }

  /** Takes a new job. */
  protected submit(key: string, details: Details, state: JobState = 'waiting'): WorldJob<Details> {
    const id = `job-${this.#taken.length + 1}`;
    const job: MutableJob<Details> = {
      id,
      key,
      state,
      details,
      isOurs: true,
      hasStarted: state !== 'waiting',
      takenAt: Date.now(),
      startedBy: currentCaller(),
      stoppedBy: undefined,
      isDestroyed: false,
      vanishedAt: undefined,
    };
    this.#jobs.set(id, job);
    this.#taken.push(job);
    return job;
  }

  /** The job of an id, unless the service does not show it. */
  protected job(id: string): WorldJob<Details> | undefined {
    return this.#isHiding ? undefined : this.#jobs.get(id);
  }

  /** The jobs that carry a key, oldest first. */
  protected byKey(key: string): readonly WorldJob<Details>[] {
    return this.#isHiding ? [] : this.jobs.filter((job) => job.key === key);
  }

  /** Stops a job that has not ended; nothing else changes. */
  protected cancel(id: string): void {
    const job = this.#jobs.get(id);
    if (job === undefined || !isLive(job)) return;
    job.state = 'cancelled';
    job.stoppedBy = currentCaller();
  }

  /** Deletes a job and what it made, whatever its state. */
  protected remove(id: string): void {
    const job = this.#jobs.get(id);
    if (job === undefined) return;
    if (job.state === 'succeeded') job.isDestroyed = true;
    if (isLive(job)) job.state = 'cancelled';
    job.stoppedBy = currentCaller();
  }

  // For tests.

  /** All jobs ever taken, oldest first, also those that {@link vanish}ed. */
  get taken(): readonly WorldJob<Details>[] {
    return this.#taken;
  }

  /** The jobs that the service knows, oldest first. */
  get jobs(): readonly WorldJob<Details>[] {
    return [...this.#jobs.values()];
  }

  /** How many requests came, by operation. */
  get calls(): CallCounts {
    return this.#wire.counts;
  }

  /** How many requests of an operation are still waiting for their answer. */
  waiting(operation: WorldOperation): number {
    return this.#wire.waiting[operation];
  }

  /** The job begins to run. */
  start(id: string): void {
    const job = this.#live(id);
    if (job !== undefined) Object.assign(job, { state: 'running', hasStarted: true });
  }

  /** The job goes back to the queue, as after a lost machine. */
  requeue(id: string): void {
    const job = this.#live(id);
    if (job !== undefined) job.state = 'waiting';
  }

  succeed(id: string): void {
    const job = this.#live(id);
    if (job !== undefined) Object.assign(job, { state: 'succeeded', hasStarted: true });
  }

  fail(id: string): void {
    const job = this.#live(id);
    if (job !== undefined) Object.assign(job, { state: 'failed', hasStarted: true });
  }

  /** The job is in a state that no documentation names. */
  confuse(id: string): void {
    const job = this.#live(id);
    if (job !== undefined) job.state = 'unknown';
  }

  /** Somebody stops the job outside Flyte. */
  interrupt(id: string): void {
    const job = this.#live(id);
    if (job !== undefined) job.state = 'cancelled';
  }

  /** The service knows the job no longer. */
  vanish(id: string): void {
    const job = this.#jobs.get(id);
    if (job !== undefined) job.vanishedAt = Date.now();
    this.#jobs.delete(id);
  }

  /** The service forgets all jobs, as if they had never been: for runs that would fill the memory. */
  empty(): void {
    this.#jobs.clear();
    this.#taken.length = 0;
  }

  /** The job turns out to be somebody else's that has the same name. */
  disown(id: string): void {
    const job = this.#jobs.get(id);
    if (job !== undefined) job.isOurs = false;
  }

  /** Everything that was waited for comes to a good end. A sensor's world lets its condition come true here. */
  finish(): void {
    for (const job of this.jobs.filter(isLive)) this.succeed(job.id);
  }

  /** How long a request, and how long its answer, is on the way, in milliseconds. Default: no time. */
  set latencyMs(latencyMs: () => number) {
    this.#wire.latencyMs = latencyMs;
  }

  /** What goes wrong with a request that no scheduled fault meets. Default: nothing. */
  set chaos(chaos: Chaos) {
    this.#wire.chaos = chaos;
  }

  /** Whether the SDK goes on with its requests although its signal was aborted. Default: no. */
  set ignoresSignals(ignoresSignals: boolean) {
    this.#wire.ignoresSignals = ignoresSignals;
  }

  /** The next matching requests go wrong. */
  fault(fault: Fault<WorldOperation>): void {
    this.#wire.fault(fault);
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.#wire.heal();
  }

  #live(id: string): MutableJob<Details> | undefined {
    const job = this.#jobs.get(id);
    return job !== undefined && isLive(job) ? job : undefined;
  }

  #work<Value>(work: () => Value, isHiding: boolean): Value {
    this.#isHiding = isHiding;
    try {
      return work();
    } finally {
      this.#isHiding = false;
    }
  }
}

/** By which ways the engines reach the agent of a world. */
export function pathsOf(world: World): readonly [Path, ...Path[]] {
  const agent = world.agent();
  const isSync = agent.kind !== 'sensor' && agent.do !== undefined;
  return isSync ? ['flyte1', 'flyte1-sync', 'flyte2'] : ['flyte1', 'flyte2'];
}
