import { AgentError, fromHttpStatus, RequestError, readFault, toUnsubmitted, type ErrorCode, type RequestFacts } from '@flyte-agents/core';
import { isPassing } from './states.ts';

/** A request that failed, as the client says it. */
export class BigQueryError extends RequestError {}

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

/** The same, not thrown. A job that cannot be is the fault of the task too. */
export function toReadFault(error: unknown, what: string): AgentError {
  return readFault(toSubmitFault(error, what), ['NOT_FOUND', 'INVALID_ARGUMENT']);
}

/** Says the error of a submit. Only a conflict, a 5xx and no answer at all leave open whether BigQuery took it. */
export function toSubmitFault(error: unknown, what: string): AgentError {
  if (!(error instanceof BigQueryError)) return AgentError.from(error);
  const { facts, message } = error;
  const isSpent = facts.reason === 'quotaExceeded' && !isPassing({ reason: facts.reason, message });
  return error.toFault({ what: `BigQuery ${what}`, code: toCode(facts), origin: isSpent ? 'user' : undefined, advice });
}

/** A fault of a submit that was answered, and of which BigQuery then had no job: it may be repeated at once, with the same id. */
export function toAbsentFault(fault: AgentError): AgentError {
  const isAnswered = fault.cause instanceof BigQueryError && fault.cause.facts.status !== undefined && fault.code !== 'ALREADY_EXISTS';
  return isAnswered ? toUnsubmitted(fault) : fault;
}

function toCode({ from, status, reason = '' }: RequestFacts): ErrorCode {
  if (status === undefined) return from === 'credentials' ? 'UNAUTHENTICATED' : 'UNAVAILABLE';
  // Whoever gives out tokens refuses them with 400 or 404 too; the task has no part in it.
  if (from === 'credentials' && status < 500) return status === 403 ? 'PERMISSION_DENIED' : 'UNAUTHENTICATED';
  return codes[reason] ?? fromHttpStatus(status);
}
