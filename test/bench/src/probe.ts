import { monitorEventLoopDelay } from 'node:perf_hooks';

/** What a process has used so far. */
export interface Usage {
  /** User and system time of all its threads, in microseconds. */
  readonly cpuMicros: number;
  readonly rssBytes: number;
  /** By how much the event loop was late since the last question, in milliseconds. */
  readonly lagP99Ms: number;
}

/** How often the event loop is looked at, in milliseconds: rarely enough to cost nothing. */
const resolution = 10;

/** Answers the message `usage` of the process that started this one with a {@link Usage}; ends when that one is gone. */
export function answerUsage(): void {
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  process.on('message', (message) => {
    if (message !== 'usage') return;
    const { user, system } = process.cpuUsage();
    const lagP99Ms = Math.max(0, delay.percentile(99) / 1e6 - resolution);
    delay.reset();
    process.send?.({ cpuMicros: user + system, rssBytes: process.memoryUsage.rss(), lagP99Ms } satisfies Usage);
  });
  process.once('disconnect', () => process.exit());
}
