import { AgentError, fromHttpStatus, RequestError, readFault, type ErrorCode } from '@flyte-agents/core';

/** A request that failed, as the client says it. */
export class SnowflakeError extends RequestError {}

const advice: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: ' (check the account, the user and the secret of its authenticator)',
  PERMISSION_DENIED: ' (check the grants of the role and the network policy of the user)',
};

/** Says the error of a question or a cancel in the words of the agents. @param what the operation, and the query if there is one */
export function rethrow(what: string): (error: unknown) => never {
  return (error) => {
    throw toReadFault(error, what);
  };
}

/** The same, not thrown. A query that cannot be is the fault of the task too. */
export function toReadFault(error: unknown, what: string): AgentError {
  return readFault(toSubmitFault(error, what), ['NOT_FOUND', 'INVALID_ARGUMENT']);
}

/** Says the error of a submit. Only a conflict, a timeout, a 5xx and no answer at all leave open whether Snowflake took a statement. */
export function toSubmitFault(error: unknown, what: string): AgentError {
  if (!(error instanceof SnowflakeError)) return AgentError.from(error);
  const { status } = error.facts;
  return error.toFault({ what: `Snowflake ${what}`, code: status === undefined ? 'UNAVAILABLE' : fromHttpStatus(status), advice });
}

/** Snowflake's words for what is wrong: its number, and the state of SQL: `002003 (02000)`. */
export function toReason(code: string | null | undefined, sqlState?: string | null): string | undefined {
  return [code, sqlState && `(${sqlState})`].filter(Boolean).join(' ') || undefined;
}

/** A fault of a submit that repeats one whose outcome is unknown: it stays unknown. */
export function toUnclear(fault: AgentError): AgentError {
  const code = fault.code === 'RESOURCE_EXHAUSTED' ? fault.code : 'UNAVAILABLE';
  return AgentError.like(fault, { code, origin: 'system', passes: true, submitted: 'unknown' });
}
