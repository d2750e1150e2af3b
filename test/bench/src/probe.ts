import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What a process has used so far. */
export interface Usage {
  /** User and system time of all its threads, in microseconds. */
  readonly cpuMicros: number;
  readonly rssBytes: number;
  /** By how much the event loop was late since the last question, in milliseconds. */
  readonly lagP99Ms: number;
}

/** What a process keeps when everything that can be freed was freed. */
export interface Kept {
  /** The heap, and what its objects hold outside of it. */
  readonly heapBytes: number;
  readonly rssBytes: number;
}

/** How often the event loop is looked at, in milliseconds: rarely enough to cost nothing. */
const resolution = 10;

/**
 * Answers the messages of the process that started this one: `usage` with a {@link Usage}, `kept` with a {@link Kept}, for which
 * Node needs the flag --expose-gc. Ends when that process is gone.
 */
export function answerUsage(): void {
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  process.on('message', (message) => {
    if (message === 'kept') process.send?.(measureKept());
    if (message !== 'usage') return;
    const { user, system } = process.cpuUsage();
    const lagP99Ms = Math.max(0, delay.percentile(99) / 1e6 - resolution);
    delay.reset();
    process.send?.({ cpuMicros: user + system, rssBytes: process.memoryUsage.rss(), lagP99Ms } satisfies Usage);
  });
  process.once('disconnect', () => process.exit());
}

function measureKept(): Kept {
  const { gc } = globalThis;
  if (gc === undefined) throw new Error('Node must be started with --expose-gc');
  // What has a finalizer goes with the second one.
  for (let round = 0; round < 2; round++) gc();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heapBytes: heapUsed + external, rssBytes: rss };
}
