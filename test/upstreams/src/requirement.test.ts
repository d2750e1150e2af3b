import { afterEach, expect, test, vi } from 'vitest';
import { requirement } from './requirement.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

test('without the program there is a note for the title: it says why the tests are skipped', () => {
  vi.stubEnv('CI', undefined);
  vi.stubEnv('PATH', '/nowhere');
  expect(requirement('go')).toEqual({ available: false, note: ' (skipped: go does not start: spawnSync go ENOENT)' });
});

test('on CI a missing program is an error', () => {
  vi.stubEnv('CI', 'true');
  vi.stubEnv('PATH', '/nowhere');
  expect(() => requirement('go', 'python3')).toThrow('The tests need go and python3: go does not start');
});
