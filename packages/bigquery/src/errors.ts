import { AgentError, firstLine, fromHttpStatus, type ErrorCode } from '@flyte-agents/core';
import { isPassing } from './states.ts';

/** What is known of a request that failed. */
export interface RequestFacts {
  /** Who says so: BigQuery, whoever gives out tokens, or nobody: there was no answer, or none of BigQuery's. */
  readonly from: 'service' | 'credentials' | 'nobody';
  /** The HTTP status, if there was an answer. */
  readonly status?: number | undefined;
  /** BigQuery's word for what is wrong: `accessDenied`. */
  readonly reason?: string | undefined;
  /** When the service wants to be asked again, in milliseconds from now. */
  readonly retryAfterMs?: number | undefined;
  /** Whether the request certainly never left. */
  readonly isUnsent?: boolean | undefined;
  readonly cause?: unknown;
}

/** A request that failed, as the client says it. */
export class BigQueryError extends Error {
  readonly facts: RequestFacts;

  constructor(message: string, facts: RequestFacts) {
    super(message, { cause: facts.cause });
    this.name = 'BigQueryError';
    this.facts = facts;
  }
}

/** Reasons that say more than their HTTP status: https://cloud.google.com/bigquery/docs/error-messages */
const codes: Readonly<Record<string, ErrorCode>> = {
  backendError: 'UNAVAILABLE',
  billingNotEnabled: 'FAILED_PRECONDITION',
  internalError: 'UNAVAILABLE',
  jobRateLimitExceeded: 'RESOURCE_EXHAUSTED',
  quotaExceeded: 'RESOURCE_EXHAUSTED',
  rateLimitExceeded: 'RESOURCE_EXHAUSTED',
};

const advice: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: ' (check the secret google_application_credentials, or the application default credentials of the server)',
  PERMISSION_DENIED: ' (grant its account roles/bigquery.jobUser on the project, and access to the tables)',
};

/** Says the error of a question or a cancel in the words of the agents. @param what the operation, and the job if there is one */
export function rethrow(what: string): (error: unknown) => never {
  return (error) => {
    throw toReadFault(error, what);
  };
}

/** The same, not thrown. That a question is not answered is never the fault of the task, unless the job is not there or cannot be. */
export function toReadFault(error: unknown, what: string): AgentError {
  const fault = toSubmitFault(error, what);
  const isOfTask = fault.code === 'NOT_FOUND' || fault.code === 'INVALID_ARGUMENT';
  if (fault.origin === 'system' || isOfTask) return fault;
  return new AgentError({ code: fault.code, message: fault.message, origin: 'system', cause: error });
}

/** Says the error of a submit. Only a conflict, a 5xx and no answer at all leave open whether BigQuery took it. */
export function toSubmitFault(error: unknown, what: string): AgentError {
  if (!(error instanceof BigQueryError)) return AgentError.from(error);
  const { from, status, reason, retryAfterMs, isUnsent = false } = error.facts;
  const code = toCode(error.facts);
  const isSpent = reason === 'quotaExceeded' && !isPassing({ reason, message: error.message });
  const isRefused = status !== undefined && status < 500 && status !== 409;
  return new AgentError({
    code,
    message: `BigQuery ${what}: ${[status, reason, firstLine(error.message)].filter(Boolean).join(' ')}${advice[code] ?? ''}`,
    submitted: isRefused || isUnsent || from === 'credentials' ? 'no' : 'unknown',
    ...(isSpent && { origin: 'user' }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    cause: error,
  });
}

/** A fault of a submit that was answered, and of which BigQuery then had no job: it may be repeated at once, with the same id. */
export function toAbsentFault(fault: AgentError): AgentError {
  const isAnswered = fault.cause instanceof BigQueryError && fault.cause.facts.status !== undefined && fault.code !== 'ALREADY_EXISTS';
  return isAnswered ? toUnsubmitted(fault) : fault;
}

/** A fault of what comes before a submit. */
export function toUnsubmitted(fault: AgentError): AgentError {
  const { code, message, origin, passes, retryAfterMs, cause } = fault;
  return new AgentError({ code, message, origin, passes, submitted: 'no', ...(retryAfterMs !== undefined && { retryAfterMs }), cause });
}

function toCode({ from, status, reason = '' }: RequestFacts): ErrorCode {
  if (status === undefined) return from === 'credentials' ? 'UNAUTHENTICATED' : 'UNAVAILABLE';
  // Whoever gives out tokens refuses them with 400 or 404 too; the task has no part in it.
  if (from === 'credentials' && status < 500) return status === 403 ? 'PERMISSION_DENIED' : 'UNAUTHENTICATED';
  return codes[reason] ?? fromHttpStatus(status);
}
