import { AgentError, fromHttpStatus } from '@flyte-agents/core';
import { faultStatus, type Fault } from '../faults.ts';

/** What the SDKs of the fake services throw. */
export class ServiceError extends Error {
  /** The HTTP status; `undefined` when there was no answer that could be read. */
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { status, retryAfterMs }: { status?: number | undefined; retryAfterMs?: number | undefined } = {}) {
    super(message);
    this.name = 'ServiceError';
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A fault as the SDKs say it. @param secret what a careless service repeats in its texts */
export function toServiceError({ kind, retryAfterMs }: Fault, secret: string): ServiceError {
  const status = faultStatus(kind);
  if (status !== undefined) return new ServiceError(`${kind} (key ${secret})`, { status, retryAfterMs });
  return new ServiceError(kind === 'malformed' || kind === 'truncated' ? 'Unexpected end of JSON input' : 'read ECONNRESET');
}

/** The `errors.ts` of the agents here: what an error of the SDK means. */
export function rethrow(what: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof ServiceError)) throw error;
    const { status, retryAfterMs } = error;
    if (status === undefined) throw new AgentError({ code: 'UNAVAILABLE', message: `${what}: the connection broke`, cause: error });
    // The service's own text repeats the key it was given.
    const message = `${what}: the service answered ${status}`;
    const submitted = status >= 500 || status === 429 ? ({ submitted: 'no' } as const) : {};
    throw new AgentError({ code: fromHttpStatus(status), message, cause: error, ...submitted, ...(retryAfterMs && { retryAfterMs }) });
  };
}
