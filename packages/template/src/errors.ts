import { AgentError, fromHttpStatus, RequestError, readFault, type ErrorCode } from '@flyte-agents/core';

/** An answer that is not a success, or none at all, as the client says it. */
export class AcmeError extends RequestError {}

const advice: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: ' (check the secret acme_token)',
  PERMISSION_DENIED: ' (check the secret acme_token)',
};

/** Says the error of a question or a cancel in the words of the agents. @param what the operation, and the job if there is one */
export function rethrow(what: string): (error: unknown) => never {
  return (error) => {
    throw readFault(toFault(error, what));
  };
}

/** Says the error of a submit. */
export function rethrowSubmit(what: string): (error: unknown) => never {
  return (error) => {
    throw toFault(error, what);
  };
}

function toFault(error: unknown, what: string): AgentError {
  if (!(error instanceof AcmeError)) return AgentError.from(error);
  const { status } = error.facts;
  return error.toFault({ what: `Acme ${what}`, code: status === undefined ? 'UNAVAILABLE' : fromHttpStatus(status), advice });
}
