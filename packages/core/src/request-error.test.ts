import { describe, expect, test } from 'vitest';
import { AgentError } from './errors.ts';
import { isUnsent, networkCode, RequestError, readFault, toRetryAfterMs, toUnsubmitted, type RequestFacts } from './request-error.ts';

class AcmeError extends RequestError {}

function fault(facts: RequestFacts, told: object = {}): AgentError {
  return new AcmeError('no\nmore', facts).toFault({ what: 'Acme job 1', code: 'UNAVAILABLE', ...told });
}

test('C9: a fault names the service, the job, what was said and what to do; its cause is the error', () => {
  const advice = { PERMISSION_DENIED: ' (ask Ann)' };
  const told = fault({ status: 403, reason: 'forbidden', retryAfterMs: 5 }, { code: 'PERMISSION_DENIED', advice });
  expect(told).toMatchObject({ message: 'Acme job 1: 403 forbidden no (ask Ann)', code: 'PERMISSION_DENIED', retryAfterMs: 5 });
  expect(told.cause).toMatchObject({ name: 'AcmeError', message: 'no\nmore' });
  expect(fault({ status: 403 }, { said: 'the key is refused' }).message).toBe('Acme job 1: the key is refused');
});

test.each<[RequestFacts, object, 'no' | 'unknown']>([
  [{ status: 400 }, {}, 'no'],
  [{ status: 429 }, { code: 'RESOURCE_EXHAUSTED' }, 'no'],
  [{ status: 408 }, {}, 'unknown'],
  [{ status: 409 }, { code: 'ALREADY_EXISTS' }, 'unknown'],
  [{ status: 503 }, {}, 'unknown'],
  [{ status: 503 }, { isRefused: true }, 'no'],
  [{ status: 400 }, { isRefused: false }, 'unknown'],
  [{ status: 503, from: 'credentials' }, {}, 'no'],
  [{}, {}, 'unknown'],
  [{ isUnsent: true }, {}, 'no'],
])('C15: after %j, told with %j, whether it was submitted is: %s', (facts, told, submitted) => {
  expect(fault(facts, told)).toMatchObject({ submitted });
});

describe('C6: a question that is not answered', () => {
  test('is not the fault of the task, and is answered no better the next time', () => {
    expect(readFault(fault({ status: 400 }, { code: 'INVALID_ARGUMENT' }))).toMatchObject({ origin: 'system', passes: false });
  });

  test('for want of a quota may be answered later', () => {
    expect(readFault(fault({}, { code: 'RESOURCE_EXHAUSTED', origin: 'user' }))).toMatchObject({ origin: 'system', passes: true });
  });

  test('is, when it asks for what is not there, or for what the agent says', () => {
    expect(readFault(fault({}, { code: 'NOT_FOUND' }))).toMatchObject({ origin: 'user' });
    const invalid = fault({ status: 400 }, { code: 'INVALID_ARGUMENT' });
    expect(readFault(invalid, ['INVALID_ARGUMENT'])).toBe(invalid);
  });

  test('says what it said of the system', () => {
    const down = fault({ status: 503 });
    expect(readFault(down)).toBe(down);
  });
});

test('C15: what comes before a submit has submitted nothing, and is else as it was', () => {
  expect(toUnsubmitted(fault({ retryAfterMs: 5 }))).toMatchObject({ code: 'UNAVAILABLE', passes: true, submitted: 'no', retryAfterMs: 5 });
});

test('an error is like another but for what is changed', () => {
  const cause = new Error('why');
  const one = new AgentError({
    code: 'NOT_FOUND',
    message: 'gone',
    origin: 'system',
    passes: true,
    submitted: 'no',
    retryAfterMs: 5,
    cause,
  });
  expect(AgentError.like(one, {})).toEqual(one);
  expect(AgentError.like(one, { passes: false })).toMatchObject({
    code: 'NOT_FOUND',
    origin: 'system',
    passes: false,
    retryAfterMs: 5,
    cause,
  });
});

test('C15: a connection that never came about has sent nothing; one that broke may have', () => {
  expect(['ECONNREFUSED', 'ENOTFOUND', 'UND_ERR_CONNECT_TIMEOUT'].every(isUnsent)).toBe(true);
  expect(['ECONNRESET', undefined, ''].some(isUnsent)).toBe(false);
});

test.each<[string | null | undefined, number | undefined]>([
  ['2', 2000],
  ['0.5', 500],
  ['0', 0],
  ['-1', 0],
  ['', undefined],
  ['soon', undefined],
  [null, undefined],
  [undefined, undefined],
])('C15: Retry-After %j is %s ms', (header, ms) => {
  expect(toRetryAfterMs(header)).toBe(ms);
});

test('C15: Retry-After may be a time, also one that is over', () => {
  expect(toRetryAfterMs(new Date(Date.now() + 60_000).toUTCString())).toBeGreaterThan(50_000);
  expect(toRetryAfterMs('Wed, 21 Oct 2015 07:28:00 GMT')).toBe(0);
});

test('the code of a network’s fault is found among the causes', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  expect(networkCode(refused)).toBe('ECONNREFUSED');
  expect(networkCode(new TypeError('fetch failed', { cause: refused }))).toBe('ECONNREFUSED');
  expect([networkCode(new Error('x')), networkCode('ECONNREFUSED'), networkCode(undefined)]).toEqual([undefined, undefined, undefined]);
});
