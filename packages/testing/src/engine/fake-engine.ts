import { TaskRequests, type Path, type TestTask } from '../task.ts';
import type { Endpoint } from './endpoint.ts';
import { EngineTask, type EngineTaskOptions } from './engine-task.ts';
import { readLocalOutputs, type ReadOutputs } from './outputs.ts';
import { Servers } from './task-calls.ts';

/** How the engine is set up; the defaults are the real engines'. */
export interface FakeEngineOptions {
  readonly path: Path;
  /** The servers behind its one address; calls go round. */
  readonly endpoints: readonly Endpoint[];
  /** The pause between two polls of a task, in milliseconds. Default 30 s. */
  readonly resyncMs?: number | undefined;
  /** The pause before a failed delete is repeated, in milliseconds. Default 10 s. */
  readonly repeatMs?: number | undefined;
  /** The deadline of a call, in milliseconds. Default 10 s. */
  readonly callTimeoutMs?: number | undefined;
  /** The deadline of a listing, in milliseconds. Default 3 s. */
  readonly listTimeoutMs?: number | undefined;
  /** Where outputs are that an answer leaves out. Default: on this machine, for `file:` prefixes. */
  readonly readOutputs?: ReadOutputs | undefined;
  /** The URL of the folder below which outputs are. */
  readonly outputFolder?: string | undefined;
}

/**
 * Flyte's engine as an agent server sees it, with the habits of the real ones: it lists before it routes, polls at once after
 * create and then at every resync, counts failed polls for an attempt's life, turns every failed create into a retry under a
 * new output prefix, deletes when a task is aborted (Flyte 2: also before every retry and long after the end) and repeats that
 * until it works, and goes on from what it had stored when it is restarted.
 */
export class FakeEngine {
  readonly #options: FakeEngineOptions;
  readonly #servers: Servers;
  readonly #tasks = new Set<EngineTask>();

  constructor(options: FakeEngineOptions) {
    this.#options = options;
    this.#servers = new Servers(options.endpoints);
  }

  /** Starts a task in an execution of its own. */
  start(task: TestTask, options: EngineTaskOptions = {}): EngineTask {
    const { path, outputFolder, resyncMs = 30_000, repeatMs = 10_000, callTimeoutMs = 10_000, listTimeoutMs = 3000 } = this.#options;
    const started = new EngineTask(
      {
        servers: this.#servers,
        requests: new TaskRequests(task, path, outputFolder),
        execution: `f${String(this.#tasks.size + 1).padStart(9, '0')}`,
        habits: { resyncMs, repeatMs, callTimeoutMs, listTimeoutMs, readOutputs: this.#options.readOutputs ?? readLocalOutputs },
      },
      options,
    );
    this.#tasks.add(started);
    return started;
  }

  /** The engine's process ends and another takes its place: calls under way are cut, tasks go on from what was stored. */
  restart(): void {
    for (const task of this.#tasks) task.restart();
  }

  /** Ends everything that is still under way. */
  close(): void {
    for (const task of this.#tasks) task.close();
    for (const endpoint of this.#servers.endpoints) endpoint.close();
  }
}
