import { firstLine } from '@flyte-agents/core';
import type { ComputeEnvironment, Job, Queue } from '../client.ts';

/** Why a job is RUNNABLE and does not start, as far as its queue tells. https://docs.aws.amazon.com/batch/latest/userguide/job_stuck_in_runnable.html */
export function toStuckReason(queue: Queue, job: Job): string {
  const { state, status, statusReason, environments } = queue;
  if (state === 'DELETED') return 'stuck: there is no such job queue any more';
  const reasons = [
    state === 'DISABLED' ? 'the job queue is disabled' : '',
    status === 'INVALID' ? `the job queue is invalid${said(statusReason)}` : '',
    environments.length === 0 ? 'the job queue has no compute environment' : '',
    ...environments.map((environment) => toEnvironmentReason(environment, cpusOf(job))),
  ].filter(Boolean);
  if (reasons.length > 0) return `stuck: ${reasons.join('; ')}`;
  return 'stuck: its compute environments are valid; check their quotas, their subnets and whether their instance types have what the job asks for';
}

function toEnvironmentReason(
  { computeEnvironmentName: name, state, status, statusReason, computeResources }: ComputeEnvironment,
  cpus: number,
): string {
  if (state === 'DISABLED') return `compute environment ${name} is disabled`;
  if (status === 'INVALID') return `compute environment ${name} is invalid${said(statusReason)}`;
  const { maxvCpus, desiredvCpus } = computeResources ?? {};
  if (typeof maxvCpus !== 'number') return '';
  if (maxvCpus < cpus) return `compute environment ${name} has at most ${maxvCpus} vCPUs, the job asks for ${cpus}`;
  if ((desiredvCpus ?? 0) + cpus > maxvCpus) return `compute environment ${name} is full: ${desiredvCpus} of ${maxvCpus} vCPUs`;
  return '';
}

function cpusOf({ container }: Job): number {
  return Number(container?.resourceRequirements?.find(({ type }) => type === 'VCPU')?.value ?? container?.vcpus ?? 1);
}

function said(reason: string | null | undefined): string {
  return reason ? `: ${firstLine(reason)}` : '';
}
