/** What calls cost one process. */
export interface SideFigures {
  readonly requestsPerSecond: number;
  /** CPU time of the process per 1,000 requests, in milliseconds. */
  readonly cpuMsPer1000: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** By how much the event loop was late, in milliseconds. */
  readonly lagP99Ms: number;
  /** The most memory that was seen at the end of a round. */
  readonly rssMb: number;
  /** Calls that failed or were answered otherwise than expected. */
  readonly errors: number;
  readonly firstError: string | undefined;
}

/** One scenario's figures. */
export interface ScenarioFigures {
  readonly name: string;
  /** How many calls one round made. */
  readonly calls: number;
  readonly requestBytes: number;
  readonly answerBytes: number;
  readonly server: SideFigures;
  /** Absent where the echo is no measure. */
  readonly echo: SideFigures | undefined;
  /** The server's CPU time as a multiple of the echo's: the median of the rounds' ratios. */
  readonly cpuRatio: number | undefined;
}

/** What the start of a server takes, until it has answered its first ListAgents. Medians. */
export interface StartFigures {
  readonly name: string;
  /** Why it was not measured. */
  readonly skipped: string | undefined;
  readonly wallMs: number;
  readonly bestWallMs: number;
  /** CPU time of the process, where /proc tells. */
  readonly cpuMs: number | undefined;
  /** Memory at rest, where /proc tells. */
  readonly rssMb: number | undefined;
}

/** All figures of one run. */
export interface Figures {
  readonly node: string;
  readonly cores: number;
  readonly inFlight: number;
  readonly rounds: number;
  readonly nodeFlags: readonly string[];
  readonly idleRssMb: { readonly server: number; readonly echo: number };
  readonly scenarios: readonly ScenarioFigures[];
  readonly starts: readonly StartFigures[];
}

/** The value below which this share of the values lies; 0 of no values. */
export function percentile(values: Float64Array, share: number): number {
  const sorted = values.toSorted();
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** The value in the middle; 0 of no values. */
export function median(values: readonly number[]): number {
  return percentile(Float64Array.from(values), 0.5);
}

/** Bytes as megabytes of 1,000,000 bytes. */
export function megabytes(bytes: number): number {
  return bytes / 1e6;
}
