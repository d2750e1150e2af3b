import type { AsyncAgent, LogPage, LogRequest, MetricSeries, MetricsRequest } from '../agent.ts';
import { AgentError, shortened } from '../errors.ts';
import type { CheckedFetch } from '../http/fetch.ts';
import type { IdempotencyKey } from '../idempotency.ts';
import type { JsonObject } from '../literals/model.ts';
import type { Logger } from '../logger.ts';
import { Memory } from '../memory.ts';
import type { Metrics, Operation } from '../metrics.ts';
import { isTerminal } from '../phase.ts';
import { redact, redactObject } from '../redact.ts';
import { decodeReference } from '../ref.ts';
import type { Agent, AgentRegistry } from '../registry.ts';
import { parse } from '../schema.ts';
import type { SecretSource } from '../secrets.ts';
import type { ReadableStore } from '../store/service.ts';
import type { AgentContext, Resource } from '../task.ts';
import { attemptAttributes, CallSpan, referenceAttributes } from '../tracing.ts';
import { expired, type Call } from './call.ts';
import { Circuits } from './circuit.ts';
import { Creator, type LateFault } from './create.ts';
import { deleteTask } from './delete.ts';
import { execute } from './execute.ts';
import { Poller } from './get.ts';
import type { WriteOutputs } from './outputs.ts';
import type { StoredRequest, TaskRequest } from './requests.ts';
import { SharedWork } from './shared-work.ts';
import { Tenants } from './tenant.ts';

/** How many faults of submits are kept until a poll tells them. */
const rememberedFaults = 1000;
/** For how long a fault of polls is not warned of again, in milliseconds. */
const quietMs = 60_000;

/** What a dispatcher works with. */
export interface DispatcherOptions {
  readonly registry: AgentRegistry;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Where agents' secrets are. Default: this process's environment, and the files that it names. */
  readonly secrets?: SecretSource | undefined;
  /** What agents may read of other objects and files. Default: nothing. */
  readonly store?: ReadableStore | undefined;
  /** What agents fetch URLs with that tasks name. Default: from public addresses only. */
  readonly fetch?: CheckedFetch | undefined;
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
  readonly #tenants: Tenants;
  readonly #creator: Creator;
  readonly #poller: Poller;
  /** When a fault of polls was last warned of, in milliseconds since 1970. */
  readonly #warned = new Memory<string, number>(1000);
  readonly #shared = new SharedWork();
  readonly #instance: string | undefined;
  readonly #writeOutputs: WriteOutputs | undefined;

  constructor({
    registry,
    logger,
    metrics,
    secrets,
    store,
    fetch,
    instance,
    writeOutputs,
    unreachableAfterMs = 3_600_000,
  }: DispatcherOptions) {
    this.registry = registry;
    this.#tenants = new Tenants({ secrets, store, fetch });
    this.#logger = logger;
    this.#metrics = metrics;
    this.#instance = instance;
    this.#writeOutputs = writeOutputs;
    const lateFaults = new Memory<IdempotencyKey, LateFault>(rememberedFaults);
    const shared = { logger, writeOutputs, circuits: this.#circuits, tenants: this.#tenants, lateFaults };
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
    return this.#measured('create', type, async (span) => {
      const agent = this.#agent(type);
      span.describe(() => attemptAttributes({ ...request, instance: this.#instance }));
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
    return this.#measured('get', taskType, async (span) => {
      span.describe(() => referenceAttributes(request.reference, this.registry.find(taskType)));
      const { resource, fault } = await this.#poller.get(request, call);
      span.describe(() => ({ 'flyte.phase': resource.phase }));
      const isNews = fault !== undefined && (isTerminal(resource.phase) || this.#isNews(`${taskType} ${fault.code} ${resource.phase}`));
      const fields = { taskType, phase: resource.phase, code: fault?.code };
      this.#logger[isNews ? 'warn' : 'debug'](fields, `get${fault === undefined ? '' : `: ${fault.message}`}`);
      return { value: sayable(resource), fault };
    });
  }

  /** Cancels a task's job. @throws AgentError UNAVAILABLE when it may still run */
  async delete(request: StoredRequest, call: Call): Promise<void> {
    const { taskType } = request;
    return this.#measured('delete', taskType, async (span) => {
      span.describe(() => referenceAttributes(request.reference, this.registry.find(taskType)));
      const options = { registry: this.registry, logger: this.#logger, circuits: this.#circuits, tenants: this.#tenants };
      await deleteTask(request, call, options);
      this.#logger.info({ taskType }, 'delete');
      return { value: undefined };
    });
  }

  /** Does a task within the call; the phase is terminal. @throws AgentError NOT_FOUND for an unknown task type */
  async execute(request: TaskRequest, call: Call): Promise<Resource> {
    const { type } = request.template;
    return this.#measured('do', type, async (span) => {
      const agent = this.#agent(type);
      span.describe(() => attemptAttributes({ ...request, instance: this.#instance }));
      this.#metrics.inputs(type, request.inputs.byteLength);
      const { resource, fault } = await execute(agent, request, call, {
        logger: this.#logger,
        instance: this.#instance,
        tenants: this.#tenants,
        writeOutputs: this.#writeOutputs,
        shared: this.#shared,
      });
      span.describe(() => ({ 'flyte.phase': resource.phase }));
      const level = fault === undefined ? 'info' : 'warn';
      this.#logger[level](
        { taskType: type, phase: resource.phase, code: fault?.code },
        `do${fault === undefined ? '' : `: ${fault.message}`}`,
      );
      return { value: sayable(resource), fault };
    });
  }

  /** Reads a job's metrics. @throws AgentError what went wrong; nobody's task depends on it */
  async getMetrics(request: StoredRequest, query: MetricsRequest, call: Call): Promise<readonly MetricSeries[]> {
    return this.#measured('get_metrics', request.taskType, async (span) => {
      span.describe(() => referenceAttributes(request.reference, this.registry.find(request.taskType)));
      const { agent, ref, context } = this.#job(request, call);
      const series = await call.within(agent.getMetrics(ref, query, context));
      if (series === expired)
        throw new AgentError({ code: 'DEADLINE_EXCEEDED', message: `${agent.name}: the service has not answered in time` });
      return { value: series.map(({ metric, data }) => ({ metric: redact(metric), data: redactObject(data) })) };
    });
  }

