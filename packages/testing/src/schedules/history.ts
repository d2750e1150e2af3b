import type { Metrics, Resource, StoredRequest } from '@flyte-agents/core';
import type { VirtualClock } from '../clock.ts';
import { CallError } from '../engine/endpoint.ts';
import { isLive } from '../job.ts';
import { Random } from '../random.ts';
import type { ReplicaCall } from '../replica.ts';
import { TaskRequests, type TestTask } from '../task.ts';
import type { World } from '../world.ts';
import { Fleet } from './fleet.ts';
import type { Guarantee } from './guarantee.ts';
import { jobsOf } from './job-rules.ts';
import { Model, type AttemptFacts, type Violation } from './model.ts';
import { toSentence, type CreateStep, type Schedule, type Step } from './schedule.ts';
import { SimulatedTask, type StoredAttempt, type TaskEnd } from './simulated-task.ts';

/** Longer than a submit goes on after its callers were answered, in milliseconds. */
const submitsEndMs = 65_000;
const resyncMs = 30_000;
const repeatMs = 10_000;
/** In how many rounds without faults a task must come to its end, and a delete be confirmed. */
const endRounds = 30;
const deleteRounds = 10;

/** What a history needs. */
export interface HistoryOptions {
  readonly world: () => World;
  readonly task: TestTask;
  readonly guarantee: Guarantee;
  /** Whether the agent starts anything; a sensor does not. */
  readonly startsJobs: boolean;
  readonly clock: VirtualClock;
  readonly metrics: Metrics;
}

/** What came of a history. */
export interface HistoryResult {
  readonly violations: readonly Violation[];
  /** What happened, a line each. */
  readonly lines: readonly string[];
  readonly calls: number;
  readonly jobs: number;
  readonly upstreamCalls: number;
  /** Jobs that were left running because nobody could know of them. */
  readonly beyondReach: number;
}

/** Runs one schedule against fresh replicas of an agent and a fresh service. */
export class History {
  readonly #schedule: Schedule;
  readonly #clock: VirtualClock;
  readonly #world: World;
  readonly #requests: TaskRequests;
  readonly #model: Model;
  readonly #fleet: Fleet;
  readonly #tasks: readonly SimulatedTask[];
  readonly #lines: string[] = [];
  readonly #began: number;

