import type { RequestFacts } from '@flyte-agents/core';
import { describe, expect, test } from 'vitest';
import { OpenAIError, rethrow, unsubmitted, toSubmitFault } from './errors.ts';

function fault(message: string, facts: RequestFacts) {
  return toSubmitFault(new OpenAIError(message, facts), 'batch b1');
}

describe('OA3: too many requests', () => {
  test('pass when they came too fast', () => {
    expect(fault('Rate limit reached', { from: 'service', status: 429, reason: 'rate_limit_exceeded' })).toMatchObject({
      code: 'RESOURCE_EXHAUSTED',
      origin: 'system',
      passes: true,
      submitted: 'no',
    });
  });

  test.each(['insufficient_quota', 'billing_hard_limit_reached', 'billing_not_active'])(
    'do not pass when the quota is spent (%s)',
    (reason) => {
      const told = fault('You exceeded your current quota', { from: 'service', status: 429, reason });
      expect(told).toMatchObject({ code: 'RESOURCE_EXHAUSTED', origin: 'user', passes: false, submitted: 'no' });
      expect(told.message).toContain('no quota left');
    },
  );
});

test.each([
  [400, 'INVALID_ARGUMENT', 'user'],
  [401, 'UNAUTHENTICATED', 'system'],
  [403, 'PERMISSION_DENIED', 'system'],
  [404, 'NOT_FOUND', 'user'],
  [409, 'UNAVAILABLE', 'system'],
  [422, 'INVALID_ARGUMENT', 'user'],
  [500, 'UNAVAILABLE', 'system'],
  [503, 'UNAVAILABLE', 'system'],
] as const)('C6, C10: %i is %s, a fault of the %s; what the service itself says was not done', (status, code, origin) => {
  expect(fault('why', { from: 'service', status })).toMatchObject({ code, origin, submitted: 'no' });
});

test('R8: whoever refuses a key repeats the end of it, and is not repeated', () => {
  const told = fault('Incorrect API key provided: sk-proj-****wxyz.', { from: 'service', status: 401, reason: 'invalid_api_key' });
  expect(told.message).toBe(
    'OpenAI batch b1: 401 invalid_api_key the API key is refused (check the secret FLYTE_OPENAI_API_KEY, or the one that the endpoint is configured with)',
  );
});

test.each([400, 401])('C6: a refusal of credentials (%i) is never the task’s fault', (status) => {
  expect(fault('invalid_grant', { from: 'credentials', status })).toMatchObject({
    code: 'UNAUTHENTICATED',
    origin: 'system',
    submitted: 'no',
  });
});

test.each([
  [{ from: 'nobody' }, 'unknown'],
  [{ from: 'nobody', status: 504 }, 'unknown'],
  [{ from: 'nobody', isUnsent: true }, 'no'],
] as const)('C15: after %j, whether the submit was taken is: %s', (facts, submitted) => {
  expect(fault('no answer', facts)).toMatchObject({ code: 'UNAVAILABLE', submitted });
});

/** The fault of a read that was answered so. */
function ask(status: number): unknown {
  try {
    return rethrow('batch b1')(new OpenAIError('why', { from: 'service', status }));
  } catch (error) {
    return error;
  }
}

test('C6: a question that cannot be answered is not the task’s fault, unless its job is gone', () => {
  expect(ask(400)).toMatchObject({ code: 'INVALID_ARGUMENT', origin: 'system' });
  expect(ask(404)).toMatchObject({ code: 'NOT_FOUND', origin: 'user' });
});

test('C15: what comes before a submit submits nothing', () => {
  expect(() => unsubmitted('look-up')(new OpenAIError('no answer', { from: 'nobody', retryAfterMs: 5 }))).toThrow(
    expect.objectContaining({ code: 'UNAVAILABLE', submitted: 'no', retryAfterMs: 5 }),
  );
});

test('a defect is not taken for an answer', () => {
  expect(toSubmitFault(new TypeError('oops'), 'batch b1')).toMatchObject({ code: 'INTERNAL' });
});
