import { AgentError, type JsonObject, type Task } from '@flyte-agents/core';
import type { RunConfig, RunKind } from '../config.ts';

/** Tasks of Databricks that run no code of Flyte's. A notebook's end may have a value. */
const ownTasks: ReadonlySet<string> = new Set([
  'dbt_task',
  'notebook_task',
  'pipeline_task',
  'run_job_task',
  'spark_jar_task',
  'spark_submit_task',
  'sql_task',
]);

/** What a task's run does. @throws AgentError INVALID_ARGUMENT when it names Databricks' own tasks besides code of Flyte's */
export function toRunKind({ config: { job, notebook, settings }, template }: Task<RunConfig>): RunKind {
  if (job !== undefined) return 'job';
  const own = Object.keys(settings).filter((key) => key === 'tasks' || ownTasks.has(key));
  const [named] = own;
  if (named === undefined) return notebook === undefined ? 'python' : 'notebook';
  const hasArguments = (template.container?.args.length ?? 0) > 0;
  if (own.length > 1 || notebook !== undefined || hasArguments) {
    const code = notebook !== undefined ? 'notebookPath' : hasArguments ? "the task's own code" : own.slice(1).join(', ');
    throw invalid(`databricksConf.${named}: a run has either it or ${code}, not both`);
  }
  return named === 'notebook_task' ? 'notebook' : 'job';
}

/** Keys of `runs/submit` and `run-now`, and those that flytekit reads: https://docs.databricks.com/api/workspace/jobs/submit */
const knownSettings: ReadonlySet<string> = new Set([
  ...ownTasks,
  'access_control_list',
  'budget_policy_id',
  'dbt_commands',
  'email_notifications',
  'environment_key',
  'environments',
  'existing_cluster_id',
  'git_source',
  'health',
  'idempotency_token',
  'jar_params',
  'job_clusters',
  'job_parameters',
  'libraries',
  'max_retries',
  'min_retry_interval_millis',
  'new_cluster',
  'notebook_params',
  'notification_settings',
  'only',
  'performance_target',
  'pipeline_params',
  'python_file',
  'python_named_params',
  'python_params',
  'python_wheel_task',
  'queue',
  'retry_on_timeout',
  'run_as',
  'run_name',
  'spark_python_task',
  'spark_submit_params',
  'sql_params',
  'tasks',
  'timeout_seconds',
  'usage_policy_id',
  'webhook_notifications',
]);

/** Settings that Databricks will drop without a word. */
export function unknownSettings(settings: JsonObject): readonly string[] {
  return Object.keys(settings).filter((key) => !knownSettings.has(key));
}

function invalid(message: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message });
}
