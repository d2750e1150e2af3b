import { describe, expect, test } from 'vitest';
import { Canaries } from './canary.ts';

const canaries = new Canaries();
const secret = canaries.make('api key');
const encoded = (text: string, encoding: 'base64' | 'base64url' | 'hex'): string => Buffer.from(text).toString(encoding);

const hex = (letter: string): string => encoded(letter, 'hex');
const percent = (text: string): string => text.replaceAll(/./g, (letter) => `%${hex(letter)}`);
const escape = (text: string): string => text.replaceAll(/./g, (letter) => `\\u00${hex(letter)}`);

test('secrets differ', () => {
  expect(canaries.make('other')).not.toBe(secret);
});

describe('a secret is found', () => {
  test.each<[string, unknown]>([
    ['in a text', `key ${secret}!`],
    ['in capitals', secret.toUpperCase()],
    ['in a URL', `https://x.example/?key=${encodeURIComponent(secret)}&a=b`],
    ['in JSON in JSON', JSON.stringify({ text: JSON.stringify({ secret }) })],
    ['in a URL, letter by letter', `https://x.example/?key=${percent(secret)}`],
    ['in a URL in a URL', encodeURIComponent(percent(secret))],
    ['in JSON, letter by letter', `{"key":"${escape(secret)}"}`],
    ['in JSON in JSON, letter by letter', JSON.stringify(`"${escape(secret)}"`)],
    ['in base64 in a URL', encodeURIComponent(encoded(`a:${secret}??>>`, 'base64'))],
    ['in its first half', `${secret.slice(0, 20)}…`],
    ['in its second half', `…${secret.slice(-14)}`],
    ['in hex', encoded(`a${secret}b`, 'hex')],
    ['in base64', encoded(secret, 'base64')],
    ['in base64 after one byte', encoded(`:${secret}`, 'base64')],
    ['in base64 after two bytes', encoded(`x:${secret}:y`, 'base64')],
    ['in base64url', encoded(`user:${secret}`, 'base64url')],
    ['in bytes', Buffer.from(`\u0001${secret}`)],
    ['in an object', { a: [{ b: new Map([['key', secret]]) }] }],
    ['in an error', new Error('no', { cause: new Error(`key ${secret} is wrong`) })],
  ])('%s', (_where, value) => {
    expect(canaries.find(value, 'the log')).toMatchObject([{ secret: 'api key', place: 'the log' }]);
  });
});

test('nothing else is found', () => {
  expect(canaries.find({ text: 'canary', hex: 'deadbeef'.repeat(10) }, 'the log')).toEqual([]);
});

test('without secrets there is nothing to find', () => {
  const none = new Canaries();
  expect(none.isEmpty).toBe(true);
  expect(none.find(secret, 'the log')).toEqual([]);
});
