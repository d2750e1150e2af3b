import { AwsRequestError, toReadFault, toSubmitFault, toUnsubmitted, type Asked } from '@flyte-agents/aws';
import { AgentError, type ErrorCode } from '@flyte-agents/core';

const codes: Readonly<Record<string, ErrorCode>> = {
  ResourceInUse: 'ALREADY_EXISTS',
  ResourceNotFound: 'NOT_FOUND',
  ResourceLimitExceeded: 'RESOURCE_EXHAUSTED',
  InternalFailure: 'UNAVAILABLE',
  ModelError: 'FAILED_PRECONDITION',
};

/** Of which request of SageMaker's a fault is told. @param what the operation, and the job if there is one */
export function asked(what: string): Asked {
  return { service: 'SageMaker', what, codes };
}

/** Says the error of a question or a cancel in the words of the agents. */
export function rethrow(what: string): (error: unknown) => never {
  return (error) => {
    throw toReadFault(error, asked(what));
  };
}

/** Says the error of what comes before a submit: the task may be wrong, and nothing was submitted. */
export function unsubmitted(what: string): (error: unknown) => never {
  return (error) => {
    throw toUnsubmitted(error, asked(what));
  };
}

/** Says the error of a submit. A quota that is used up does not come back while a call waits: a later attempt may find room. */
export function submitFault(error: unknown, what: string): AgentError {
  const fault = toSubmitFault(error, asked(what));
  if (!isReason(error, /^ResourceLimitExceeded$/)) return fault;
  const message = `${fault.message} (ask AWS for a higher quota, or end what uses it)`;
  return AgentError.like(fault, { passes: false, submitted: 'no', message });
}

/** A job that SageMaker does not show. */
export function notFound(what: string): AgentError {
  return new AgentError({ code: 'NOT_FOUND', message: `SageMaker ${what}: SageMaker does not know it` });
}

/** Whether a name is in use already. */
export function isInUse(error: unknown): error is AwsRequestError {
  return (
    isReason(error, /^ResourceInUse$/) ||
    (isReason(error, /^ValidationException$/) && /cannot create already existing/i.test(error.message))
  );
}

/** Whether there is no such job, endpoint… */
export function isUnknown(error: unknown): boolean {
  return (
    isReason(error, /^(ResourceNotFound|ResourceNotFoundException)$/) ||
    (isReason(error, /^ValidationException$/) && /could not find|requested resource not found|does not exist/i.test(error.message))
  );
}

/** Whether what was to be stopped had ended already. */
export function isOver(error: unknown): boolean {
  return isUnknown(error) || (isReason(error, /^ValidationException$/) && /non-running|status|already/i.test(error.message));
}

/** Whether tags may not be read. */
export function isDenied(error: unknown): boolean {
  return isReason(error, /^AccessDenied/);
}

function isReason(error: unknown, reason: RegExp): error is AwsRequestError {
  return error instanceof AwsRequestError && reason.test(error.facts.reason ?? '');
}
