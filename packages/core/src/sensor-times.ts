import type { SensorRef } from './sensor-settings.ts';
import type { Phase } from './phase.ts';

/** Which of a sensor's times is over, and what that means. */
export interface TimeOver {
  readonly phase: Extract<Phase, 'FAILED' | 'RETRYABLE_FAILED' | 'SUCCEEDED'>;
  readonly seconds: number;
}

/** The first of a sensor's times that is over. The task's own spends a retry, as when the engine is first to notice it. */
export function timeOver(ref: SensorRef, createdAt: number): TimeOver | undefined {
  const age = Date.now() - createdAt;
  const ends = [
    { after: ref.timeoutMs, phase: 'FAILED' },
    { after: ref.softTimeoutMs, phase: 'SUCCEEDED' },
    { after: ref.taskTimeoutMs, phase: 'RETRYABLE_FAILED' },
  ] as const;
  const [first] = ends
    .map(({ after, phase }) => ({ after: after ?? Infinity, phase }))
    .filter(({ after }) => after <= age)
    .toSorted((a, b) => a.after - b.after);
  return first && { phase: first.phase, seconds: first.after / 1000 };
}

/**
 * For how long a sensor need not look again, in milliseconds (SE12). The pause grows with the task's age, to half of it, from
 * the least to the most that the task allows; a tenth more or less keeps tasks apart that began together. No memory is needed
 * for it, so that all replicas agree.
 */
export function pauseMs({ minIntervalMs, maxIntervalMs }: SensorRef, createdAt: number): number {
  if (minIntervalMs === undefined && maxIntervalMs === undefined) return 0;
  const least = minIntervalMs ?? 0;
  const most = Math.max(least, maxIntervalMs ?? least);
  return Math.min(most, Math.max(least, (Date.now() - createdAt) / 2)) * (0.9 + Math.random() * 0.2);
}
