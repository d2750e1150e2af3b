import { callers, type EngineMethod, type Life } from './caller.ts';

/** Where a job stands; `unknown`: in a state that the service's documentation does not name. */
export type JobState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'cancelled' | 'unknown';

/** A job of the fake service. */
export interface WorldJob<Details = unknown> {
  readonly id: string;
  /** What it carries of the idempotency key: its name, its token or its tag. */
  readonly key: string;
  readonly state: JobState;
  /** What the author's fake keeps with it. */
  readonly details: Details;
  /** Whether it carries what marks it as this agent's; see `World.disown`. */
  readonly isOurs: boolean;
  /** Whether it ever ran. */
  readonly hasStarted: boolean;
  /** When the service took it, in milliseconds since 1970. */
  readonly takenAt: number;
  /** Whose call started it, on replicas inside this process. */
  readonly startedBy: JobCaller | undefined;
  /** Whose call stopped it. */
  readonly stoppedBy: JobCaller | undefined;
  /** Whether it was removed after it had succeeded: what it had made is gone. */
  readonly isDestroyed: boolean;
  /** When the service forgot it, in milliseconds since 1970. */
  readonly vanishedAt: number | undefined;
}

/** Which call of the engine did something to a job. */
export interface JobCaller {
  readonly method: EngineMethod;
  readonly attempt: string;
  readonly since: number;
  readonly life: Life;
  readonly at: number;
}

/** A job as its service keeps it. */
export type MutableJob<Details> = { -readonly [Name in keyof WorldJob<Details>]: WorldJob<Details>[Name] };

/** Whether a job has not ended. */
export function isLive({ state, vanishedAt }: Pick<WorldJob, 'state' | 'vanishedAt'>): boolean {
  if (vanishedAt !== undefined) return false;
  return state === 'waiting' || state === 'running' || state === 'unknown';
}

/** Whose call does something now. */
export function currentCaller(): JobCaller | undefined {
  const caller = callers.getStore();
  return caller && { ...caller, at: Date.now() };
}
