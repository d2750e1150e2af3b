import { AgentError, firstLine, type ErrorCode, type ErrorOrigin } from './errors.ts';

/** What is known of a request that failed. */
export interface RequestFacts {
  /** Who says so: the service, whoever gives out credentials, or nobody: there was no answer, or none of the service's. Default: whoever gave the status. */
  readonly from?: 'service' | 'credentials' | 'nobody' | undefined;
  /** The HTTP status, if there was an answer. */
  readonly status?: number | undefined;
  /** The service's own word for what is wrong: `accessDenied`. */
  readonly reason?: string | undefined;
  /** When the service wants to be asked again, in milliseconds from now. */
  readonly retryAfterMs?: number | undefined;
  /** Whether the request certainly never left. Default false. */
  readonly isUnsent?: boolean | undefined;
  readonly cause?: unknown;
}

/** How a request that failed is told. */
export interface RequestFault {
  /** Which one it was: the service, the operation, and the job if there is one: `Acme job 3f…`. */
  readonly what: string;
  readonly code: ErrorCode;
  /** Default: by code. */
  readonly origin?: ErrorOrigin | undefined;
  /** Default: by code and origin. */
  readonly passes?: boolean | undefined;
  /** Whether the service certainly took nothing. Default: it answered, with neither a 5xx nor a timeout, nor that it is there already. */
  readonly isRefused?: boolean | undefined;
  /** What to do, by code: ` (check the secret acme_token)`. */
  readonly advice?: Partial<Record<ErrorCode, string>> | undefined;
  /** What the service said. Default: status, reason and the first line of the message. */
  readonly said?: string | undefined;
}

/** A request that failed, as a client says it: the base of each agent's own. What it means for a task, the agent says with {@link toFault}. */
export class RequestError extends Error {
  readonly facts: RequestFacts;

  constructor(message: string, facts: RequestFacts = {}) {
    super(message, { cause: facts.cause });
    this.name = new.target.name;
    this.facts = facts;
  }

  /** The error in the words of the agents. What never left, and what lacked credentials, was not submitted either. */
  toFault({ what, code, origin, passes, isRefused, advice = {}, said }: RequestFault): AgentError {
    const { from, status, reason, retryAfterMs } = this.facts;
    const isAnswered = status !== undefined && status < 500 && status !== 408 && code !== 'ALREADY_EXISTS';
    const hasNotLeft = this.facts.isUnsent === true || from === 'credentials';
    const text = said ?? [status, reason, firstLine(this.message)].filter(Boolean).join(' ');
    return new AgentError({
      code,
      message: `${what}: ${text}${advice[code] ?? ''}`,
      origin,
      passes,
      submitted: hasNotLeft || (isRefused ?? isAnswered) ? 'no' : 'unknown',
      retryAfterMs,
      cause: this,
    });
  }
}

/**
 * The fault of a question or a cancel: that it is not answered is never the fault of the task, unless what it asks for is not there. What
 * is refused does not pass by itself; a quota does, sooner or later.
 *
 * @param ofTask the codes that are the task's all the same
 */
export function readFault(fault: AgentError, ofTask: readonly ErrorCode[] = ['NOT_FOUND']): AgentError {
  if (fault.origin === 'system' || ofTask.includes(fault.code)) return fault;
  return AgentError.like(fault, { origin: 'system', passes: fault.code === 'RESOURCE_EXHAUSTED' });
}

/** The fault of what comes before a submit: nothing was submitted. */
export function toUnsubmitted(fault: AgentError): AgentError {
  return AgentError.like(fault, { submitted: 'no' });
}

/** The code of the network's fault that an error tells, or one of its causes: `ECONNREFUSED`. */
export function networkCode(error: unknown): string | undefined {
  for (let each = error; each instanceof Error; each = each.cause) if ('code' in each && typeof each.code === 'string') return each.code;
  return undefined;
}

/** Codes of connections that never came about. */
const unsentCodes: ReadonlySet<unknown> = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Whether the code of a network's fault says that nothing was sent. */
export function isUnsent(code: unknown): boolean {
  return unsentCodes.has(code);
}

/** What `Retry-After` says, a number of seconds or a time, in milliseconds from now; `undefined` when it says nothing that can be read. */
export function toRetryAfterMs(header: string | null | undefined): number | undefined {
  if (!header) return undefined;
  const seconds = Number(header);
  const waitMs = Number.isNaN(seconds) ? Date.parse(header) - Date.now() : seconds * 1000;
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : undefined;
}
