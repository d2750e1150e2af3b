import type { IdempotencyKey, JsonObject, JsonValue, Task } from '@flyte-agents/core';
import type { RunConfig } from '../config.ts';
import type { DatabricksOptions } from '../options.ts';
import { toMark, toTags, toToken } from './attempt.ts';
import { checkCompute, isServerless, toClassic, toServerless } from './compute.ts';
import { toCode } from './code.ts';
import { toRunKind } from './kind.ts';

/**
 * The body of `runs/submit`, as the Python agents send it, with a token and a mark.
 *
 * @throws AgentError INVALID_ARGUMENT when it says nowhere what to run on
 */
export function toOneTimeRun(task: Task<RunConfig>, key: IdempotencyKey, options: DatabricksOptions): JsonObject {
  const { config, template } = task;
  const { environment_key: _environmentKey, python_file: _pythonFile, ...settings } = config.settings;
  const name = typeof settings['run_name'] === 'string' ? settings['run_name'] : template.id.name;
  const attempt = { run_name: `${name} ${toMark(key)}`, idempotency_token: toToken(task, key) };
  const kind = toRunKind(task);
  if (kind === 'job') return { ...settings, ...attempt };
  checkCompute(config.settings);
  const tags = options.tags === false ? {} : toTags(task);
  if (!isServerless(config.settings)) return { ...settings, ...toClassic(task, tags), ...toCode(task, options), ...attempt };
  const { environment_key, environments } = toServerless(task);
  const { git_source: gitSource, ...code } = toCode(task, options);
  const taskKey = kind === 'notebook' ? 'flyte_notebook_task' : 'flyte_task';
  const rest = withoutCode(settings);
  return {
    ...rest,
    environments,
    ...(gitSource !== undefined && { git_source: gitSource }),
    tasks: [{ task_key: taskKey, environment_key, ...code }],
    ...attempt,
  };
}

/** What is said of a run's one task stands in the task. */
function withoutCode(settings: JsonObject): Readonly<Record<string, JsonValue>> {
  const { spark_python_task: _python, python_wheel_task: _wheel, notebook_task: _notebook, ...rest } = settings;
  return rest;
}
