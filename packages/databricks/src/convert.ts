import { AgentError, type Task } from '@flyte-agents/core';
import type { RunConfig, RunPlace } from './config.ts';
import { toRunKind } from './convert/kind.ts';
import { toHost } from './hosts.ts';
import type { DatabricksOptions } from './options.ts';

export { unknownSettings } from './convert/kind.ts';
export { toJobRun } from './convert/job.ts';
export { tellingTask, toResource } from './convert/resource.ts';
export { isMarked } from './convert/attempt.ts';
export { toOneTimeRun } from './convert/submit.ts';

/** Where the task's run will be, and what is wanted of it. @throws AgentError INVALID_ARGUMENT for a host or an output that cannot be */
export function toPlace(task: Task<RunConfig>, options: DatabricksOptions): RunPlace {
  const { config, template } = task;
  const kind = toRunKind(task);
  const tasks = config.settings['tasks'];
  const isOfMany = Array.isArray(tasks) && tasks.length > 1;
  const outputs = [...template.outputs].map(([name, { type }]) => {
    if (type?.kind !== 'simple') throw invalid(`output ${name}: the value that a notebook ends with has a simple type`);
    if (isOfMany) throw invalid(`output ${name}: a run of several tasks has no value`);
    return [name, type.simple] as const;
  });
  return {
    host: toHost(config.instance, options),
    auth: config.auth,
    kind,
    // The code of a Flyte task writes its outputs itself.
    outputs: kind === 'python' ? {} : Object.fromEntries(outputs),
    ...(config.job && { jobRun: { job: config.job, ...(config.keyParameter && { keyParameter: config.keyParameter }) } }),
  };
}

function invalid(message: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message });
}
