import { createHash, randomBytes } from 'node:crypto';
import type { TaskExecution, TaskId } from './task.ts';

/** 32 lower-case hex characters that name one attempt of one task: the same request gives the same key on every replica. */
export type IdempotencyKey = string & { readonly __brand: 'IdempotencyKey' };

/** What an attempt is known by. */
export interface AttemptIdentity {
  readonly task: TaskId;
  readonly execution: TaskExecution;
  readonly outputPrefix: string;
  /** Tells apart installations that share outside accounts; from the server's configuration. */
  readonly instance?: string | undefined;
}

/**
 * The key of this attempt; `undefined` when the caller names no execution or no output prefix, as local runs do: then every call is new work.
 *
 * The execution id alone is not unique on Flyte 1 (nodes of sub-workflows repeat their ids); the output prefix tells them apart.
 */
export function attemptKey({ task, execution, outputPrefix, instance }: AttemptIdentity): IdempotencyKey | undefined {
  if (outputPrefix === '' || execution.name === '') return undefined;
  const parts: (string | number)[] = [
    execution.org,
    execution.project,
    execution.domain,
    execution.name,
    execution.node,
    task.name,
    task.version,
    execution.attempt,
    outputPrefix,
  ];
  if (instance !== undefined) parts.push(instance);
  return toKey(createHash('sha256').update(JSON.stringify(parts)).digest('hex'));
}

/** So many attempts before this one are looked for; more retries than that are not usual. */
const attemptsBack = 10;

/**
 * The keys of the attempts before this one, the latest first, where the output prefix ends with the attempt's number:
 * `retry_attempt` itself on Flyte 1, `retry_attempt` + 1 on Flyte 2. None where it does not.
 */
export function earlierAttemptKeys(identity: AttemptIdentity): readonly IdempotencyKey[] {
  const { execution, outputPrefix } = identity;
  const [, parent, number] = /^(.*\/)(\d+)$/.exec(outputPrefix) ?? [];
  const last = Number(number);
  if (parent === undefined || (last !== execution.attempt && last !== execution.attempt + 1)) return [];
  const back = Array.from({ length: Math.min(execution.attempt, attemptsBack) }, (_, index) => index + 1);
  const keys = back.map((steps) =>
    attemptKey({
      ...identity,
      execution: { ...execution, attempt: execution.attempt - steps },
      outputPrefix: `${parent}${last - steps}`,
    }),
  );
  return keys.filter((key) => key !== undefined);
}

/** A key that no other call has. */
export function randomKey(): IdempotencyKey {
  return toKey(randomBytes(16).toString('hex'));
}

/** The key that a hash in lower-case hex gives. */
export function toKey(hex: string): IdempotencyKey {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the only place where keys are made
  return hex.slice(0, 32) as IdempotencyKey;
}
