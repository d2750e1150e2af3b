import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { withLock } from './lock.ts';

/** The time limit for a hook that may install a tool, in milliseconds: the slowest takes minutes the first time. */
export const installTimeoutMs: number = 20 * 60_000;

/** Where installed tools are kept between runs: `FLYTE_AGENTS_CACHE`, by default `.cache` at the repository's root. */
function cacheFolder(): string {
  return process.env['FLYTE_AGENTS_CACHE'] ?? join(import.meta.dirname, '../../../.cache');
}

/**
 * The cached folder `name`, filled by `install` unless it was filled before.
 *
 * Of several processes one installs and the others wait. An installation that was broken off is done again from nothing.
 */
export async function installed(name: string, install: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheFolder(), name);
  // A marker rather than a rename at the end: a virtual environment cannot be moved.
  const marker = join(folder, '.complete');
  if (existsSync(marker)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  await withLock(`${folder}.lock`, async () => {
    if (existsSync(marker)) return;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    await install(folder);
    writeFileSync(marker, '');
  });
  return folder;
}

/** A short name for what an installation is made of. */
export function fingerprint(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex').slice(0, 16);
}

/** Tells the developer what takes so long; on stderr, where test runners leave it alone. */
export function progress(message: string): void {
  process.stderr.write(`[tools] ${message}\n`);
}
