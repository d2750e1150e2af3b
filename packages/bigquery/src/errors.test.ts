import { AgentError, toUnsubmitted, type RequestFacts } from '@flyte-agents/core';
import { describe, expect, test } from 'vitest';
import { BigQueryError, toAbsentFault, toReadFault, toSubmitFault } from './errors.ts';

const answered = (status: number, reason = '', message = 'said'): BigQueryError =>
  new BigQueryError(message, { from: 'service', status, reason });

test.each<[number, string, string, object]>([
  [400, 'invalidQuery', '', { code: 'INVALID_ARGUMENT', origin: 'user', submitted: 'no' }],
  [401, 'authError', '', { code: 'UNAUTHENTICATED', origin: 'system', passes: false }],
  [403, 'accessDenied', '', { code: 'PERMISSION_DENIED', origin: 'system', passes: false, submitted: 'no' }],
  [403, 'billingNotEnabled', '', { code: 'FAILED_PRECONDITION', origin: 'user' }],
  [403, 'rateLimitExceeded', '', { code: 'RESOURCE_EXHAUSTED', passes: true, submitted: 'no' }],
  [403, 'quotaExceeded', 'Exceeded rate limits', { code: 'RESOURCE_EXHAUSTED', passes: true }],
  [403, 'quotaExceeded', 'Quota exceeded for today', { code: 'RESOURCE_EXHAUSTED', origin: 'user', passes: false }],
  [404, 'notFound', '', { code: 'NOT_FOUND', origin: 'user' }],
  [409, 'duplicate', '', { code: 'ALREADY_EXISTS', submitted: 'unknown' }],
  [429, '', '', { code: 'RESOURCE_EXHAUSTED', passes: true, submitted: 'no' }],
  [500, 'backendError', '', { code: 'UNAVAILABLE', passes: true, submitted: 'unknown' }],
  [503, '', '', { code: 'UNAVAILABLE', passes: true, submitted: 'unknown' }],
])('BQ9, C10: a submit that is answered %i %s %s', (status, reason, message, fault) => {
  expect(toSubmitFault(answered(status, reason, message), 'job j')).toMatchObject(fault);
});

test.each<[RequestFacts, object]>([
  [{ from: 'credentials' }, { code: 'UNAUTHENTICATED', submitted: 'no', passes: false }],
  [
    { from: 'credentials', status: 400 },
    { code: 'UNAUTHENTICATED', passes: false },
  ],
  [
    { from: 'credentials', status: 403 },
    { code: 'PERMISSION_DENIED', passes: false },
  ],
  [
    { from: 'credentials', status: 404 },
    { code: 'UNAUTHENTICATED', passes: false },
  ],
  [
    { from: 'credentials', status: 503 },
    { code: 'UNAVAILABLE', submitted: 'no', passes: true },
  ],
  [{ from: 'nobody' }, { code: 'UNAVAILABLE', submitted: 'unknown', passes: true }],
  [
    { from: 'nobody', isUnsent: true },
    { code: 'UNAVAILABLE', submitted: 'no', passes: true },
  ],
])('C10: a token that is not given is the fault of the server, never of a job: %o', (facts, fault) => {
  expect(toSubmitFault(new BigQueryError('said', facts), 'job j')).toMatchObject({ ...fault, origin: 'system' });
});

describe('R3: while a job is polled', () => {
  test.each([
    [403, 'billingNotEnabled'],
    [403, 'quotaExceeded'],
    [409, ''],
    [501, ''],
  ])('%i %s is not the fault of the task', (status, reason) => {
    expect(toReadFault(answered(status, reason), 'job j')).toMatchObject({ origin: 'system' });
  });

  test('a job that is not there, or cannot be, is', () => {
    expect(toReadFault(answered(404), 'job j')).toMatchObject({ code: 'NOT_FOUND' });
    expect(toReadFault(answered(400), 'job j')).toMatchObject({ code: 'INVALID_ARGUMENT', origin: 'user' });
  });
});

test('C9: a message has the operation, the job, what BigQuery says and what to do', () => {
  expect(toSubmitFault(answered(403, 'accessDenied', 'Access Denied: Project p\nmore'), 'job j').message).toBe(
    'BigQuery job j: 403 accessDenied Access Denied: Project p (grant its account roles/bigquery.jobUser on the project, and access to the tables)',
  );
  expect(toSubmitFault(new BigQueryError('no default credentials', { from: 'credentials' }), 'job j').message).toBe(
    'BigQuery job j: no default credentials (check the secret google_application_credentials, or the application default credentials of the server)',
  );
});

test('R2: what was answered, and of which there is no job, may be sent again; what was not answered may still come', () => {
  expect(toAbsentFault(toSubmitFault(answered(503), 'job j'))).toMatchObject({ code: 'UNAVAILABLE', submitted: 'no', passes: true });
  expect(toAbsentFault(toSubmitFault(answered(409), 'job j'))).toMatchObject({ code: 'ALREADY_EXISTS', submitted: 'unknown' });
  expect(toAbsentFault(toSubmitFault(new BigQueryError('', { from: 'nobody' }), 'job j'))).toMatchObject({ submitted: 'unknown' });
});

test('BQ12: what fails before the submit has submitted nothing', () => {
  expect(toUnsubmitted(toSubmitFault(new BigQueryError('', { from: 'nobody' }), 'dry run'))).toMatchObject({
    submitted: 'no',
    passes: true,
  });
});

test('an error of the agents stays as it is', () => {
  const fault = new AgentError({ code: 'INVALID_ARGUMENT', message: 'input x' });
  expect(toSubmitFault(fault, 'job j')).toBe(fault);
  expect(toSubmitFault(new TypeError('oops'), 'job j')).toMatchObject({ code: 'INTERNAL' });
});