  constructor(schedule: Schedule, { world, task, clock, metrics, ...rules }: HistoryOptions) {
    clock.restart(schedule.seed);
    this.#clock = clock;
    this.#began = clock.now;
    this.#schedule = schedule;
    this.#world = world();
    const random = new Random(schedule.seed);
    this.#world.latencyMs = () => random.integer(0, schedule.latencyMs);
    this.#requests = new TaskRequests(task, schedule.path);
    this.#model = new Model({ ...rules, world: this.#world, requests: this.#requests });
    this.#fleet = new Fleet({
      world: this.#world,
      metrics,
      model: this.#model,
      count: schedule.replicas,
      timeoutMs: schedule.timeoutMs,
      say: (text) => this.#say(text),
    });
    this.#tasks = schedule.tasks.map((_ending, index) => new SimulatedTask(this.#model.attempt(index, 0)));
  }

  async run(): Promise<HistoryResult> {
    for (const step of this.#schedule.steps) {
      await this.#clock.advance(step.afterMs);
      this.#say(`— ${toSentence(step)}`);
      this.#do(step);
    }
    await this.#settle();
    this.#model.finish();
    if (!this.#world.canaries.isEmpty) this.#model.leaks(JSON.stringify(this.#fleet.logger.lines), 'the log');
    const { submit, read, search, cancel } = this.#world.calls;
    return {
      violations: this.#model.violations,
      lines: this.#lines,
      calls: this.#fleet.calls,
      jobs: this.#world.taken.length,
      upstreamCalls: submit + read + search + cancel,
      beyondReach: this.#model.beyondReach,
    };
  }

  #do(step: Step): void {
    switch (step.kind) {
      case 'create':
        return this.#create(this.#task(step.task), step);
      case 'poll':
        return void this.#poll(this.#task(step.task), step.replica);
      case 'abort':
        return this.#abort(this.#task(step.task), step.replica);
      case 'late delete': {
        const { past } = this.#task(step.task);
        const over = past[step.pick % Math.max(1, past.length)];
        if (over !== undefined) void this.#delete(over, step.replica);
        return;
      }
      case 'drain':
        return this.#fleet.replace(step.replica);
      case 'kill':
        this.#fleet.at(step.replica).kill(step.isTaken);
        return this.#fleet.replace(step.replica);
      case 'job': {
        const { jobs } = this.#world;
        const job = jobs[step.pick % Math.max(1, jobs.length)];
        if (job !== undefined) this.#world[step.move](job.id);
        return;
      }
      case 'fault':
        return this.#world.fault(step.fault);
      case 'heal':
        return this.#world.heal();
    }
  }

  #create(task: SimulatedTask, { replica, fate, afterwards, hangUpMs }: Omit<CreateStep, 'kind' | 'task'>): void {
    if (!task.isOpen) return;
    const create = task.create();
    if (fate === 'cancelled') setTimeout(() => create.abort(), hangUpMs);
    if (fate === 'doubled') void this.#send(task.attempt, replica + 1, create.signal);
    const isKept = fate === 'kept' || fate === 'doubled';
    const hear = async (): Promise<void> => {
      const answer = await this.#send(task.attempt, replica, create.signal);
      if (!task.hears(create)) return;
      if (answer instanceof CallError || !isKept) {
        if (isKept || afterwards === 'retry') this.#retry(task);
      } else if (answer instanceof Uint8Array) task.store(answer);
      else this.#proceed(task, answer);
    };
    void hear();
  }

  /** A create, or the sync call in its place. */
  async #send(attempt: AttemptFacts, place: number, signal: AbortSignal): Promise<Uint8Array | Resource | CallError> {
    attempt.creates.push(Date.now());
    const replica = this.#fleet.at(place);
    const request = this.#requests.neutral({ execution: `f${attempt.task}`, node: 'n0', number: attempt.number });
    const call = { ...this.#call(attempt), signal };
    if (this.#schedule.path === 'flyte1-sync') {
      const answer = await this.#fleet.follow({ method: 'execute', replica, signal }, replica.execute(request, call));
      if (!(answer instanceof CallError)) this.#model.executed(attempt, answer);
      return answer;
    }
    const answer = await this.#fleet.follow({ method: 'create', replica, signal }, replica.create(request, call));
    if (!(answer instanceof CallError)) this.#model.created(attempt, replica.life, answer);
    return answer;
  }

  async #poll(task: SimulatedTask, place: number): Promise<void> {
    const stored = task.poll();
    if (stored === undefined) return;
    const replica = this.#fleet.at(place);
    const told = this.#model.polls(stored.attempt, replica.life);
    const answer = await this.#fleet.follow({ method: 'get', replica }, replica.get(this.#toStored(stored), this.#call(stored.attempt)));
    const isUsed = task.hearsPoll(stored);
    if (answer instanceof CallError) return;
    told(answer, isUsed);
    if (isUsed) this.#proceed(task, answer);
  }

  /** The engine heard how the task stands. */
  #proceed(task: SimulatedTask, { phase }: Resource): void {
    if (phase === 'SUCCEEDED' || phase === 'FAILED') this.#over(task, phase);
    else if (phase === 'RETRYABLE_FAILED' && this.#schedule.path === 'flyte2' && task.stored !== undefined)
      void this.#clean(task, task.stored);
    else if (phase === 'RETRYABLE_FAILED') this.#retry(task);
  }

  async #clean(task: SimulatedTask, stored: StoredAttempt): Promise<void> {
    task.isCleaning = true;
    await this.#deleteUntilDone(stored, 0);
    task.isCleaning = false;
    this.#retry(task);
  }

  #retry(task: SimulatedTask): void {
    const { task: index, number } = task.attempt;
    task.retry(this.#model.attempt(index, number + 1));
    this.#say(`  the engine goes on with attempt ${number + 1} of task ${index}`);
  }

  #over(task: SimulatedTask, end: TaskEnd): void {
    task.over(end);
    this.#say(`  task ${task.attempt.task}: ${end}`);
  }

  #abort(task: SimulatedTask, place: number): void {
    const { stored } = task;
    if (stored === undefined || !task.isOpen) return;
    this.#over(task, 'ABORTED');
    void this.#deleteUntilDone(stored, place);
  }

  async #deleteUntilDone(stored: StoredAttempt, place: number): Promise<void> {
    for (let round = place; !(await this.#delete(stored, round)); round++) {
      await new Promise((resolve) => setTimeout(resolve, repeatMs));
    }
  }

  /** Whether it was confirmed. */
  async #delete(stored: StoredAttempt, place: number): Promise<boolean> {
    stored.attempt.isDeleted = true;
    const replica = this.#fleet.at(place);
    const request = { ...this.#toStored(stored), outputPrefix: '' };
    const answer = await this.#fleet.follow({ method: 'delete', replica }, replica.delete(request, this.#call(stored.attempt)));
    return !(answer instanceof CallError);
  }

  /** Everything works again: every task comes to its end, and everything that was begun is cleaned up. */
  async #settle(): Promise<void> {
    this.#world.heal();
    this.#say('— everything works again');
    await this.#clock.advance(submitsEndMs);
    for (let round = 0; this.#tasks.some(({ end }) => end === undefined); round++) {
      if (round === endRounds) return this.#stuck();
      for (const [index, task] of this.#tasks.entries()) this.#bringToEnd(task, index, round);
      await this.#clock.advance(resyncMs);
    }
    await this.#clock.advance(submitsEndMs);
    await this.#askAgain();
    await this.#collect();
    await this.#clock.advance(resyncMs);
  }

  #bringToEnd(task: SimulatedTask, index: number, round: number): void {
    if (!task.isOpen) return;
    if (task.stored === undefined) return this.#create(task, { replica: round, fate: 'kept', afterwards: 'retry', hangUpMs: 0 });
    if (this.#schedule.tasks[index] === 'abort') return this.#abort(task, round);
    const jobs = this.#world.jobs.filter((job) => isLive(job) && job.startedBy?.attempt === task.attempt.id);
    for (const { id } of jobs) this.#world.succeed(id);
    if (jobs.length === 0) {
      this.#model.isSo = true;
      this.#world.finish();
    }
    void this.#poll(task, round);
  }

  #stuck(): void {
    const stuck = this.#tasks.filter(({ end }) => end === undefined).map(({ attempt }) => attempt.id);
    this.#model.broken('R3', `${stuck.join(', ')} came to no end within ${(endRounds * resyncMs) / 60_000} minutes without faults`);
  }

  /** A restarted engine asks for ends that it had heard already: every replica, also a fresh one, says the same. */
  async #askAgain(): Promise<void> {
    this.#fleet.replace(0);
    for (const { end, past } of this.#tasks) {
      const last = past.at(-1);
      // A failure that one replica answered while another started the job stays what it is for a fresh one.
      if (end !== 'SUCCEEDED' || last === undefined || last.attempt.stored === 'failure') continue;
      // The replica that said the end may have known of another job than what is stored.
      if (this.#model.mayBeLost(last.attempt)) continue;
      if (jobsOf(this.#world, last.attempt).some(({ vanishedAt }) => vanishedAt !== undefined)) continue;
      const replica = this.#fleet.at(0);
      const told = this.#model.polls(last.attempt, replica.life);
      const work = this.#fleet.follow({ method: 'get', replica }, replica.get(this.#toStored(last), this.#call(last.attempt)));
      const answer = await this.#clock.run(work, 2 * this.#schedule.timeoutMs);
      if (answer instanceof CallError) continue;
      told(answer, false);
      if (answer.phase !== end) this.#model.broken('R10', `a fresh replica answers ${answer.phase} for a task that ${end}`);
    }
  }

  /** Flyte 2 deletes finished tasks too; so do late deletes of Flyte 1. */
  async #collect(): Promise<void> {
    const over = this.#tasks.flatMap(({ past }) => past);
    for (const stored of over.filter(({ attempt }) => this.#schedule.path === 'flyte2' || attempt.isDeleted)) {
      let isDone = false;
      for (let round = 0; !isDone && round < deleteRounds; round++) {
        isDone = await this.#clock.run(this.#delete(stored, round), 2 * this.#schedule.timeoutMs);
        if (!isDone) await this.#clock.advance(repeatMs);
      }
      if (!isDone) this.#model.broken('C4', `the delete of ${stored.attempt.id} was never confirmed`);
    }
  }

  #toStored({ attempt, reference }: StoredAttempt): StoredRequest {
    const { task, connection } = this.#requests;
    return { taskType: task.type, reference, outputPrefix: attempt.id, connection };
  }

  #call({ id }: AttemptFacts): ReplicaCall {
    return { attempt: id, timeoutMs: this.#schedule.timeoutMs };
  }

  #task(index: number): SimulatedTask {
    const task = this.#tasks[index % this.#tasks.length];
    if (task === undefined) throw new TypeError('a schedule has at least one task');
    return task;
  }

  #say(text: string): void {
    this.#lines.push(`${String(this.#clock.now - this.#began).padStart(7)} ms ${text}`);
  }
}