  /** Reads a job's log page by page, until the end, the deadline or the caller's leaving. @throws AgentError what went wrong */
  async *getLogs(request: StoredRequest, query: LogRequest, call: Call): AsyncIterable<LogPage> {
    const started = performance.now();
    const span = this.#span('get_logs', request.taskType);
    span.describe(() => referenceAttributes(request.reference, this.registry.find(request.taskType)));
    this.#metrics.started();
    let fault: AgentError | undefined;
    let pages: AsyncIterator<LogPage> | undefined;
    try {
      const { agent, ref, context } = this.#job(request, call);
      const reading = span.within(() => agent.getLogs(ref, query, context)[Symbol.asyncIterator]());
      pages = reading;
      for (;;) {
        const next = await call.within(span.within(() => reading.next()));
        if (next === expired || next.done === true) return;
        const { lines, ...page } = next.value;
        yield { ...page, lines: lines.map((line) => ({ ...line, message: redact(line.message) })) };
      }
    } catch (error) {
      fault = AgentError.from(error);
      throw error;
    } finally {
      // Not waited for: a service that does not answer does not end either.
      pages?.return?.().catch((error: unknown) => this.#logger.debug({}, `get_logs: ${AgentError.from(error).message}`));
      const taskType = this.#label(request.taskType);
      this.#metrics.finished({ operation: 'get_logs', taskType, seconds: secondsSince(started), errorCode: fault?.code });
      span.end(fault);
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
    const reference = decodeReference(request.reference, agent);
    const { content } = reference;
    if (agent.kind === 'sync' || content.kind !== 'ref') {
      throw new AgentError({ code: 'UNIMPLEMENTED', message: `${agent.name}: this task has no job to read from` });
    }
    const tenant = this.#tenants.context({ ...reference, connection: request.connection });
    const context = { signal: call.signal, deadline: call.deadline, ...tenant, logger: this.#logger };
    return { agent, ref: parse(agent.ref, content.ref, 'the stored reference'), context };
  }

  async #measured<Value>(
    operation: Operation,
    taskType: string,
    work: (span: CallSpan) => Promise<{ value: Value; fault?: AgentError | undefined }>,
  ): Promise<Value> {
    const started = performance.now();
    const span = this.#span(operation, taskType);
    let fault: AgentError | undefined;
    this.#metrics.started();
    try {
      const done = await span.within(() => work(span));
      fault = done.fault;
      return done.value;
    } catch (error) {
      const thrown = AgentError.from(error);
      fault = thrown;
      span.within(() => this.#logger.warn({ taskType, code: thrown.code }, `${operation}: ${thrown.message}`));
      throw thrown;
    } finally {
      this.#metrics.finished({ operation, taskType: this.#label(taskType), seconds: secondsSince(started), errorCode: fault?.code });
      span.end(fault);
    }
  }

  #span(operation: Operation, taskType: string): CallSpan {
    return new CallSpan({ operation, taskType: this.#label(taskType), agent: this.registry.find(taskType) });
  }
}

/** What may be said of a task: a bounded message, and nowhere a secret (R8). Of a resource that is none, its phase (R3). */
function sayable(resource: Resource): Resource {
  try {
    return withoutSecrets(resource);
  } catch (error) {
    const { phase, outputs } = resource;
    return { phase, outputs, message: `what is known of the task cannot be told: ${AgentError.from(error).message}` };
  }
}

/** Outputs are the user's own. */
function withoutSecrets({ message, links, customInfo, ...resource }: Resource): Resource {
  return {
    ...resource,
    ...(message !== undefined && { message: shortened(message) }),
    ...(links !== undefined && { links: links.map(({ name, uri }) => ({ name: redact(name), uri: redact(uri) })) }),
    ...(customInfo !== undefined && { customInfo: redactObject(customInfo) }),
  };
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1000;
}
