import {
  AgentError,
  firstLine,
  fromHttpStatus,
  readFault,
  toUnsubmitted as unsubmitted,
  type ErrorCode,
  type RequestFacts,
} from '@flyte-agents/core';
import { AwsRequestError } from './request-error.ts';

/** Of which request a fault is told. */
export interface Asked {
  /** `AWS Batch`. */
  readonly service: string;
  /** The operation, and the job if there is one: `job 3f…`. */
  readonly what: string;
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

const advice: Partial<Record<ErrorCode, string>> = {
  UNAUTHENTICATED: ' (check the credentials of the server, and aws_assume_role_arn if it is set)',
  PERMISSION_DENIED: ' (grant it to the role that the server acts as; see Credentials and permissions)',
};

/** Says the error of a submit. Only a timeout, a conflict, a 5xx and no answer at all leave open whether the service took it. */
export function toSubmitFault(error: unknown, { service, what, codes = {} }: Asked): AgentError {
  if (!(error instanceof AwsRequestError)) return AgentError.from(error);
  const { from, reason } = error.facts;
  return error.toFault({
    what: `${service} ${what}`,
    code: toCode(error.facts, codes),
    advice,
    said: [from === 'service' ? reason : undefined, firstLine(error.message)].filter(Boolean).join(': '),
  });
}

/** Says the error of what comes before a submit: the task may be wrong, and nothing was submitted. */
export function toUnsubmitted(error: unknown, asked: Asked): AgentError {
  return unsubmitted(toSubmitFault(error, asked));
}

/** Says the error of a question or a cancel: that it is not answered is not the task's fault, unless what it asks for is not there. */
export function toReadFault(error: unknown, asked: Asked): AgentError {
  return readFault(toSubmitFault(error, asked));
}

function toCode({ from, status, reason = '' }: RequestFacts, codes: Readonly<Record<string, ErrorCode>>): ErrorCode {
  // Credentials that there are not have no status; those that cannot be had now have one of 5xx.
  if (from === 'credentials') return status !== undefined && status >= 500 ? 'UNAVAILABLE' : 'UNAUTHENTICATED';
  return codes[reason] ?? sharedCodes[reason] ?? (status === undefined ? 'UNAVAILABLE' : fromHttpStatus(status));
}
