import { toText, type LogLink, type Resource, type Task } from '@flyte-agents/core';
import type { Job, JobRequest } from './client.ts';
import type { JobConfig } from './config.ts';
import { jobPhase } from './states.ts';

/** What Acme is asked to do: the command, with the task's inputs as its environment. */
export function toJobRequest({ config, inputs, execution }: Task<JobConfig>): JobRequest {
  return {
    command: config.command,
    queue: config.queue,
    environment: Object.fromEntries([...inputs.literals].map(([name, literal]) => [name, toText(literal)])),
    // Whoever looks at the job sees whose it is.
    labels: { project: execution.project, domain: execution.domain, execution: execution.name, node: execution.node },
  };
}

/** How a job stands. */
export function toResource({ id, state, hasStarted, reason, exitCode }: Job): Resource {
  const found = jobPhase(state);
  // A job that lost its machine and is queued again has started all the same: phases only go forward.
  const phase = hasStarted && found === 'WAITING_FOR_RESOURCES' ? 'RUNNING' : found;
  return {
    phase,
    message: `Acme job ${id}: ${[state, reason].filter(Boolean).join(': ')}`,
    ...(phase === 'SUCCEEDED' && { outputs: { exit_code: { kind: 'integer', value: BigInt(exitCode ?? 0) } } }),
  };
}

/** Where people look at a job. */
export function toLinks(id: string): readonly LogLink[] {
  return [{ name: 'Acme console', uri: `https://console.acme.example/jobs/${encodeURIComponent(id)}` }];
}
