import type { World } from '../world.ts';
import type { Stage, Subject } from './stage.ts';

/** One thing that every agent must do. */
export interface Case {
  /** The promises it proves and what it shows: `R1, C1: a create … starts one job`. */
  readonly title: string;
  /** `time`: only in virtual time, because it waits long; `sockets`: only over sockets. Default: both. */
  readonly needs?: 'time' | 'sockets' | undefined;
  /** Whether it makes sense for this agent on this path. Default: always. */
  readonly appliesTo?: ((subject: Subject, world: World) => boolean) | undefined;
  readonly run: (stage: Stage) => Promise<void>;
}

/** The agent's work is a job that is polled. */
export function hasJobs(subject: Subject, world: World): boolean {
  return !isSensor(subject, world) && !isSync(subject, world);
}

/** The agent does its work in the call that starts it, and nothing is left to poll. */
export function isSync(subject: Subject, world: World): boolean {
  return world.isDoneAtOnce || !isPolled(subject);
}

/** The agent looks for something and starts nothing. */
export function isSensor(_subject: Subject, world: World): boolean {
  return world.agent().kind === 'sensor';
}

/** The task is created and polled, whatever the agent is. */
export function isPolled({ path }: Subject): boolean {
  return path !== 'flyte1-sync';
}

/** The agent finds the job of a submit whose answer it never got. */
export function findsAgain(subject: Subject, world: World): boolean {
  return hasJobs(subject, world) && subject.guarantee !== 'bestEffort';
}
