import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { installed } from './cache.ts';
import { run } from './child.ts';

let cache: string;

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'flyte-agents-cache-'));
  vi.stubEnv('FLYTE_AGENTS_CACHE', cache);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(cache, { recursive: true });
});

test('a tool is installed once', async () => {
  const install = vi.fn<(folder: string) => Promise<void>>(async (folder) => writeFileSync(join(folder, 'tool'), 'v1'));
  const folder = await installed('tool-1', install);
  expect(await installed('tool-1', install)).toBe(folder);
  expect(install).toHaveBeenCalledTimes(1);
  expect(readFileSync(join(folder, 'tool'), 'utf8')).toBe('v1');
  expect(readdirSync(cache)).toEqual(['tool-1']);
});

test('an installation that failed is done again from nothing', async () => {
  const broken = installed('tool-1', async (folder) => {
    writeFileSync(join(folder, 'half'), '');
    throw new Error('disk full');
  });
  await expect(broken).rejects.toThrow('disk full');
  const folder = await installed('tool-1', async (target) => writeFileSync(join(target, 'tool'), ''));
  expect(existsSync(join(folder, 'half'))).toBe(false);
  expect(existsSync(join(folder, 'tool'))).toBe(true);
});

test('of several processes one installs and the others wait for it', async () => {
  const script = `
    import { appendFileSync } from 'node:fs';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { installed } from ${JSON.stringify(join(import.meta.dirname, 'cache.ts'))};
    await installed('tool-1', async () => {
      appendFileSync(${JSON.stringify(join(cache, 'installs'))}, 'x');
      await sleep(300);
    });`;
  const start = () => run(process.execPath, ['--input-type=module', '--eval', script]);
  await Promise.all([start(), start(), start()]);
  expect(readFileSync(join(cache, 'installs'), 'utf8')).toBe('x');
});

test('the lock of a process that died is taken over', async () => {
  const lock = join(cache, 'tool-1.lock');
  const minuteAgo = new Date(Date.now() - 60_000);
  mkdirSync(lock);
  utimesSync(lock, minuteAgo, minuteAgo);
  const install = vi.fn<() => Promise<void>>(async () => {});
  await Promise.all([installed('tool-1', install), installed('tool-1', install)]);
  expect(install).toHaveBeenCalledTimes(1);
  expect(existsSync(lock)).toBe(false);
});
