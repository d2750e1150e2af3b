import type { AsyncAgent, LogPage, LogRequest, MetricSeries, MetricsRequest } from '../agent.ts';
import { AgentError, shortened } from '../errors.ts';
import type { IdempotencyKey } from '../idempotency.ts';
import type { JsonObject } from '../literals/model.ts';
import type { Logger } from '../logger.ts';
import type { Metrics, Operation } from '../metrics.ts';
import { isTerminal } from '../phase.ts';
import { decodeReference } from '../ref.ts';
import type { Agent, AgentRegistry } from '../registry.ts';
import { parse } from '../schema.ts';
import type { AgentContext, Resource } from '../task.ts';
import { expired, type Call } from './call.ts';
import { Circuits } from './circuit.ts';
import { Creator } from './create.ts';
import { deleteTask } from './delete.ts';
import { execute } from './execute.ts';
import { Poller } from './get.ts';
import { Memory } from './memory.ts';
import type { WriteOutputs } from './outputs.ts';
import type { StoredRequest, TaskRequest } from './requests.ts';

/** How many faults of submits are kept until a poll tells them. */
const rememberedFaults = 1000;
/** For how long a fault of polls is not warned of again, in milliseconds. */
const quietMs = 60_000;

/** What a dispatcher works with. */
export interface DispatcherOptions {
  readonly registry: AgentRegistry;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Tells apart installations that share outside accounts. Default: none. */
  readonly instance?: string | undefined;
  /** Where results of sync agents on async paths go that do not fit into a reference. Default: nowhere, which fails such a task. */
  readonly writeOutputs?: WriteOutputs | undefined;
  /** For how long a fault that does not pass by itself is borne before a task fails, in milliseconds. Default: one hour. */
  readonly unreachableAfterMs?: number | undefined;
}

/**
 * Between the protocols and the agents: the one place that decides what the engine is told. Times, logs and counts every
 * call, ends it in time, and turns faults into the answers that the engines survive.
 */
export class Dispatcher {
  readonly registry: AgentRegistry;
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #circuits = new Circuits();
  readonly #creator: Creator;
  readonly #poller: Poller;
  /** When a fault of polls was last warned of, in milliseconds since 1970. */
  readonly #warned = new Memory<string, number>(1000);
  readonly #instance: string | undefined;
  readonly #writeOutputs: WriteOutputs | undefined;

