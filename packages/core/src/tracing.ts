import {
  context,
  createContextKey,
  propagation,
  ProxyTracerProvider,
  SpanKind,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type TextMapGetter,
  type Tracer,
} from '@opentelemetry/api';
import type { AgentError } from './errors.ts';
import { attemptKey } from './idempotency.ts';
import type { Operation } from './metrics.ts';
import { redact } from './redact.ts';
import { decodeReference } from './ref.ts';
import type { Agent } from './registry.ts';
import type { TaskExecution, TaskId } from './task.ts';

const rpcMethod = createContextKey('flyte-agents: the method that the caller named');

/**
 * The tracer of the OpenTelemetry SDK that an operator has loaded, if there is one. The API has a tracer without one too, that
 * does nothing, but at the price of some copied contexts for every call.
 */
function findTracer(): Tracer | undefined {
  const provider = trace.getTracerProvider();
  const name = '@flyte-agents/core';
  return provider instanceof ProxyTracerProvider ? provider.getDelegateTracer(name) : provider.getTracer(name);
}

/** A gRPC call as its server has it, with what was sent beside the message. */
export interface IncomingCall {
  readonly metadata: { get(name: string): readonly unknown[]; getMap(): object };
  getPath(): string;
}

const metadataGetter: TextMapGetter<IncomingCall['metadata']> = {
  keys: (metadata) => Object.keys(metadata.getMap()),
  get: (metadata, name) => metadata.get(name).filter((value) => typeof value === 'string'),
};

/** Does the work of a call within the trace that its caller is in, if it is in one (W3C's `traceparent`). */
export function continueTrace<Result>(call: IncomingCall, work: () => Result): Result {
  if (findTracer() === undefined) return work();
  const active = context.active();
  // An instrumentation of gRPC was here before.
  if (trace.getSpan(active) !== undefined) return work();
  const callers = propagation.extract(active, call.metadata, metadataGetter);
  return context.with(callers.setValue(rpcMethod, call.getPath().slice(1)), work);
}

/** What is said of every call. */
export interface CallSpanOptions {
  readonly operation: Operation;
  readonly taskType: string;
  /** Absent where none serves the task type. */
  readonly agent: Agent | undefined;
}

/** The span of one call of the engine. Must be {@link end}ed. */
export class CallSpan {
  readonly #span: Span | undefined;
  readonly #context: Context = context.active();

  constructor({ operation, taskType, agent }: CallSpanOptions) {
    const tracer = findTracer();
    if (tracer === undefined) return;
    const parent = this.#context;
    const method = parent.getValue(rpcMethod);
    const kind = method === undefined ? SpanKind.INTERNAL : SpanKind.SERVER;
    this.#span = tracer.startSpan(`${operation} ${taskType}`, { kind }, parent);
    this.#context = trace.setSpan(parent, this.#span);
    this.describe(() => ({
      'flyte.task_type': taskType,
      'flyte.agent': agent?.name,
      ...(typeof method === 'string' && { 'rpc.system.name': 'grpc', 'rpc.method': method }),
    }));
  }

  /** Does work whose own spans, such as those of a service's SDK, become parts of this one. */
  within<Result>(work: () => Result): Result {
    return this.#span === undefined ? work() : context.with(this.#context, work);
  }

  /** Adds to what the span says; the attributes are only made when somebody records it. */
  describe(attributes: () => Attributes): void {
    if (this.#span?.isRecording() === true) this.#span.setAttributes(attributes());
  }

  /** @param fault what went wrong, also when the answer absorbed it */
  end(fault?: AgentError): void {
    if (fault !== undefined) {
      this.describe(() => ({ 'error.type': fault.code }));
      this.#span?.setStatus({ code: SpanStatusCode.ERROR, message: redact(fault.message) });
    }
    this.#span?.end();
  }
}

/** Whose attempt it is. The key is the same in the spans of create, get and delete, and in the name or label of the job. */
export function attemptAttributes(attempt: {
  readonly template: { readonly id: TaskId };
  readonly execution: TaskExecution;
  readonly outputPrefix: string;
  readonly instance: string | undefined;
}): Attributes {
  const { template, execution, outputPrefix, instance } = attempt;
  const { project, domain, name, node, attempt: number } = execution;
  return {
    ...tenantAttributes(project, domain),
    'flyte.execution': name,
    'flyte.node': node,
    'flyte.attempt': number,
    'flyte.idempotency_key': attemptKey({ task: template.id, execution, outputPrefix, instance }),
  };
}

/** What a stored reference says of whose attempt it is; nothing when it cannot be read. */
export function referenceAttributes(reference: Uint8Array, agent: Agent | undefined): Attributes {
  try {
    const { project, domain, key } = decodeReference(reference, agent);
    return { ...tenantAttributes(project, domain), 'flyte.idempotency_key': key };
  } catch {
    // The call itself says so.
    return {};
  }
}

function tenantAttributes(project: string, domain: string): Attributes {
  return { 'flyte.project': project, 'flyte.domain': domain };
}
