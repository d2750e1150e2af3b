import { AgentError, firstLine, fromHttpStatus } from '@flyte-agents/core';

/** An answer that is not a success, or none at all, as the client says it. */
export class AcmeError extends Error {
  /** The HTTP status; `undefined` when the connection broke, or the answer could not be read. */
  readonly status: number | undefined;
  /** When the service wants to be asked again, in milliseconds from now. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    facts: { readonly status?: number; readonly retryAfterMs?: number | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: facts.cause });
    this.name = 'AcmeError';
    this.status = facts.status;
    this.retryAfterMs = facts.retryAfterMs;
  }
}

/** Says an error in the words of the agents. @param what the operation, and the job if there is one */
export function rethrow(what: string): (error: unknown) => never {
  return (error) => {
    if (!(error instanceof AcmeError)) throw error;
    const { status, retryAfterMs } = error;
    const reason = [status, firstLine(error.message)].filter(Boolean).join(' ');
    throw new AgentError({
      code: status === undefined ? 'UNAVAILABLE' : fromHttpStatus(status),
      message: `Acme ${what}: ${reason}${status === 401 || status === 403 ? ' (check the secret acme_token)' : ''}`,
      // Who refuses a request has not taken it; a gateway's 5xx or a broken connection says nothing.
      ...(status !== undefined && status < 500 && { submitted: 'no' }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      cause: error,
    });
  };
}
