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
  /** The most memory until then. */
  readonly peakRssMb: number | undefined;
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

/** What watching the jobs of one service takes. */
export interface WatchedKindFigures {
  readonly service: string;
  readonly jobs: number;
  readonly polls: number;
  /** How many requests the service had for them. */
  readonly upstreamCalls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Polls that failed, or showed a job that is not live. */
  readonly errors: number;
  readonly firstError: string | undefined;
}

/** What watching jobs of several services takes one server. */
export interface WatchedFigures {
  readonly kinds: readonly WatchedKindFigures[];
  readonly jobs: number;
  /** How often each is polled, in milliseconds. */
  readonly everyMs: number;
  /** CPU time of the server per 1,000 polls, in milliseconds, where /proc tells. */
  readonly cpuMsPer1000: number | undefined;
  /** The part of one core that the server had. */
  readonly cpuShare: number | undefined;
  /** Memory while they were polled. */
  readonly rssMb: number;
  /** The most memory, also while they were created. */
  readonly peakRssMb: number | undefined;
  readonly p99Ms: number;
}

/** Our server beside flytekit's. */
export interface PythonFigures {
  readonly starts: readonly StartFigures[];
  readonly polls: readonly {
    readonly name: string;
    readonly requestsPerSecond: number;
    readonly cpuMsPer1000: number;
    /** Memory after the polls, where /proc tells. */
    readonly rssMb: number | undefined;
  }[];
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
