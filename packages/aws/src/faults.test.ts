import type { RequestFacts } from '@flyte-agents/core';
import { describe, expect, test } from 'vitest';
import { toReadFault, toSubmitFault, toUnsubmitted } from './faults.ts';
import { AwsRequestError } from './request-error.ts';

const asked = { service: 'AWS Batch', what: 'job j', codes: { ClientException: 'INVALID_ARGUMENT' } } as const;
const failed = (facts: Partial<RequestFacts>): AwsRequestError => new AwsRequestError('because', { from: 'service', ...facts });

test.each<[string, number | undefined, string, 'no' | 'unknown']>([
  ['ClientException', 400, 'INVALID_ARGUMENT', 'no'],
  ['ValidationException', 400, 'INVALID_ARGUMENT', 'no'],
  ['AccessDeniedException', 403, 'PERMISSION_DENIED', 'no'],
  ['AccessDeniedException', 400, 'PERMISSION_DENIED', 'no'],
  ['UnrecognizedClientException', 403, 'UNAUTHENTICATED', 'no'],
  ['ExpiredTokenException', 400, 'UNAUTHENTICATED', 'no'],
  ['ThrottlingException', 400, 'RESOURCE_EXHAUSTED', 'no'],
  ['TooManyRequestsException', 429, 'RESOURCE_EXHAUSTED', 'no'],
  ['ResourceNotFoundException', 400, 'NOT_FOUND', 'no'],
  ['ConflictException', 409, 'ALREADY_EXISTS', 'unknown'],
  ['RequestTimeout', 408, 'UNAVAILABLE', 'unknown'],
  ['ServerException', 500, 'UNAVAILABLE', 'unknown'],
  ['SomethingOfTomorrow', 503, 'UNAVAILABLE', 'unknown'],
  ['SomethingOfTomorrow', 418, 'INVALID_ARGUMENT', 'no'],
])('C10: %s with %s is %s, and submitted: %s', (reason, status, code, submitted) => {
  expect(toSubmitFault(failed({ reason, status }), asked)).toMatchObject({ code, submitted });
});

test('C9: a fault names the service, the job, the reason and what to do', () => {
  const error = failed({ reason: 'AccessDeniedException', status: 403 });
  expect(toSubmitFault(error, asked).message).toBe(
    'AWS Batch job j: AccessDeniedException: because (grant it to the role that the server acts as; see Credentials and permissions)',
  );
});

describe('a fault', () => {
  test('of what comes before a submit has submitted nothing, also without an answer', () => {
    expect(toUnsubmitted(failed({ from: 'nobody' }), asked)).toMatchObject({ code: 'UNAVAILABLE', passes: true, submitted: 'no' });
    expect(toUnsubmitted(failed({ reason: 'ClientException', status: 400 }), asked)).toMatchObject({ origin: 'user', submitted: 'no' });
    expect(toUnsubmitted(failed({ reason: 'TooManyRequestsException', status: 429, retryAfterMs: 5 }), asked)).toMatchObject({
      passes: true,
      retryAfterMs: 5,
    });
  });

  test("of a question is not the task's", () => {
    expect(toReadFault(failed({ reason: 'ClientException', status: 400 }), asked)).toMatchObject({ origin: 'system', passes: false });
    expect(toReadFault(failed({ reason: 'ResourceNotFoundException', status: 400 }), asked)).toMatchObject({ code: 'NOT_FOUND' });
    expect(toReadFault(failed({ status: 503 }), asked)).toMatchObject({ origin: 'system', passes: true });
  });

  test('of credentials that cannot be had now passes', () => {
    expect(toSubmitFault(failed({ from: 'credentials', status: 503 }), asked)).toMatchObject({
      code: 'UNAVAILABLE',
      passes: true,
      submitted: 'no',
    });
    expect(toSubmitFault(failed({ from: 'credentials' }), asked)).toMatchObject({
      code: 'UNAUTHENTICATED',
      passes: false,
      submitted: 'no',
    });
  });

  test("of the agent's own code is said so", () => {
    expect(toSubmitFault(new TypeError('x is undefined'), asked)).toMatchObject({ code: 'INTERNAL' });
  });
});
