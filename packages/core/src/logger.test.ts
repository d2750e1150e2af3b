import { expect, test } from 'vitest';
import { createLogger } from './logger.ts';
import { hide } from './redact.ts';

function written() {
  const lines: string[] = [];
  return { lines, destination: { write: (line: string) => void lines.push(line) } };
}

test('a line of the log is one JSON object with its time, its fields and a sentence', () => {
  const { lines, destination } = written();
  createLogger({ destination }).warn({ taskType: 'job', text: 'a\nb' }, 'get: no answer');
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/^\{.*\}\n$/);
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 40,
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    taskType: 'job',
    text: 'a\nb',
    msg: 'get: no answer',
  });
});

test('the log has what is as bad as its level, or worse', () => {
  const { lines, destination } = written();
  const logger = createLogger({ level: 'warn', destination });
  logger.debug({}, 'd');
  logger.info({}, 'i');
  logger.warn({}, 'w');
  logger.error({}, 'e');
  expect(lines.map((line): unknown => JSON.parse(line))).toMatchObject([{ msg: 'w' }, { msg: 'e' }]);
  createLogger({ level: 'silent', destination }).error({}, 'nothing');
  expect(lines).toHaveLength(2);
});

test('a child adds its fields to every line', () => {
  const { lines, destination } = written();
  createLogger({ destination }).child({ agent: 'Job Agent' }).info({ key: 'k' }, 'm');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ agent: 'Job Agent', key: 'k' });
});

test('R8: a secret is nowhere in a line: not in its sentence, its fields, their names, an error or its cause, or what a child adds', () => {
  const secret = 'log"secret\\1\nz';
  hide(secret);
  const { lines, destination } = written();
  const logger = createLogger({ level: 'debug', destination }).child({ of: { child: secret } });
  const error = new Error(`refused ${secret}`, { cause: new TypeError(`key ${secret}`) });
  logger.error(
    { text: secret, [secret]: 1, list: [{ deep: `a ${secret} b` }], err: error, json: JSON.stringify({ secret }) },
    `${secret}!`,
  );
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toMatch(/secret..1/);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 50,
    of: { child: '[redacted]' },
    text: '[redacted]',
    '[redacted]': 1,
    list: [{ deep: 'a [redacted] b' }],
    err: { type: 'Error', message: expect.stringContaining('refused [redacted]') },
    json: '{"secret":"[redacted]"}',
    msg: '[redacted]!',
  });
});

test('R8: a line stays JSON where something in its notation looks like a secret', () => {
  hide('n-secret');
  const { lines, destination } = written();
  createLogger({ destination }).info({}, 'a line\n-secret, n-secret');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ msg: 'a line\n-secret, [redacted]' });
});
