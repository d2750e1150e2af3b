import { AgentError } from './errors.ts';
import type { Resource, TaskExecution, TaskTemplate } from './task.ts';

/** Where a task's author, or who launches it, says how failures are told: in the template's `config`, or as an annotation of the execution. */
const failuresKey = 'flyte-agents/failures';

/** Whether failures spend the task's retries whatever caused them (`retryable`), or end it (`final`) (C6). */
export type FailurePolicy = (typeof policies)[number];

const policies = ['retryable', 'final'] as const;

/** How failures of a task are to be told; `undefined`: as their cause suggests. @throws AgentError INVALID_ARGUMENT for any other word */
export function failurePolicy(task: { readonly template: TaskTemplate; readonly execution: TaskExecution }): FailurePolicy | undefined {
  const word = task.template.config[failuresKey] ?? task.execution.annotations[failuresKey];
  const policy = toFailurePolicy(word);
  if (policy !== undefined || word === undefined) return policy;
  throw new AgentError({
    code: 'INVALID_ARGUMENT',
    message: `${failuresKey}: takes ${policies.join(' or ')}, not ${JSON.stringify(word)}`,
  });
}

/** The policy of a word, if it is one. */
export function toFailurePolicy(word: unknown): FailurePolicy | undefined {
  return policies.find((policy) => policy === word);
}

/** A failure as the policy wants it told; anything else as it is. */
export function told(resource: Resource, policy: FailurePolicy | undefined): Resource {
  const isFailure = resource.phase === 'FAILED' || resource.phase === 'RETRYABLE_FAILED';
  if (policy === undefined || !isFailure) return resource;
  return { ...resource, phase: policy === 'final' ? 'FAILED' : 'RETRYABLE_FAILED' };
}
