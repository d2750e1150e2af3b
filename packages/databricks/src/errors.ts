import { AgentError, fromHttpStatus, RequestError, type ErrorCode } from '@flyte-agents/core';

/** A request that failed, as the client says it. */
export class DatabricksError extends RequestError {}

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
  // What a run's state does not allow now, it may allow later.
  return AgentError.like(fault, { origin: 'system', passes: true });
}

/** Says the error of a submit. Only a 5xx and no answer at all leave open whether Databricks took it. */
export function toSubmitFault(error: unknown, what: string): AgentError {
  if (!(error instanceof DatabricksError)) return AgentError.from(error);
  const { from, status } = error.facts;
  const isRefused = status !== undefined && status < 500;
  // The token of the submit names a run that somebody deleted: only another attempt, with its own token, may submit again.
  const isDeleted = from === 'service' && isRefused && /\bdeleted\b/i.test(error.message) && /token/i.test(error.message);
  return error.toFault({
    what: `Databricks ${what}`,
    code: isDeleted ? 'FAILED_PRECONDITION' : toCode(error),
    ...(isDeleted && { origin: 'system', passes: false }),
    isRefused,
    advice,
  });
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
