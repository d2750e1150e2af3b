import { createHash } from 'node:crypto';
import { AgentError, type JsonObject, type Task } from '@flyte-agents/core';
import type { NewDefinition } from '../client.ts';
import type { JobConfig } from '../config.ts';
import type { BatchAgentOptions } from '../options.ts';

/**
 * The definition that a task's jobs need, named by what is in it: the same content is registered once, whoever needs it.
 * `undefined` when the task names one.
 *
 * @throws AgentError INVALID_ARGUMENT when the task has no image, or lacks a role that Fargate needs
 */
export function toDefinition(task: Task<JobConfig>, options: BatchAgentOptions): NewDefinition | undefined {
  const { config, template } = task;
  if (config.jobDefinition !== undefined) return undefined;
  const image = template.container?.image ?? '';
  if (image === '') throw invalid('template.container.image is empty: give the task a container, or custom.jobDefinition');
  const platform = config.platform ?? 'EC2';
  const executionRoleArn = config.executionRoleArn ?? options.executionRoleArn;
  if (platform === 'FARGATE' && executionRoleArn === undefined)
    throw invalid(
      'config.executionRoleArn is missing: Fargate needs a role that pulls the image and writes the log (or set FLYTE_BATCH_EXECUTION_ROLE_ARN)',
    );
  const jobRoleArn = toJobRole(task, options);
  const containerProperties: JsonObject = {
    image,
    ...(jobRoleArn !== undefined && { jobRoleArn }),
    ...(executionRoleArn !== undefined && { executionRoleArn }),
    // The least there is: every job says what it needs.
    resourceRequirements: [
      { type: 'VCPU', value: platform === 'FARGATE' ? '0.25' : '1' },
      { type: 'MEMORY', value: platform === 'FARGATE' ? '512' : '100' },
    ],
    ...(platform === 'FARGATE' && { networkConfiguration: { assignPublicIp: options.assignPublicIp ? 'ENABLED' : 'DISABLED' } }),
    ...config.containerProperties,
  };
  const request = { type: 'container', platformCapabilities: [platform], containerProperties };
  const hash = createHash('sha256').update(JSON.stringify(request)).digest('hex').slice(0, 12);
  const repository = /([^/:@]+)(?::[^/@]*)?(?:@.*)?$/.exec(image)?.[1] ?? 'image';
  return { name: `flyte-${repository.replaceAll(/[^\w-]/g, '-').slice(0, 100)}-${hash}`, request };
}

function toJobRole({ config, execution }: Task<JobConfig>, { jobRoleArn, roleAnnotation }: BatchAgentOptions): string | undefined {
  const annotated = roleAnnotation === undefined ? undefined : execution.annotations[roleAnnotation];
  return config.jobRoleArn ?? annotated ?? jobRoleArn;
}

function invalid(message: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message });
}
