import { mkdirSync, rmdirSync, rmSync, statSync, utimesSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const heartbeatMs = 2000;

/** A lock that has not beaten for this long belongs to a process that is gone. */
const staleMs = 30_000;

/**
 * Does `work` while no other process that uses the same lock does.
 *
 * The lock is a folder, for mkdir succeeds once. Its holder touches it all the time; one left behind by a process that died
 * is taken over after 30 seconds.
 */
export async function withLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  while (!taken(path)) {
    if (age(path) > staleMs) removeStale(path);
    else await sleep(100);
  }
  const heartbeat = setInterval(() => utimesSync(path, new Date(), new Date()), heartbeatMs);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    rmdirSync(path);
  }
}

/** Removes a lock whose holder is gone, unless a waiter that was faster has done so: only one may look and remove at a time. */
function removeStale(path: string): void {
  const turn = `${path}.turn`;
  if (!taken(turn)) {
    // Held for microseconds, so an old one belongs to a process that died in between.
    if (age(turn) > staleMs) rmSync(turn, { recursive: true, force: true });
    return;
  }
  try {
    if (age(path) > staleMs) rmdirSync(path);
  } finally {
    rmdirSync(turn);
  }
}

function taken(path: string): boolean {
  try {
    mkdirSync(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Milliseconds since the last sign of the lock's holder; 0 when nobody holds it. */
function age(path: string): number {
  const status = statSync(path, { throwIfNoEntry: false });
  return status === undefined ? 0 : Date.now() - status.mtimeMs;
}
