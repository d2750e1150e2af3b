import { AgentError, firstLine, fromHttpStatus, type ErrorCode } from '@flyte-agents/core';

/** What is known of a request that failed. */
export interface RequestFacts {
  /** Who says so: the API itself, whoever gives out tokens, or nobody: there was no answer, or none of the API's. */
  readonly from: 'service' | 'credentials' | 'nobody';
  /** The HTTP status, if there was an answer. */
  readonly status?: number | undefined;
  /** The API's word for what is wrong: `insufficient_quota`. */
  readonly reason?: string | undefined;
  /** When the service wants to be asked again, in milliseconds from now. */
  readonly retryAfterMs?: number | undefined;
  /** Whether the request certainly never left. */
  readonly isUnsent?: boolean | undefined;
  readonly cause?: unknown;
}

/** A request that failed, as the client says it. */
export class OpenAIError extends Error {
  readonly facts: RequestFacts;

  constructor(message: string, facts: RequestFacts) {
    super(message, { cause: facts.cause });
    this.name = 'OpenAIError';
    this.facts = facts;
  }
}

/** Reasons that say more than their status: https://platform.openai.com/docs/guides/error-codes. What is spent does not come back by itself. */
const spentReasons: ReadonlySet<string> = new Set(['insufficient_quota', 'billing_hard_limit_reached', 'billing_not_active']);

/** Says an error in the words of the agents. @param what the operation, and the job if there is one */
export function rethrow(what: string): (error: unknown) => never {
  return (error) => {
    throw toFault(error, what);
  };
}

/** The same for what only reads: that it is not answered is never the task's fault, unless what is asked for is not there. */
export function rethrowRead(what: string): (error: unknown) => never {
  return (error) => {
    const fault = toFault(error, what);
    if (fault.origin === 'system' || fault.code === 'NOT_FOUND') throw fault;
    throw new AgentError({ code: fault.code, message: fault.message, origin: 'system', cause: error });
  };
}

/** The same for what comes before a submit. */
export function rethrowUnsubmitted(what: string): (error: unknown) => never {
  return (error) => {
    const { code, message, origin, passes, retryAfterMs, cause } = toFault(error, what);
    throw new AgentError({ code, message, origin, passes, submitted: 'no', ...(retryAfterMs !== undefined && { retryAfterMs }), cause });
  };
}

/** The same, not thrown. An error that the API itself answered means that nothing was done; a gateway's, or none, means nothing. */
export function toFault(error: unknown, what: string): AgentError {
  if (!(error instanceof OpenAIError)) return AgentError.from(error);
  const { from, status, reason, retryAfterMs, isUnsent = false } = error.facts;
  const isSpent = spentReasons.has(reason ?? '');
  const code = isSpent ? 'RESOURCE_EXHAUSTED' : toCode(error.facts);
  const isRefused = from === 'credentials' || (status !== undefined && (status < 500 || from === 'service'));
  return new AgentError({
    code,
    message: `OpenAI ${what}: ${[status, reason, toText(error, code)].filter(Boolean).join(' ')}${isSpent ? spentAdvice : (advice[code] ?? '')}`,
    submitted: isRefused || isUnsent ? 'no' : 'unknown',
    ...(isSpent && { origin: 'user' }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    cause: error,
  });
}

const spentAdvice = ' (the account has no quota left: raise its limit or pay its bill)';
const advice: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: ' (check the secret FLYTE_OPENAI_API_KEY, or the one that the endpoint is configured with)',
  PERMISSION_DENIED: ' (the key, or its project or organization, may not do this)',
};

function toCode({ from, status }: RequestFacts): ErrorCode {
  if (status === undefined) return from === 'credentials' ? 'UNAUTHENTICATED' : 'UNAVAILABLE';
  // Whoever gives out tokens refuses them with 400 too; the task has no part in it.
  if (from === 'credentials' && status < 500) return status === 403 ? 'PERMISSION_DENIED' : 'UNAUTHENTICATED';
  // Two requests met, and this one was not done.
  return status === 409 ? 'UNAVAILABLE' : fromHttpStatus(status);
}

/** Who refuses a key repeats the end of it. */
function toText(error: OpenAIError, code: ErrorCode): string {
  return code === 'UNAUTHENTICATED' && error.facts.status !== undefined ? 'the API key is refused' : firstLine(error.message);
}
