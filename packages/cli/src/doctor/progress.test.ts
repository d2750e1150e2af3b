import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fakeScreen } from '../__fixtures__/screen.ts';
import { CheckProgress } from './progress.ts';

test('OP10: while checks run, a screen shows what is waited for, and then nothing any more', async () => {
  const { stream, lines } = fakeScreen(60);
  const progress = new CheckProgress(stream);
  const slow = Promise.withResolvers<string>();
  const both = Promise.all([
    progress.during('Acme: secret', Promise.resolve('a')),
    progress.during(`Acme: ${'x'.repeat(60)}`, slow.promise),
  ]);
  await sleep(250);
  expect(lines()).toEqual([expect.stringMatching(/^. 0\.\d s {2}1 of 2 checks, waiting for Acme: x+…$/)]);
  expect(lines()[0]?.length).toBeLessThan(60);
  slow.resolve('b');
  expect(await both).toEqual(['a', 'b']);
  progress.stop();
  expect(lines()).toEqual([]);
});

test('OP10: a file gets no progress', async () => {
  const { stream, lines } = fakeScreen();
  const progress = new CheckProgress(stream);
  await progress.during('Acme: secret', sleep(150));
  progress.stop();
  expect(lines()).toEqual([]);
});
