import type { JsonObject, Literal } from '@flyte-agents/core';
import type { Endpoint, EngineAnswer, StoredTask } from '../engine/endpoint.ts';
import type { EngineTask, EngineTaskOptions } from '../engine/engine-task.ts';
import type { FakeEngine } from '../engine/fake-engine.ts';
import type { Verdict } from '../engine/calls.ts';
import type { RecordingLogger } from '../recording-logger.ts';
import type { Guarantee } from '../schedules/guarantee.ts';
import { TaskRequests, type Path, type TestTask } from '../task.ts';
import type { World } from '../world.ts';

/** What a case is about. */
export interface Subject {
  readonly world: () => World;
  readonly task: TestTask;
  readonly guarantee: Guarantee;
  readonly invalid: readonly InvalidConfig[];
  readonly path: Path;
}

/** Settings that the agent must refuse before it asks its service anything. */
export interface InvalidConfig {
  /** The template's `custom`. Default: the task's. */
  readonly custom?: JsonObject;
  /** Default: the task's. */
  readonly inputs?: Readonly<Record<string, Literal>>;
  /** What the refusal must name. */
  readonly names: string;
}

/**
 * Where a case plays: an agent's service, two replicas and the engine of one path. Over sockets in real time with short
 * intervals, or inside this process in virtual time with the engine's own.
 */
export interface Stage {
  readonly subject: Subject;
  readonly world: World;
  readonly engine: FakeEngine;
  readonly endpoints: readonly Endpoint[];
  /** What all replicas logged. */
  readonly logger: RecordingLogger;
  /** Starts the task. */
  readonly start: (options?: EngineTaskOptions & { readonly task?: TestTask }) => EngineTask;
  /** Lets time pass until something is so. @throws Error when it takes too long */
  readonly until: (isSo: () => boolean, what: string) => Promise<void>;
  /** Lets some polls pass. */
  readonly rounds: (count: number) => Promise<void>;
  /** Lets time pass until work is done. */
  readonly done: <Value>(work: Promise<Value>) => Promise<Value>;
  /** Replaces all replicas by fresh ones. */
  readonly replace: () => Promise<void>;
  /** Prometheus's text of every replica. */
  readonly metrics: () => Promise<string>;
  readonly close: () => Promise<void>;
}

/** Whether the path's engine does the task in one call. */
export function isOneCall({ path }: Subject): boolean {
  return path === 'flyte1-sync';
}

/** Takes a task to its end; everything that it waits for comes to a good end. */
export async function finish(stage: Stage, task: EngineTask): Promise<Verdict> {
  const progress = { isOver: false };
  const over = task.end.finally(() => (progress.isOver = true));
  for (let round = 0; round < 60 && !progress.isOver; round++) {
    await stage.rounds(1);
    stage.world.finish();
  }
  return stage.done(over);
}

/** What the engine has stored of a task, as soon as it has. */
export async function created(stage: Stage, task: EngineTask): Promise<StoredTask> {
  await stage.until(() => task.stored !== undefined, 'create has answered');
  if (task.stored === undefined) throw new TypeError('nothing is stored');
  return task.stored;
}

/** Creates the task's first attempt in an execution on one replica, past the engine. */
export async function createOn(stage: Stage, replica: number, execution: string = 'fdirect'): Promise<StoredTask> {
  const requests = new TaskRequests(stage.subject.task, stage.subject.path);
  const attempt = { execution, node: 'n0', number: 0 };
  const reference = await stage.done(endpointOf(stage, replica).create(requests, attempt, callOptions));
  const { task, connection } = requests;
  return { taskType: task.type, reference, outputPrefix: requests.outputPrefix(attempt), connection };
}

/** Asks one replica how a task stands. */
export async function ask(stage: Stage, stored: StoredTask, replica: number = 0): Promise<EngineAnswer> {
  return stage.done(endpointOf(stage, replica).get(stored, callOptions));
}

/** Deletes a task on one replica, past the engine. @throws CallError */
export async function deleteOn(stage: Stage, stored: StoredTask, replica: number = 0): Promise<void> {
  await stage.done(endpointOf(stage, replica).delete(stored, callOptions));
}

const callOptions = { timeoutMs: 10_000 } as const;

function endpointOf({ endpoints }: Stage, replica: number): Endpoint {
  const endpoint = endpoints[replica];
  if (endpoint === undefined) throw new TypeError(`there is no replica ${replica}`);
  return endpoint;
}
