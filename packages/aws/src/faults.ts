import { AgentError, firstLine, fromHttpStatus, type ErrorCode } from '@flyte-agents/core';
import { AwsRequestError, type RequestFacts } from './request-error.ts';

/** Of which request a fault is told. */
export interface Asked {
  /** `AWS Batch`. */
  readonly service: string;
  /** The operation, and the job if there is one: `job 3f…`. */
  readonly what: string;
  /** What to do about a code: ` (grant batch:SubmitJob)`. */
  readonly advice?: Partial<Record<ErrorCode, string>>;
  /** The service's own words for what is wrong. */
  readonly codes?: Readonly<Record<string, ErrorCode>>;
}

/** Words that say more than their HTTP status, and that all services share. */
const sharedCodes: Readonly<Record<string, ErrorCode>> = {
  AccessDenied: 'PERMISSION_DENIED',
  AccessDeniedException: 'PERMISSION_DENIED',
  AuthFailure: 'UNAUTHENTICATED',
  ConflictException: 'ALREADY_EXISTS',
  ExpiredToken: 'UNAUTHENTICATED',
  ExpiredTokenException: 'UNAUTHENTICATED',
  IncompleteSignature: 'UNAUTHENTICATED',
  InternalFailure: 'UNAVAILABLE',
  InternalServerException: 'UNAVAILABLE',
  InvalidClientTokenId: 'UNAUTHENTICATED',
  InvalidSignatureException: 'UNAUTHENTICATED',
  LimitExceededException: 'RESOURCE_EXHAUSTED',
  MissingAuthenticationToken: 'UNAUTHENTICATED',
  MissingAuthenticationTokenException: 'UNAUTHENTICATED',
  NotAuthorized: 'PERMISSION_DENIED',
  OptInRequired: 'PERMISSION_DENIED',
  RequestExpired: 'UNAUTHENTICATED',
  RequestLimitExceeded: 'RESOURCE_EXHAUSTED',
  RequestTimeout: 'UNAVAILABLE',
  RequestTimeoutException: 'UNAVAILABLE',
  ResourceNotFoundException: 'NOT_FOUND',
  ServiceQuotaExceededException: 'RESOURCE_EXHAUSTED',
  ServiceUnavailable: 'UNAVAILABLE',
  SignatureDoesNotMatch: 'UNAUTHENTICATED',
  Throttling: 'RESOURCE_EXHAUSTED',
  ThrottlingException: 'RESOURCE_EXHAUSTED',
  TooManyRequestsException: 'RESOURCE_EXHAUSTED',
  UnauthorizedOperation: 'PERMISSION_DENIED',
  UnrecognizedClientException: 'UNAUTHENTICATED',
  ValidationException: 'INVALID_ARGUMENT',
};

const sharedAdvice: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: ' (check the credentials of the server, and aws_assume_role_arn if it is set)',
  PERMISSION_DENIED: ' (grant it to the role that the server acts as)',
};

/** Says the error of a submit. Only a timeout, a conflict, a 5xx and no answer at all leave open whether the service took it. */
export function toSubmitFault(error: unknown, { service, what, advice = {}, codes = {} }: Asked): AgentError {
  if (!(error instanceof AwsRequestError)) return AgentError.from(error);
  const { from, status, reason, retryAfterMs, isUnsent = false } = error.facts;
  const code = toCode(error.facts, codes);
  const isRefused = status !== undefined && status < 500 && status !== 408 && code !== 'ALREADY_EXISTS';
  const said = [from === 'service' ? reason : undefined, firstLine(error.message)].filter(Boolean).join(': ');
  return new AgentError({
    code,
    message: `${service} ${what}: ${said}${advice[code] ?? sharedAdvice[code] ?? ''}`,
    submitted: isRefused || isUnsent || from === 'credentials' ? 'no' : 'unknown',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    cause: error,
  });
}

/** Says the error of what comes before a submit: the task may be wrong, and nothing was submitted. */
export function toUnsubmitted(error: unknown, asked: Asked): AgentError {
  const { code, message, origin, passes, retryAfterMs } = toSubmitFault(error, asked);
  return new AgentError({
    code,
    message,
    origin,
    passes,
    submitted: 'no',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    cause: error,
  });
}

/** Says the error of a question or a cancel: that it is not answered is not the task's fault, unless what it asks for is not there. */
export function toReadFault(error: unknown, asked: Asked): AgentError {
  const fault = toSubmitFault(error, asked);
  const { code, message, origin, retryAfterMs } = fault;
  if (origin === 'system' || code === 'NOT_FOUND') return fault;
  return new AgentError({
    code,
    message,
    origin: 'system',
    passes: false,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    cause: error,
  });
}

function toCode({ from, status, reason = '' }: RequestFacts, codes: Readonly<Record<string, ErrorCode>>): ErrorCode {
  // Credentials that there are not have no status; those that cannot be had now have one of 5xx.
  if (from === 'credentials') return status !== undefined && status >= 500 ? 'UNAVAILABLE' : 'UNAUTHENTICATED';
  return codes[reason] ?? sharedCodes[reason] ?? (status === undefined ? 'UNAVAILABLE' : fromHttpStatus(status));
}
