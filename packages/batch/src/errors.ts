import { toReadFault, toUnsubmitted, AwsRequestError, type Asked } from '@flyte-agents/aws';
import { AgentError, type ErrorCode } from '@flyte-agents/core';

const codes: Readonly<Record<string, ErrorCode>> = { ClientException: 'INVALID_ARGUMENT', ServerException: 'UNAVAILABLE' };

/** Of which request of Batch's a fault is told. @param what the operation, and the job if there is one */
export function asked(what: string): Asked {
  return { service: 'AWS Batch', what, codes };
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

/** A job that Batch does not show: it is forgotten some days after its end, and shown a moment after its submit. */
export function notFound(jobId: string): AgentError {
  return new AgentError({ code: 'NOT_FOUND', message: `AWS Batch job ${jobId}: Batch does not know it` });
}

/** Whether a submit was refused because of a definition that is not there any more. */
export function isWithoutDefinition(error: unknown): boolean {
  return error instanceof AwsRequestError && error.facts.reason === 'ClientException' && /job ?definition/i.test(error.message);
}

/** Whether Batch says that there is no such job. */
export function isUnknownJob(error: unknown): boolean {
  return error instanceof AwsRequestError && /^(ClientException|ResourceNotFoundException)$/.test(error.facts.reason ?? '');
}
