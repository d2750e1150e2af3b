import { describe, expect, test } from 'vitest';
import { AgentError, errorCodes, firstLine, fromHttpStatus, shortened, type ErrorCode } from './errors.ts';
import { hide } from './redact.ts';

const user: readonly ErrorCode[] = [
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'FAILED_PRECONDITION',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
];
const lasting: readonly ErrorCode[] = ['UNAUTHENTICATED', 'PERMISSION_DENIED', 'DATA_LOSS'];

describe('R8: a secret that was handed out', () => {
  hide('secret-of-an-error');

  test('is not in the message of an AgentError, whoever made the text', () => {
    expect(new AgentError({ code: 'UNKNOWN', message: 'key secret-of-an-error' }).message).toBe('key [redacted]');
    expect(AgentError.from(new Error('key secret-of-an-error')).message).toBe('unexpected error: Error: key [redacted]');
  });

  test.each([
    ['a first line', (text: string) => firstLine(text)],
    ['a shortened text', (text: string) => shortened(text, 1000)],
  ])('leaves no part of itself where %s is cut', (_what, cut) => {
    for (let length = 970; length <= 1000; length++)
      expect(cut(`${'x'.repeat(length)}secret-of-an-error${'y'.repeat(50)}`)).not.toContain('sec');
  });

  test('leaves no part of itself where a first line ends', () => {
    hide('two lines of\na secret');
    expect(firstLine('key two lines of\na secret is wrong\nat index.ts')).toBe('key [redacted] is wrong');
  });
});

describe('an AgentError', () => {
  test.each(errorCodes)('C6: with %s says by default whose fault it is, whether it passes and whether it was submitted', (code) => {
    const { origin, passes, submitted, retryAfterMs } = new AgentError({ code, message: 'm' });
    const isUser = user.includes(code);
    const mayPass = !isUser && !lasting.includes(code);
    expect({ origin, passes, submitted, retryAfterMs }).toEqual({
      origin: isUser ? 'user' : 'system',
      passes: mayPass,
      submitted: mayPass ? 'unknown' : 'no',
      retryAfterMs: undefined,
    });
  });

  test('takes what it is told over what its code says', () => {
    const cause = new Error('why');
    const error = new AgentError({
      code: 'NOT_FOUND',
      message: 'm',
      origin: 'system',
      passes: false,
      submitted: 'unknown',
      retryAfterMs: 7,
      cause,
    });
    expect(error).toMatchObject({ origin: 'system', passes: false, submitted: 'unknown', retryAfterMs: 7, cause });
    expect(new AgentError({ code: 'NOT_FOUND', message: 'm', origin: 'system' }).passes).toBe(true);
    expect(new AgentError({ code: 'UNAVAILABLE', message: 'm', origin: 'user' }).passes).toBe(false);
    expect(new AgentError({ code: 'UNAVAILABLE', message: 'm', submitted: 'no' })).toMatchObject({ passes: true, submitted: 'no' });
  });

  test('is one for every copy of the package', () => {
    const foreign = { [Symbol.for('@flyte-agents/core/AgentError')]: true, code: 'NOT_FOUND', message: 'of another copy' };
    expect(AgentError.is(foreign)).toBe(true);
    expect(AgentError.from(foreign)).toBe(foreign);
    for (const other of [new Error('e'), { code: 'NOT_FOUND' }, null, undefined, 'text']) expect(AgentError.is(other)).toBe(false);
  });

  test('of anything else is INTERNAL, outcome unknown, with the first line of its reason', () => {
    const cause = new TypeError('no such method\n    at secret.ts:1');
    expect(AgentError.from(cause)).toMatchObject({
      code: 'INTERNAL',
      origin: 'system',
      submitted: 'unknown',
      passes: false,
      message: 'unexpected error: TypeError: no such method',
      cause,
    });
    expect(AgentError.from(AbortSignal.abort().reason)).toMatchObject({ code: 'CANCELLED', passes: true, submitted: 'unknown' });
    expect(AgentError.from('a text').message).toBe('unexpected error: a text');
  });
});

test.each([
  [200, 'UNKNOWN'],
  [302, 'UNKNOWN'],
  [400, 'INVALID_ARGUMENT'],
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [408, 'UNAVAILABLE'],
  [409, 'ALREADY_EXISTS'],
  [410, 'NOT_FOUND'],
  [412, 'FAILED_PRECONDITION'],
  [418, 'INVALID_ARGUMENT'],
  [422, 'INVALID_ARGUMENT'],
  [425, 'UNAVAILABLE'],
  [429, 'RESOURCE_EXHAUSTED'],
  [499, 'CANCELLED'],
  [500, 'UNAVAILABLE'],
  [501, 'UNIMPLEMENTED'],
  [503, 'UNAVAILABLE'],
  [599, 'UNAVAILABLE'],
] as const)('HTTP status %i stands for %s', (status, code) => {
  expect(fromHttpStatus(status)).toBe(code);
});

describe('the first line of a foreign error', () => {
  test.each(['one\ntwo', 'one\r\ntwo', 'one\rtwo'])('ends with the line: %j', (text) => {
    expect(firstLine(text)).toBe('one');
  });

  test.each([
    ['GET https://user:pass@db.example:8443/x failed', 'GET https://db.example:8443/x failed'],
    ['GET https://ghp_token@github.example/x', 'GET https://github.example/x'],
    ['fetch https://b.example/k?X-Amz-Signature=abc&t=1 failed (403)', 'fetch https://b.example/k failed (403)'],
    ['s3://bucket/key#part is fine', 's3://bucket/key#part is fine'],
    ['"https://h.example/?sig=abc" and (https://i.example/?sig=d)', '"https://h.example/" and (https://i.example/)'],
    ['write to a@b.example, or 3 > 2?', 'write to a@b.example, or 3 > 2?'],
  ])('R8: has no password and no query of a URL: %s', (text, line) => {
    expect(firstLine(text)).toBe(line);
  });

  test('is at most 1,000 bytes, and read in no time however long the text', () => {
    expect(Buffer.byteLength(firstLine('é'.repeat(5000)))).toBeLessThanOrEqual(1000);
    const before = process.cpuUsage();
    firstLine('a.'.repeat(5_000_000));
    expect(process.cpuUsage(before).user).toBeLessThan(5_000_000);
  });
});

describe('a shortened text', () => {
  test('is itself when it fits', () => {
    expect(shortened('é'.repeat(2048))).toBe('é'.repeat(2048));
  });

  test.each(['a', 'é', '€', '😀'])('C9: of %s has at most 4 KiB, whole characters and an ellipsis', (character) => {
    const text = shortened(character.repeat(5000));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(4096);
    expect(Buffer.byteLength(text)).toBeGreaterThan(4090);
    expect(text.replaceAll(character, '')).toBe('…');
  });

  test('has no half characters, which gRPC cannot send', () => {
    expect(shortened('a\uD83D')).toBe('a\uFFFD');
  });
});
