import { AgentError, firstLine, fromHttpStatus, type ErrorCode } from '@flyte-agents/core';

/** What is known of a request that failed. */
export interface RequestFacts {
  /** Who says so: the workspace's API, whoever gives out tokens, or nobody: there was no answer, or none of Databricks. */
  readonly from: 'service' | 'credentials' | 'nobody';
  /** The HTTP status, if there was an answer. */
  readonly status?: number | undefined;
  /** Databricks' word for what is wrong: `INVALID_PARAMETER_VALUE`. */
  readonly reason?: string | undefined;
  /** When the service wants to be asked again, in milliseconds from now. */
  readonly retryAfterMs?: number | undefined;
  /** Whether the request certainly never left. */
  readonly isUnsent?: boolean | undefined;
  readonly cause?: unknown;
}

/** A request that failed, as the client says it. */
export class DatabricksError extends Error {
  readonly facts: RequestFacts;

  constructor(message: string, facts: RequestFacts) {
    super(message, { cause: facts.cause });
    this.name = 'DatabricksError';
    this.facts = facts;
  }
}

/** Words that say more than their HTTP status: https://docs.databricks.com/api/workspace/introduction */
const codes: Readonly<Record<string, ErrorCode>> = {
  ABORTED: 'ABORTED',
  DEADLINE_EXCEEDED: 'UNAVAILABLE',
  INVALID_STATE: 'FAILED_PRECONDITION',
  NOT_FOUND: 'NOT_FOUND',
  PERMISSION_DENIED: 'PERMISSION_DENIED',
  REQUEST_LIMIT_EXCEEDED: 'RESOURCE_EXHAUSTED',
  RESOURCE_ALREADY_EXISTS: 'ALREADY_EXISTS',
  // Somebody else holds a lock.
  RESOURCE_CONFLICT: 'ABORTED',
  RESOURCE_DOES_NOT_EXIST: 'NOT_FOUND',
  RESOURCE_EXHAUSTED: 'RESOURCE_EXHAUSTED',
  TEMPORARILY_UNAVAILABLE: 'UNAVAILABLE',
};

const advice: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: ' (check the token or the service principal of the task)',
  PERMISSION_DENIED: ' (grant its user or service principal access to the workspace, and to the cluster, job, warehouse or table)',
};

/** Says the error of a question or a cancel in the words of the agents. @param what the operation, and the run if there is one */
export function rethrow(what: string): (error: unknown) => never {
  return (error) => {
    throw toReadFault(error, what);
  };
}

/** The same, not thrown. That a question is not answered is never the fault of the task, unless the run is not there or cannot be. */
export function toReadFault(error: unknown, what: string): AgentError {
  const fault = toSubmitFault(error, what);
  const isOfTask = fault.code === 'NOT_FOUND' || fault.code === 'INVALID_ARGUMENT';
  if (fault.origin === 'system' || isOfTask) return fault;
  return new AgentError({ code: fault.code, message: fault.message, origin: 'system', cause: error });
}

/** Says the error of a submit. Only a 5xx and no answer at all leave open whether Databricks took it. */
export function toSubmitFault(error: unknown, what: string): AgentError {
  if (!(error instanceof DatabricksError)) return AgentError.from(error);
  const { from, status, reason, retryAfterMs, isUnsent = false } = error.facts;
  const code = toCode(error);
  const isRefused = status !== undefined && status < 500;
  // The token of the submit names a run that somebody deleted: only another attempt, with its own token, may submit again.
  const isDeleted = from === 'service' && isRefused && /\bdeleted\b/i.test(error.message) && /token/i.test(error.message);
  return new AgentError({
    code: isDeleted ? 'FAILED_PRECONDITION' : code,
    message: `Databricks ${what}: ${[status, reason, firstLine(error.message)].filter(Boolean).join(' ')}${advice[code] ?? ''}`,
    submitted: isRefused || isUnsent || from === 'credentials' ? 'no' : 'unknown',
    ...(isDeleted && { origin: 'system', passes: false }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    cause: error,
  });
}

/** A fault of what comes before a submit. */
export function toUnsubmitted(fault: AgentError): AgentError {
  const { code, message, origin, passes, retryAfterMs, cause } = fault;
  return new AgentError({ code, message, origin, passes, submitted: 'no', ...(retryAfterMs !== undefined && { retryAfterMs }), cause });
}

function toCode({ message, facts: { from, status, reason = '' } }: DatabricksError): ErrorCode {
  if (status === undefined) return from === 'credentials' ? 'UNAUTHENTICATED' : 'UNAVAILABLE';
  // Whoever gives out tokens refuses them with 400 or 404 too; the task has no part in it.
  if (from === 'credentials' && status < 500 && status !== 429) return status === 403 ? 'PERMISSION_DENIED' : 'UNAUTHENTICATED';
  if (status >= 500 || status === 429 || status === 401) return fromHttpStatus(status);
  // Of runs that it does not know, Databricks says that the parameter is invalid.
  if (/\bdoes not exist\b/i.test(message) && (status === 400 || status === 404)) return 'NOT_FOUND';
  // Another's change at the same time: as with the word for it.
  if (status === 409) return codes[reason] ?? 'ABORTED';
  // A redirect would take the token elsewhere.
  if (status < 400) return 'UNAVAILABLE';
  return codes[reason] ?? fromHttpStatus(status);
}
