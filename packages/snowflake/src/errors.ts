import { AgentError, firstLine, fromHttpStatus, type ErrorCode } from '@flyte-agents/core';

/** What is known of a request that failed. */
export interface RequestFacts {
  /** The HTTP status; absent when there was no answer, or none that can be read. */
  readonly status?: number | undefined;
  /** Snowflake's number for what is wrong: `390144`. */
  readonly code?: string | undefined;
  readonly sqlState?: string | undefined;
  /** When Snowflake wants to be asked again, in milliseconds from now. */
  readonly retryAfterMs?: number | undefined;
  /** Whether the request certainly never left. */
  readonly isUnsent?: boolean | undefined;
  readonly cause?: unknown;
}

/** A request that failed, as the client says it. */
export class SnowflakeError extends Error {
  readonly facts: RequestFacts;

  constructor(message: string, facts: RequestFacts) {
    super(message, { cause: facts.cause });
    this.name = 'SnowflakeError';
    this.facts = facts;
  }
}

const advice: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: ' (check the account, the user and the secret of its authenticator)',
  PERMISSION_DENIED: ' (check the grants of the role and the network policy of the user)',
};

/** Says the error of a question or a cancel in the words of the agents. @param what the operation, and the query if there is one */
export function rethrow(what: string): (error: unknown) => never {
  return (error) => {
    throw toFault(error, what);
  };
}

/** Says an error of the client. Only a 5xx and no answer at all leave open whether Snowflake took a statement. */
export function toFault(error: unknown, what: string): AgentError {
  if (!(error instanceof SnowflakeError)) return AgentError.from(error);
  const { status, code: number, sqlState, retryAfterMs, isUnsent = false } = error.facts;
  const code = status === undefined ? 'UNAVAILABLE' : fromHttpStatus(status);
  const reason = [status, number, sqlState && `(${sqlState})`, firstLine(error.message)].filter(Boolean).join(' ');
  const isRefused = status !== undefined && status < 500 && status !== 408;
  return new AgentError({
    code,
    message: `Snowflake ${what}: ${reason}${advice[code] ?? ''}`,
    submitted: isRefused || isUnsent ? 'no' : 'unknown',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    cause: error,
  });
}

/** A fault of a submit that repeats one whose outcome is unknown: it stays unknown. */
export function toUnclear({ code, message, retryAfterMs, cause }: AgentError): AgentError {
  return new AgentError({
    code: code === 'RESOURCE_EXHAUSTED' ? code : 'UNAVAILABLE',
    message,
    submitted: 'unknown',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    cause,
  });
}
