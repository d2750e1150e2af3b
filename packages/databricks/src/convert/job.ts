import { toText, type IdempotencyKey, type JsonObject, type Task } from '@flyte-agents/core';
import type { RunConfig } from '../config.ts';
import { asObject } from './compute.ts';
import { toKeyText, toSharedToken, toToken } from './attempt.ts';

/** The body of `run-now`, without the job's id: the task's inputs are parameters of the job, as text. */
export function toJobRun(task: Task<RunConfig>, key: IdempotencyKey): JsonObject {
  const { config, inputs } = task;
  const { job_parameters: configured, ...settings } = config.settings;
  const given = Object.fromEntries([...inputs.literals].map(([name, literal]) => [name, toText(literal)]));
  const mark = config.keyParameter === undefined ? {} : { [config.keyParameter]: toKeyText(key) };
  const parameters = { ...asObject(configured), ...given, ...mark };
  return {
    ...settings,
    ...(Object.keys(parameters).length > 0 && { job_parameters: parameters }),
    idempotency_token: (config.repair ? toSharedToken(task) : undefined) ?? toToken(task, key),
  };
}
