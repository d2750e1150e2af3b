import { status } from '@grpc/grpc-js';
import { expect, test } from 'vitest';
import { AgentError, errorCodes } from '../errors.ts';
import { toStatus } from './status.ts';

test.each(errorCodes)('%s is the code of the same name', (code) => {
  expect(toStatus(new AgentError({ code, message: 'm' }))).toEqual({ code: status[code], details: 'm' });
});

test('an error of the agent’s own code is INTERNAL', () => {
  expect(toStatus(new TypeError('oops')).code).toBe(status.INTERNAL);
});

test.each([
  ['many lines', `first\n${'x\n'.repeat(1000)}`],
  ['a long line', 'x'.repeat(100_000)],
  ['characters that are escaped', '€'.repeat(100_000)],
  ['half a character at the cut', `${'x'.repeat(998)}😀😀`],
  ['half a character', 'x\uD83D'],
])('C9: the text of an error with %s is one line that fits into a header', (_name, message) => {
  const { details } = toStatus(new AgentError({ code: 'INTERNAL', message }));
  expect(details).not.toContain('\n');
  // What gRPC makes of it; it throws for half a character.
  expect(encodeURI(details).length).toBeLessThan(4096);
});