  constructor({ registry, logger, metrics, instance, writeOutputs, unreachableAfterMs = 3_600_000 }: DispatcherOptions) {
    this.registry = registry;
    this.#logger = logger;
    this.#metrics = metrics;
    this.#instance = instance;
    this.#writeOutputs = writeOutputs;
    const shared = { logger, writeOutputs, circuits: this.#circuits, lateFaults: new Memory<IdempotencyKey, AgentError>(rememberedFaults) };
    this.#creator = new Creator({ ...shared, instance });
    this.#poller = new Poller({ ...shared, registry, unreachableAfterMs });
  }

  /**
   * Starts a task; gives the reference that the engine stores.
   *
   * @throws AgentError NOT_FOUND for an unknown task type, UNAVAILABLE for a passing fault that outlasted the call
   */
  async create(request: TaskRequest, call: Call): Promise<Uint8Array> {
    const { type } = request.template;
    return this.#measured('create', type, async () => {
      const agent = this.#agent(type);
      this.#metrics.inputs(type, request.inputs.byteLength);
      const { reference, fault } = await this.#creator.create(agent, request, call);
      const { project, domain, name, node, attempt } = request.execution;
      const fields = { taskType: type, project, domain, execution: name, node, attempt, code: fault?.code };
      this.#logger[fault === undefined ? 'info' : 'warn'](fields, `create${fault === undefined ? '' : `: ${fault.message}`}`);
      return { value: reference, fault };
    });
  }

  /** Tells how a task stands. Never rejects. */
  async get(request: StoredRequest, call: Call): Promise<Resource> {
    const { taskType } = request;
    return this.#measured('get', taskType, async () => {
      const { resource, fault } = await this.#poller.get(request, call);
      const isNews = fault !== undefined && (isTerminal(resource.phase) || this.#isNews(`${taskType} ${fault.code} ${resource.phase}`));
      const fields = { taskType, phase: resource.phase, code: fault?.code };
      this.#logger[isNews ? 'warn' : 'debug'](fields, `get${fault === undefined ? '' : `: ${fault.message}`}`);
      return { value: bounded(resource), fault };
    });
  }

  /** Cancels a task's job. @throws AgentError UNAVAILABLE when it may still run */
  async delete(request: StoredRequest, call: Call): Promise<void> {
    const { taskType } = request;
    return this.#measured('delete', taskType, async () => {
      await deleteTask(request, call, { registry: this.registry, logger: this.#logger, circuits: this.#circuits });
      this.#logger.info({ taskType }, 'delete');
      return { value: undefined };
    });
  }

  /** Does a task within the call; the phase is terminal. @throws AgentError NOT_FOUND for an unknown task type */
  async execute(request: TaskRequest, call: Call): Promise<Resource> {
    const { type } = request.template;
    return this.#measured('do', type, async () => {
      const agent = this.#agent(type);
      this.#metrics.inputs(type, request.inputs.byteLength);
      const { resource, fault } = await execute(agent, request, call, {
        logger: this.#logger,
        instance: this.#instance,
        writeOutputs: this.#writeOutputs,
      });
      const level = fault === undefined ? 'info' : 'warn';
      this.#logger[level](
        { taskType: type, phase: resource.phase, code: fault?.code },
        `do${fault === undefined ? '' : `: ${fault.message}`}`,
      );
      return { value: bounded(resource), fault };
    });
  }

  /** Reads a job's metrics. @throws AgentError what went wrong; nobody's task depends on it */
  async getMetrics(request: StoredRequest, query: MetricsRequest, call: Call): Promise<readonly MetricSeries[]> {
    return this.#measured('get_metrics', request.taskType, async () => {
      const { agent, ref, context } = this.#job(request, call);
      const series = await call.within(agent.getMetrics(ref, query, context));
      if (series === expired)
        throw new AgentError({ code: 'DEADLINE_EXCEEDED', message: `${agent.name}: the service has not answered in time` });
      return { value: series };
    });
  }

  /** Reads a job's log page by page, until the end, the deadline or the caller's leaving. @throws AgentError what went wrong */
  async *getLogs(request: StoredRequest, query: LogRequest, call: Call): AsyncIterable<LogPage> {
    const started = performance.now();
    this.#metrics.started();
    let errorCode: AgentError['code'] | undefined;
    let pages: AsyncIterator<LogPage> | undefined;
    try {
      const { agent, ref, context } = this.#job(request, call);
      pages = agent.getLogs(ref, query, context)[Symbol.asyncIterator]();
      for (;;) {
        const next = await call.within(pages.next());
        if (next === expired || next.done === true) return;
        yield next.value;
      }
    } catch (error) {
      errorCode = AgentError.from(error).code;
      throw error;
    } finally {
      // Not waited for: a service that does not answer does not end either.
      pages?.return?.().catch((error: unknown) => this.#logger.debug({}, `get_logs: ${AgentError.from(error).message}`));
      this.#metrics.finished({ operation: 'get_logs', taskType: this.#label(request.taskType), seconds: secondsSince(started), errorCode });
    }
  }

  /** A task type as a label, which must not grow with what callers make up. */
  #label(taskType: string): string {
    return this.registry.find(taskType) === undefined ? 'unknown' : taskType;
  }

  /** An outage is one warning a minute, not one for each of thousands of polls. */
  #isNews(fault: string): boolean {
    const now = Date.now();
    if (now - (this.#warned.get(fault) ?? 0) < quietMs) return false;
    this.#warned.set(fault, now);
    return true;
  }

  #agent(taskType: string): Agent {
    const agent = this.registry.find(taskType);
    if (agent !== undefined) return agent;
    const known = this.registry.agents.flatMap((each) => this.registry.taskTypes(each)).join(', ');
    throw new AgentError({
      code: 'NOT_FOUND',
      message: `no agent on this server serves task type ${taskType} (served: ${known}): install it, or route the type to the server that has it`,
    });
  }

  #job(request: StoredRequest, call: Call): { agent: AsyncAgent<unknown, JsonObject>; ref: JsonObject; context: AgentContext } {
    const agent = this.#agent(request.taskType);
    const { content, project, domain } = decodeReference(request.reference, agent);
    if (agent.kind === 'sync' || content.kind !== 'ref') {
      throw new AgentError({ code: 'UNIMPLEMENTED', message: `${agent.name}: this task has no job to read from` });
    }
    const context = { signal: call.signal, deadline: call.deadline, project, domain, logger: this.#logger };
    return { agent, ref: parse(agent.ref, content.ref, 'the stored reference'), context };
  }

  async #measured<Value>(
    operation: Operation,
    taskType: string,
    work: () => Promise<{ value: Value; fault?: AgentError | undefined }>,
  ): Promise<Value> {
    const started = performance.now();
    let errorCode: AgentError['code'] | undefined;
    this.#metrics.started();
    try {
      const { value, fault } = await work();
      errorCode = fault?.code;
      return value;
    } catch (error) {
      const fault = AgentError.from(error);
      errorCode = fault.code;
      this.#logger.warn({ taskType, code: fault.code }, `${operation}: ${fault.message}`);
      throw fault;
    } finally {
      this.#metrics.finished({ operation, taskType: this.#label(taskType), seconds: secondsSince(started), errorCode });
    }
  }
}

/** The engines take a bounded message. */
function bounded(resource: Resource): Resource {
  return resource.message === undefined ? resource : { ...resource, message: shortened(resource.message) };
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}
