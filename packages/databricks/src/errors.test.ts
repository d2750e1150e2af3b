import { expect, test } from 'vitest';
import { DatabricksError, toReadFault, toSubmitFault } from './errors.ts';

test.each([
  [400, 'INVALID_PARAMETER_VALUE', 'Cluster x is unknown', { code: 'INVALID_ARGUMENT', origin: 'user', submitted: 'no' }],
  [400, 'INVALID_PARAMETER_VALUE', 'Job 3 does not exist.', { code: 'NOT_FOUND', submitted: 'no' }],
  [401, undefined, '', { code: 'UNAUTHENTICATED', origin: 'system', passes: false }],
  [403, 'PERMISSION_DENIED', 'no', { code: 'PERMISSION_DENIED', origin: 'system', passes: false }],
  [409, 'RESOURCE_CONFLICT', 'locked', { code: 'ABORTED', passes: true, submitted: 'no' }],
  [409, undefined, 'locked', { code: 'ABORTED', passes: true, submitted: 'no' }],
  [429, 'REQUEST_LIMIT_EXCEEDED', 'slow down', { code: 'RESOURCE_EXHAUSTED', passes: true, submitted: 'no' }],
  [400, 'RESOURCE_EXHAUSTED', 'too many runs', { code: 'RESOURCE_EXHAUSTED', passes: true, submitted: 'no' }],
  [500, 'INTERNAL_ERROR', 'oh', { code: 'UNAVAILABLE', passes: true, submitted: 'unknown' }],
  [503, 'TEMPORARILY_UNAVAILABLE', 'oh', { code: 'UNAVAILABLE', passes: true, submitted: 'unknown' }],
])('DB9, C10: a submit that is answered with %s %s %s', (status, reason, message, fault) => {
  expect(toSubmitFault(new DatabricksError(message, { from: 'service', status, reason }), 'submit')).toMatchObject(fault);
});

test('DB1: a token whose run was deleted ends the attempt, and lets another one try', () => {
  const error = new DatabricksError('The run with the given idempotency token was deleted.', {
    from: 'service',
    status: 400,
    reason: 'INVALID_STATE',
  });
  expect(toSubmitFault(error, 'submit')).toMatchObject({ code: 'FAILED_PRECONDITION', origin: 'system', passes: false, submitted: 'no' });
});

test('C6: whoever refuses to give out a token is not the task', () => {
  const error = new DatabricksError('invalid_client', { from: 'credentials', status: 400 });
  expect(toSubmitFault(error, 'submit')).toMatchObject({ code: 'UNAUTHENTICATED', origin: 'system', submitted: 'no' });
});

test('C6: that a question cannot be answered is not the fault of the task', () => {
  const error = new DatabricksError('not now', { from: 'service', status: 400, reason: 'INVALID_STATE' });
  expect(toReadFault(error, 'run 1')).toMatchObject({ origin: 'system' });
});
