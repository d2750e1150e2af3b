import { setTimeout as sleep } from 'node:timers/promises';
import type { JsonObject, LiteralMap, LogLink, TaskTemplate } from '@flyte-agents/core';
import { CommandError } from '../errors.ts';
import { hasEnded, plainAnswer, reasonOf, type Answer, type EngineClient, type Job, type TaskPhase } from './client.ts';
import type { Execution } from './execution.ts';

/** The engine bears this many failed polls in a task's life. */
const toleratedPolls = 5;
/** How often a refused cancel is repeated. */
const cancelTries = 3;

/** What became known of a task while it runs. */
export interface TaskProgress {
  readonly taskType: string;
  readonly phase: TaskPhase;
  readonly message: string;
  readonly links: readonly LogLink[];
  /** The attempt under way, counted from 1. */
  readonly attempt: number;
  /** How many attempts the task has at most. */
  readonly attempts: number;
  /** Since the start of the first attempt, in milliseconds. */
  readonly elapsedMs: number;
}

/** How a task ended. */
export interface TaskResult {
  readonly taskType: string;
  /** SUCCEEDED, FAILED, RETRYABLE_FAILED (no attempt is left) or ABORTED. */
  readonly phase: TaskPhase;
  /** Why it did not succeed; or what the agent said last. */
  readonly message: string;
  /** By name. Absent: the task has none, or its outputs are below `outputPrefix`. */
  readonly outputs: LiteralMap | undefined;
  readonly links: readonly LogLink[];
  readonly customInfo: JsonObject | undefined;
  /** How many attempts were made. */
  readonly attempts: number;
  readonly elapsedMs: number;
  /** The folder of the last attempt's outputs. */
  readonly outputPrefix: string;
}

/** How to go through a task's life. */
export interface RunOptions {
  readonly engine: EngineClient;
  readonly execution: Execution;
  readonly template: TaskTemplate;
  /** Whether the server does this type within one call. */
  readonly isSync: boolean;
  readonly retries: number;
  readonly pollIntervalMs: number;
  readonly onProgress: (progress: TaskProgress) => void;
  readonly signal: AbortSignal;
}

/** Takes a task through its attempts as the engine does. */
export class Run {
  readonly #options: RunOptions;
  readonly #started: number = performance.now();
  #attempt = 0;

  constructor(options: RunOptions) {
    this.#options = options;
  }

  /** @throws CommandError when the task was to be cancelled and may still run */
  async result(): Promise<TaskResult> {
    const { retries, signal, template, execution, isSync } = this.#options;
    for (;;) {
      const answer = isSync ? await this.#execute() : await this.#createAndPoll();
      this.#report(answer);
      if (answer.phase === 'RETRYABLE_FAILED' && this.#attempt < retries && !signal.aborted) {
        this.#attempt++;
        continue;
      }
      const { outputPrefix } = execution.request(this.#attempt);
      return { ...answer, taskType: template.type, attempts: this.#attempt + 1, elapsedMs: this.#elapsedMs, outputPrefix };
    }
  }

  get #elapsedMs(): number {
    return performance.now() - this.#started;
  }

  #report({ phase, message, links }: Answer): void {
    const { template, retries, onProgress } = this.#options;
    const [attempt, attempts] = [this.#attempt + 1, retries + 1];
    onProgress({ taskType: template.type, phase, message, links, attempt, attempts, elapsedMs: this.#elapsedMs });
  }

  async #execute(): Promise<Answer> {
    const { engine, execution, signal } = this.#options;
    if (signal.aborted) return cancelled;
    this.#report(plainAnswer('RUNNING', ''));
    try {
      const answer = await engine.execute?.(execution.request(this.#attempt), signal);
      if (answer !== undefined && hasEnded(answer.phase)) return answer;
      return plainAnswer('FAILED', `the server answered ${answer?.phase} to a sync call, which must end the task`);
    } catch (error) {
      return signal.aborted ? cancelled : plainAnswer('RETRYABLE_FAILED', `ExecuteTaskSync: ${reasonOf(error)}`);
    }
  }

  async #createAndPoll(): Promise<Answer> {
    const { engine, execution, signal, template } = this.#options;
    if (signal.aborted) return cancelled;
    this.#report(plainAnswer('QUEUED', ''));
    const request = execution.request(this.#attempt);
    try {
      // Not ended by the signal: without its answer nothing could be cancelled.
      const reference = await engine.create(request);
      return await this.#poll({ taskType: template.type, reference, outputPrefix: request.outputPrefix });
    } catch (error) {
      if (error instanceof CommandError) throw error;
      return plainAnswer('RETRYABLE_FAILED', `CreateTask: ${reasonOf(error)}`);
    }
  }

  async #poll(job: Job): Promise<Answer> {
    const { engine, signal, pollIntervalMs, template } = this.#options;
    const started = performance.now();
    let last = plainAnswer('QUEUED', '');
    for (let failures = 0; !signal.aborted;) {
      try {
        last = await engine.get(job, signal);
        if (hasEnded(last.phase)) return last;
        this.#report(last);
      } catch (error) {
        if (signal.aborted) break;
        const reason = `GetTask: ${reasonOf(error)}`;
        if (++failures > toleratedPolls)
          return plainAnswer('FAILED', `${reason} (for the ${failures}th time; the job may still be running)`);
        this.#report({ ...last, message: `${reason} (${failures} of ${toleratedPolls + 1} times before the task fails)` });
      }
      if (template.timeoutMs !== undefined && performance.now() - started >= template.timeoutMs)
        return this.#timedOut(job, template.timeoutMs);
      await sleep(pollIntervalMs, undefined, { signal }).catch(() => undefined);
    }
    this.#report({ ...last, message: 'cancelling' });
    await this.#cancel(job);
    return { ...last, ...cancelled, links: last.links };
  }

  /** The agent had its chance to say so itself: it was just polled. */
  async #timedOut(job: Job, timeoutMs: number): Promise<Answer> {
    await this.#cancel(job);
    return plainAnswer('RETRYABLE_FAILED', `TimeoutExpired: the task's own timeout of ${timeoutMs / 1000} s is over`);
  }

  async #cancel(job: Job): Promise<void> {
    const { engine, pollIntervalMs } = this.#options;
    for (let tries = 1; ; tries++) {
      try {
        await engine.delete(job);
        return;
      } catch (error) {
        if (tries === cancelTries) throw new CommandError(`DeleteTask: ${reasonOf(error)}; the job may still be running`, 1, error);
        await sleep(pollIntervalMs);
      }
    }
  }
}

const cancelled: Answer = plainAnswer('ABORTED', 'cancelled');
