import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client';
import type { ErrorCode } from './errors.ts';
import { addProcessMetrics } from './process-metrics.ts';
import { redact } from './redact.ts';

/** What a call does, in the incumbent metrics' words. */
export type Operation = 'create' | 'get' | 'delete' | 'do' | 'get_metrics' | 'get_logs';

/** One finished call. */
export interface FinishedCall {
  readonly operation: Operation;
  readonly taskType: string;
  readonly seconds: number;
  /** What went wrong, also when the answer absorbed it. */
  readonly errorCode?: ErrorCode | undefined;
}

const httpStatus: Readonly<Record<ErrorCode, number>> = {
  CANCELLED: 499,
  UNKNOWN: 500,
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  PERMISSION_DENIED: 403,
  RESOURCE_EXHAUSTED: 429,
  FAILED_PRECONDITION: 400,
  ABORTED: 409,
  OUT_OF_RANGE: 400,
  UNIMPLEMENTED: 501,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  DATA_LOSS: 500,
  UNAUTHENTICATED: 401,
};

/**
 * The server's metrics. The four names that flytekit's Python server has keep their labels and kinds (its `error_code` is an
 * HTTP status); the histograms beside them have names of their own.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #succeeded = new Counter({
    name: 'flyte_connector_requests_success_total',
    help: 'Total number of successful requests',
    labelNames: ['task_type', 'operation'],
    registers: [this.#registry],
  });
  readonly #failed = new Counter({
    name: 'flyte_connector_requests_failure_total',
    help: 'Total number of failed requests, also those whose fault the answer absorbed; error_code is an HTTP status',
    labelNames: ['task_type', 'operation', 'error_code'],
    registers: [this.#registry],
  });
  readonly #latency = new Summary({
    name: 'flyte_connector_request_latency_seconds',
    help: 'Time spent processing connector request',
    labelNames: ['task_type', 'operation'],
    percentiles: [],
    registers: [this.#registry],
  });
  readonly #inputBytes = new Summary({
    name: 'flyte_connector_input_literal_bytes',
    help: 'Size of input literal',
    labelNames: ['task_type'],
    percentiles: [],
    registers: [this.#registry],
  });
  readonly #duration = new Histogram({
    name: 'flyte_agents_request_duration_seconds',
    help: 'Time spent on a request, by task type and operation',
    labelNames: ['task_type', 'operation'],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [this.#registry],
  });
  readonly #inputSize = new Histogram({
    name: 'flyte_agents_input_bytes',
    help: 'Encoded size of the inputs of created tasks, by task type',
    labelNames: ['task_type'],
    buckets: [1e2, 1e3, 1e4, 1e5, 1e6, 1e7],
    registers: [this.#registry],
  });
  readonly #unknownStates = new Counter({
    name: 'flyte_agents_unknown_states_total',
    help: 'States answered by services that no table knows',
    registers: [this.#registry],
  });
  readonly #inFlight = new Gauge({
    name: 'flyte_agents_requests_in_flight',
    help: 'Requests that are being worked on',
    registers: [this.#registry],
  });
  #certificateExpiry: Gauge | undefined;

  /** A call has begun. Every one must be {@link finished}. */
  started(): void {
    this.#inFlight.inc();
  }

  finished({ operation, taskType, seconds, errorCode }: FinishedCall): void {
    this.#inFlight.dec();
    this.#latency.labels(taskType, operation).observe(seconds);
    this.#duration.labels(taskType, operation).observe(seconds);
    if (errorCode === undefined) this.#succeeded.labels(taskType, operation).inc();
    else this.#failed.labels(taskType, operation, String(httpStatus[errorCode])).inc();
  }

  inputs(taskType: string, bytes: number): void {
    this.#inputBytes.labels(taskType).observe(bytes);
    this.#inputSize.labels(taskType).observe(bytes);
  }

  unknownState(): void {
    this.#unknownStates.inc();
  }

  /** The server's certificate is valid until then. */
  certificateExpires(at: Date): void {
    this.#certificateExpiry ??= new Gauge({
      name: 'flyte_agents_tls_certificate_expiry_timestamp_seconds',
      help: 'When the certificate that the server shows expires, in seconds since the Unix epoch',
      registers: [this.#registry],
    });
    this.#certificateExpiry.set(at.getTime() / 1000);
  }

  /** Adds what the process uses and how late its event loop is. @returns stops looking at the event loop */
  watchProcess(): () => void {
    return addProcessMetrics(this.#registry);
  }

  /** Everything in the Prometheus text format. */
  async text(): Promise<string> {
    return redact(await this.#registry.metrics());
  }

  /** The content type of {@link text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }
}
