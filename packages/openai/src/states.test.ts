import { expect, test } from 'vitest';
import { batchPhase, isStoppable, responsePhase } from './states.ts';

test.each([
  ['validating', 'INITIALIZING', true],
  ['in_progress', 'RUNNING', true],
  ['finalizing', 'RUNNING', true],
  ['cancelling', 'RUNNING', false],
  ['completed', 'SUCCEEDED', false],
  ['failed', 'FAILED', false],
  ['expired', 'FAILED', false],
  ['cancelled', 'FAILED', false],
  ['something_new', 'RUNNING', true],
] as const)('OA5: a batch that is %s is %s; to be stopped: %s', (status, phase, stoppable) => {
  expect(batchPhase({ status })).toBe(phase);
  expect(isStoppable({ id: 'b', status, record: {} })).toBe(stoppable);
});

test('R10: a batch that has begun is never initializing again', () => {
  expect(batchPhase({ status: 'validating', in_progress_at: 1 })).toBe('RUNNING');
});

test('C6: a batch that failed because too much was enqueued may succeed later; one with a bad file may not', () => {
  expect(batchPhase({ status: 'failed', errors: { data: [{ code: 'token_limit_exceeded' }] } })).toBe('RETRYABLE_FAILED');
  expect(batchPhase({ status: 'failed', errors: { data: [{ code: 'invalid_json_line' }] } })).toBe('FAILED');
});

test.each([
  ['queued', undefined, 'WAITING_FOR_RESOURCES'],
  ['in_progress', undefined, 'RUNNING'],
  ['completed', undefined, 'SUCCEEDED'],
  [null, undefined, 'SUCCEEDED'],
  ['incomplete', undefined, 'FAILED'],
  ['cancelled', undefined, 'FAILED'],
  ['failed', 'invalid_prompt', 'FAILED'],
  ['failed', 'server_error', 'RETRYABLE_FAILED'],
  ['failed', 'rate_limit_exceeded', 'RETRYABLE_FAILED'],
  ['something_new', undefined, 'RUNNING'],
] as const)('OA8: a response that is %s (%s) is %s', (status, code, phase) => {
  expect(responsePhase({ status, error: code && { code, message: '' } })).toBe(phase);
});
