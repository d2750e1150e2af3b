import {
  AgentError,
  firstLine,
  fromHttpStatus,
  RequestError,
  readFault,
  toUnsubmitted,
  type ErrorCode,
  type RequestFacts,
} from '@flyte-agents/core';

/** A request that failed, as the client says it. */
export class OpenAIError extends RequestError {}

/** Reasons that say more than their status: https://platform.openai.com/docs/guides/error-codes. What is spent does not come back by itself. */
const spentReasons: ReadonlySet<string> = new Set(['insufficient_quota', 'billing_hard_limit_reached', 'billing_not_active']);

const spentAdvice = ' (the account has no quota left: raise its limit or pay its bill)';
const advice: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: ' (check the secret FLYTE_OPENAI_API_KEY, or the one that the endpoint is configured with)',
  PERMISSION_DENIED: ' (the key, or its project or organization, may not do this)',
};

/** Says the error of a question or a cancel in the words of the agents. @param what the operation, and the job if there is one */
export function rethrow(what: string): (error: unknown) => never {
  return (error) => {
    throw readFault(toSubmitFault(error, what));
  };
}

/** Says the error of a submit. */
export function rethrowSubmit(what: string): (error: unknown) => never {
  return (error) => {
    throw toSubmitFault(error, what);
  };
}

/** Says the error of what comes before a submit: the task may be wrong, and nothing was submitted. */
export function unsubmitted(what: string): (error: unknown) => never {
  return (error) => {
    throw toUnsubmitted(toSubmitFault(error, what));
  };
}

/** The same of a submit, not thrown. An error that the API itself answered means that nothing was done; a gateway's, or none, means nothing. */
export function toSubmitFault(error: unknown, what: string): AgentError {
  if (!(error instanceof OpenAIError)) return AgentError.from(error);
  const { from, status, reason } = error.facts;
  const isSpent = spentReasons.has(reason ?? '');
  const code = isSpent ? 'RESOURCE_EXHAUSTED' : toCode(error.facts);
  return error.toFault({
    what: `OpenAI ${what}`,
    code,
    origin: isSpent ? 'user' : undefined,
    isRefused: status !== undefined && (status < 500 || from === 'service'),
    advice: isSpent ? { [code]: spentAdvice } : advice,
    said: [status, reason, toText(error, code)].filter(Boolean).join(' '),
  });
}

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
