import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { random } from './__fixtures__/generate.ts';
import { hide, holdsSecret, redact, redactJson, Redactor } from './redact.ts';

function knowing(...secrets: readonly string[]): Redactor {
  const redactor = new Redactor();
  for (const secret of secrets) redactor.hide(secret);
  return redactor;
}

const secrets = ['dapi0123456789abcdef', 'p@ss/wörd+"x"\\y z!', '123456', 'two\nlines of it'];
const inForm = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1);
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const ways: readonly [string, (secret: string) => string][] = [
  ['as it is', (secret) => secret],
  ['in a URL', encodeURIComponent],
  ['in a URL, its escapes in small letters', (secret) => encodeURIComponent(secret).replaceAll(/%../g, (escape) => escape.toLowerCase())],
  ['in a form', (secret) => inForm(secret)],
  ['in a form, its escapes in small letters', (secret) => inForm(secret).replaceAll(/%../g, (escape) => escape.toLowerCase())],
  ['in JSON', (secret) => JSON.stringify(secret).slice(1, -1)],
  ['in JSON in JSON', (secret) => JSON.stringify(JSON.stringify(secret).slice(1, -1)).slice(1, -1)],
  ['in base64', base64],
  ['in base64 without its padding', (secret) => base64(secret).replaceAll('=', '')],
  ['in base64url', (secret) => Buffer.from(secret).toString('base64url')],
  ['in hex', (secret) => Buffer.from(secret).toString('hex')],
];

describe.each(secrets)('R8: the secret %j', (secret) => {
  const redactor = knowing('another-secret', secret);

  test.each(ways)('is hidden %s', (_how, write) => {
    const [text, hidden] = [`key=${write(secret)}; ${write(secret)}`, 'key=[redacted]; [redacted]'];
    expect(redactor.redact(text)).toBe(hidden);
  });

  test.each(['u:', 'us:', 'use:', 'user:'])('is hidden in base64 after %j, as in an Authorization header', (user) => {
    // Up to three characters on either side also tell of its neighbours.
    expect(redactor.redact(`Basic ${base64(`${user}${secret}!`)}`)).toMatch(/^Basic [\w+/]{2,8}\[redacted\][\w+/=]{0,4}$/);
  });
});

describe('R8: of a key', () => {
  const body = Array.from({ length: 5 }, () => randomBytes(48).toString('base64'));
  const pem = `-----BEGIN PRIVATE KEY-----\n${body.join('\n')}\n-----END PRIVATE KEY-----`;

  test.each([
    ['a file', pem],
    ['a text in JSON', JSON.stringify({ type: 'service_account', private_key: pem })],
  ])('that is %s, every line is hidden, alone and joined', (_where, secret) => {
    const redactor = knowing(secret);
    for (const line of body) expect(redactor.redact(`bad line ${line}!`)).toBe('bad line [redacted]!');
    expect(redactor.redact(body.join(''))).toBe('[redacted]'.repeat(5));
    expect(redactor.redact('expected -----BEGIN PRIVATE KEY-----')).toBe('expected -----BEGIN PRIVATE KEY-----');
  });
});

test.each(['', 'a', 'ab12x'])('R8: %j is too short to be told from ordinary text', (value) => {
  expect(knowing(value).redact('a word: ab12x')).toBe('a word: ab12x');
});

test.each([
  ['overlap', ['abcdefgh1234', '1234xyzw5678'], '<abcdefgh1234xyzw5678>', '<[redacted]>'],
  ['follow one another', ['abcdefgh', 'ijklmnop'], '<abcdefghijklmnop>', '<[redacted][redacted]>'],
  ['are in one another', ['abcdef', 'xabcdefx', 'abcdefxyz'], '<xabcdefx abcdefxyz abcdef>', '<[redacted] [redacted] [redacted]>'],
  ['begin alike', ['sk-proj-1', 'sk-proj-12', 'sk-proj-2'], 'sk-proj-12 sk-proj-2 sk-proj-3', '[redacted] [redacted] sk-proj-3'],
])('R8: secrets that %s leave nothing of themselves', (_how, known, text, hidden) => {
  expect(knowing(...known).redact(text)).toBe(hidden);
});

test('R8: whatever the text, no secret stays in it, and nothing else goes', () => {
  const next = random(7);
  const letters = (length: number): string => Array.from({ length }, () => 'abc'[Math.floor(next() * 3)]).join('');
  for (let round = 0; round < 300; round++) {
    const known = Array.from({ length: 1 + Math.floor(next() * 5) }, () => letters(6 + Math.floor(next() * 3)));
    const text = letters(200);
    const isHidden = Array.from(text, () => false);
    for (const secret of known)
      for (let at = text.indexOf(secret); at >= 0; at = text.indexOf(secret, at + 1)) isHidden.fill(true, at, at + secret.length);
    const shown = Array.from(text, (letter, index) => (isHidden[index] === true ? '' : letter)).join('');
    expect(
      knowing(...known)
        .redact(text)
        .replaceAll('[redacted]', ''),
    ).toBe(shown);
  }
});

test('R8: of a thousand secrets and more, the one handed out longest ago is forgotten first', () => {
  const redactor = knowing('first-secret', 'second-secret');
  for (let index = 0; index < 998; index++) redactor.hide(`more-secrets-${index}`);
  expect(redactor.redact('first-secret second-secret more-secrets-7')).toBe('[redacted] [redacted] [redacted]');
  redactor.hide('first-secret');
  redactor.hide('one-too-many');
  expect(redactor.redact('first-secret second-secret more-secrets-997 one-too-many')).toBe(
    '[redacted] second-secret [redacted] [redacted]',
  );
});

test('R8: long secrets take a bounded amount of memory', () => {
  const redactor = new Redactor();
  const keys = Array.from({ length: 100 }, () => randomBytes(20_000).toString('base64url'));
  for (const key of keys) redactor.hide(key);
  const known = keys.filter((key) => redactor.redact(key) !== key);
  expect(known.length).toBeGreaterThan(20);
  expect(known.length).toBeLessThan(60);
  expect(known.at(-1)).toBe(keys.at(-1));
});

test('R8: a thousand secrets cost a message microseconds', () => {
  const redactor = knowing(...Array.from({ length: 1000 }, () => `sk-proj-${randomBytes(20).toString('base64url')}`));
  const message = 'BigQuery job flyte_3f2a9c81d0e74b6f: access denied to dataset sales in project analytics (grant bigquery.jobUser)';
  const before = process.cpuUsage();
  for (let index = 0; index < 2000; index++) redactor.redact(message);
  // It takes one of them; a search for each secret takes hundreds.
  expect(process.cpuUsage(before).user / 2000).toBeLessThan(100);
});

describe('R8: the process', () => {
  test('hides what it was told to hide', () => {
    const secret = randomBytes(12).toString('hex');
    expect([holdsSecret(secret), redact(secret)]).toEqual([false, secret]);
    hide(secret);
    expect([holdsSecret(secret), redact(`a ${secret} b`)]).toEqual([true, 'a [redacted] b']);
  });

  test('hides it in the texts and keys of JSON, and nothing else', () => {
    hide('json-secret');
    const info = { text: 'json-secret', list: [1, null, true, { 'a json-secret': 'b' }], ['__proto__']: { n: 1.5 } };
    expect(JSON.stringify(redactJson(info))).toBe('{"text":"[redacted]","list":[1,null,true,{"a [redacted]":"b"}],"__proto__":{"n":1.5}}');
  });
});
