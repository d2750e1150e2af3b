import type { Check } from './check.ts';
import { AgentError } from './errors.ts';
import type { IdempotencyKey } from './idempotency.ts';
import type { FlyteDatetime, FlyteDuration, JsonObject } from './literals/model.ts';
import type { Schema } from './schema.ts';
import type { AgentContext, CreateContext, GetContext, LogLink, Resource, Task, TaskType } from './task.ts';

/** Small JSON that is enough to look for a job by its key: region, host, project. */
export type Locator = JsonObject;

/** One page of a job's log. */
export interface LogPage {
  readonly lines: readonly LogLine[];
  /** Where the next page begins; absent at the end. */
  readonly nextToken?: string | undefined;
}

/** One line of a job's log, with its line ending if it has one. */
export interface LogLine {
  readonly message: string;
  readonly timestamp?: FlyteDatetime | undefined;
  readonly originator?: 'USER' | 'SYSTEM' | undefined;
}

/** Which part of a log is asked for. */
export interface LogRequest {
  /** How many lines at most; 0 = the agent's choice. */
  readonly lines: bigint;
  /** Where to go on; empty = the beginning. */
  readonly token: string;
}

/** Which metrics are asked for; an absent query means a default set. */
export interface MetricsRequest {
  readonly queries: readonly string[];
  readonly start?: FlyteDatetime | undefined;
  readonly end?: FlyteDatetime | undefined;
  readonly step?: FlyteDuration | undefined;
}

/** One metric, its data in the form of a Prometheus range result. */
export interface MetricSeries {
  readonly metric: string;
  readonly data: JsonObject;
}

abstract class BaseAgent<Config> {
  /** What the engine lists, for people: `BigQuery Agent`. */
  abstract readonly name: string;
  /** The kinds of task it serves. */
  abstract readonly taskTypes: readonly TaskType[];
  /** Reads the template's `custom`. Tolerates keys it does not know. */
  abstract readonly config: Schema<Config>;

  /**
   * Whether results are neither secret nor personal, so that small ones of work that is done within a call may be put into the
   * reference when the engine polls all the same. References land in the cluster's store and in the engine's log.
   */
  readonly resultsMayBeStored: boolean = false;

  /** What can be looked at without a task: secrets, the service. For operators, whom `flyte-agents doctor` tells. Default: nothing. */
  checks(): readonly Check[] {
    return [];
  }

  /** Loads what the first task would have to wait for, such as an SDK. A server with this agent alone calls it before it is ready. */
  async prepare(): Promise<void> {}
}

/**
 * An agent whose tasks run as jobs of an outside service. Stateless: any replica answers any call.
 *
 * Throw an {@link AgentError} when something could not be found out or done; return FAILED or RETRYABLE_FAILED when it is
 * known that the job failed.
 */
export abstract class AsyncAgent<Config, Ref extends JsonObject> extends BaseAgent<Config> {
  /** Reads the stored reference: enough to find the job, small, no secret. */
  abstract readonly ref: Schema<Ref>;
  /** Reads the JSON reference of a Python agent as ours, so that its tasks in flight survive the swap. Default: none is read. */
  readonly legacyRef?: Schema<Ref>;
  readonly kind = 'async';

  /**
   * Does a task within one call; its phase must be terminal. An agent with it is announced as sync. Where the engine polls all
   * the same, create does those tasks that are not {@link runsAsJob jobs}.
   */
  do?(task: Task<Config>, context: CreateContext): Promise<Resource>;

  /** Of an agent that can do tasks within one call: whether this one runs as a job where the engine polls. Pure. Default: it does. */
  runsAsJob(_task: Task<Config>): boolean {
    return true;
  }

  /** Starts the job, or finds the one that the same key already started. */
  abstract create(task: Task<Config>, context: CreateContext): Promise<Ref>;

  /** Asks how the job stands. No side effects. */
  abstract get(ref: Ref, context: GetContext): Promise<Resource>;

  /** Cancels the job if it is unfinished and ours; else does nothing. */
  abstract delete(ref: Ref, context: AgentContext): Promise<void>;

  /**
   * How a job ended whose service cannot be asked, if that is known without it: its time is over. Pure. Default: it is not known.
   *
   * @param reason why the service could not be asked
   */
  overdue?(ref: Ref, context: GetContext, reason: string): Resource | undefined;

  /** The links to the job. Pure: they are in every answer, also when the service does not answer. */
  links(_ref: Ref): readonly LogLink[] {
    return [];
  }

  /** Where a job of this task would be found. Pure. */
  abstract locate(task: Task<Config>): Locator;

  /** Looks for the job of a key: after a submit whose answer was lost. */
  abstract find(key: IdempotencyKey, where: Locator, context: AgentContext): Promise<Ref | undefined>;

  /** Which of the service's hosts a job is on, where there are several: what is down together. Default: there is one. */
  hostOf(_where: Ref | Locator): string {
    return '';
  }

  /**
   * What may share an upstream call with other polls: an account, a region. The core adds agent, host, project, domain and
   * credentials; while a call is under way, it gathers those that come for the next one. An agent with it has {@link getMany} too.
   */
  pollGroup?(ref: Ref): string;

  /** Asks how several jobs of one group stand, in their order; an AgentError for a job that could not be asked for. */
  getMany?(refs: readonly Ref[], context: AgentContext): Promise<readonly (Resource | AgentError)[]>;

  /** How many jobs one {@link getMany} may be asked for. Default 100. */
  readonly largestPoll: number = 100;

  /**
   * Whether {@link getMany} costs the same for many jobs as for one: then a call is filled up with jobs that will be polled within
   * seconds, and their polls are answered by it. Default false.
   */
  readonly pollsAhead: boolean = false;

  /** Reads the job's log, oldest line first. */
  getLogs(_ref: Ref, _request: LogRequest, _context: AgentContext): AsyncIterable<LogPage> {
    throw new AgentError({ code: 'UNIMPLEMENTED', message: `${this.name}: has no logs to read` });
  }

  /** Reads the job's metrics. */
  async getMetrics(_ref: Ref, _request: MetricsRequest, _context: AgentContext): Promise<readonly MetricSeries[]> {
    throw new AgentError({ code: 'UNIMPLEMENTED', message: `${this.name}: has no metrics to read` });
  }
}

/** An agent that does its work within one call. */
export abstract class SyncAgent<Config> extends BaseAgent<Config> {
  readonly kind = 'sync';

  /** Does the work and gives its result, whose phase must be terminal. */
  abstract do(task: Task<Config>, context: CreateContext): Promise<Resource>;
}

/** An agent that can do tasks within one call. */
export type Doer = Pick<SyncAgent<unknown>, 'name' | 'config' | 'resultsMayBeStored' | 'do'>;

/** Whether an agent can do tasks within one call: then the engine is told that it is sync. */
export function canDo<Agent extends AsyncAgent<unknown, JsonObject> | SyncAgent<unknown>>(agent: Agent): agent is Agent & Doer {
  return agent.do !== undefined;
}
