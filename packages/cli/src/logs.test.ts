import { expect, test } from 'vitest';
import { fakeScreen } from './__fixtures__/screen.ts';
import { screenLogger } from './logs.ts';

test('a person reads time, level, sentence and fields on one line', () => {
  const { stream, lines } = fakeScreen(100);
  screenLogger('info', stream).warn({ taskType: 'sensor', attempt: 1 }, 'create: no bucket');
  expect(lines()).toEqual([expect.stringMatching(/^\d\d:\d\d:\d\d warn  create: no bucket taskType=sensor attempt=1$/)]);
});

test('a machine reads JSON', () => {
  const { stream, lines } = fakeScreen();
  screenLogger('info', stream).info({ port: 8000 }, 'serving');
  expect(JSON.parse(lines()[0] ?? '')).toMatchObject({ level: 30, port: 8000, msg: 'serving' });
});

test('what is below the level is not written', () => {
  const { stream, lines } = fakeScreen();
  screenLogger('error', stream).warn({}, 'not now');
  expect(lines()).toEqual([]);
});
