import {
  firstLine,
  isTerminal,
  type ErrorDocument,
  type JsonObject,
  type JsonValue,
  type LogLink,
  type Resource,
} from '@flyte-agents/core';
import type { Job, ListedJob, Queue } from '../client.ts';
import type { JobRef } from '../config.ts';
import { failedContainers, failureCause, jobPhase } from '../states.ts';
import { toLinks, toLogLink } from './links.ts';
import { toStuckReason } from './stuck.ts';

/** What was found out about a job. */
interface Findings {
  readonly ref: JobRef;
  readonly job: Job;
  /** What its container wrote when it failed. */
  readonly error?: ErrorDocument | undefined;
  /** Some of an array's jobs that failed, and what is known of them. */
  readonly failed?:
    | readonly (Pick<ListedJob, 'arrayProperties' | 'statusReason' | 'container'> & Partial<Pick<Job, 'attempts'>>)[]
    | undefined;
  /** The queue of a job that has been RUNNABLE for long. */
  readonly queue?: Queue | undefined;
}

/** How many of an array's failed jobs are told of. */
export const toldFailures = 5;

/** How a job stands. */
export function toResource(findings: Findings): Resource {
  const { ref, job, error, failed = [], queue } = findings;
  const phase = jobPhase(job);
  const attempt = Math.max(1, job.attempts?.length ?? 1);
  const links: readonly LogLink[] = [
    ...toLogLink(ref, job, `AWS Batch #0-${attempt - 1}`),
    ...failed.slice(0, toldFailures).flatMap((child) => toLogLink(ref, child, `AWS Batch #${child.arrayProperties?.index ?? '?'}`)),
  ];
  const shown = { ...(links.length > 0 && { links }) };
  const tell = (how: string): string => `AWS Batch job ${ref.jobId}: ${how}`;
  if (!isTerminal(phase)) return { phase, message: tell(waitingMessage(job, queue)), ...shown };
  const customInfo = toCustomInfo(job);
  if (phase === 'SUCCEEDED') return { phase, message: tell(job.statusReason ?? job.status), ...shown, customInfo };
  const partial = toPartialSuccess(ref, job);
  if (partial !== undefined) return { phase: 'SUCCEEDED', message: tell(partial), ...shown, customInfo };
  const told = error === undefined || phaseIsCertain(job) ? phase : error.recoverable ? 'RETRYABLE_FAILED' : 'FAILED';
  return { phase: told, message: tell(failureMessage(findings)), ...shown, customInfo };
}

/** Whoever stopped the job, or took its machine, knows better than its container. */
function phaseIsCertain(job: Job): boolean {
  const cause = failureCause(job);
  return cause === 'stopped' || cause === 'lostHost';
}

function waitingMessage(job: Job, queue: Queue | undefined): string {
  const { status, statusReason, attempts } = job;
  const parts = [
    status,
    firstLine(statusReason ?? ''),
    queue && toStuckReason(queue, job),
    toSummary(job),
    attempts?.length && status !== 'RUNNING' && !statusReason ? `after ${attempts.length} attempt(s)` : '',
  ];
  return parts.filter(Boolean).join('; ');
}

/** An array of which enough succeeded, and in the end all are over. */
function toPartialSuccess({ minSuccessRatio }: JobRef, { arrayProperties, isCancelled, isTerminated }: Job): string | undefined {
  const { size, statusSummary } = arrayProperties ?? {};
  const succeeded = statusSummary?.['SUCCEEDED'] ?? 0;
  if (minSuccessRatio === null || !size || isCancelled || isTerminated || succeeded < Math.ceil(size * minSuccessRatio)) return undefined;
  return `${succeeded} of ${size} jobs succeeded, which is enough (minSuccessRatio ${minSuccessRatio})`;
}

function failureMessage({ ref, job, error, failed = [] }: Findings): string {
  const containers = failedContainers(job);
  const exitCode = containers.find((container) => typeof container.exitCode === 'number')?.exitCode;
  const reasons = new Set(
    [job.statusReason, ...containers.map(({ reason }) => reason)].flatMap((reason) => (reason ? [firstLine(reason)] : [])),
  );
  const [link] = toLinks(ref);
  const parts = [
    `${failureCause(job) === 'stopped' ? 'terminated: ' : ''}${[...reasons].join('; ') || job.status}`,
    typeof exitCode === 'number' ? `exit(${exitCode})` : '',
    failureCause(job) === 'outOfMemory' ? `out of memory: it had ${toMemory(job)}, ask for more` : '',
    toSummary(job),
    ...failed.slice(0, toldFailures).map(toFailedChild),
    error && `[${error.code}] ${error.message.slice(0, 2000)}`,
    link && `see ${link.uri}`,
  ];
  return parts.filter(Boolean).join('; ');
}

function toFailedChild({ arrayProperties, statusReason, container }: ListedJob | NonNullable<Findings['failed']>[number]): string {
  const code = typeof container?.exitCode === 'number' ? ` exit(${container.exitCode})` : '';
  return `#${arrayProperties?.index ?? '?'}: ${firstLine(container?.reason || statusReason || 'failed')}${code}`;
}

/** How an array's jobs stand, together. */
function toSummary({ arrayProperties }: Job): string {
  const { size, statusSummary } = arrayProperties ?? {};
  if (!size) return '';
  const counts = Object.entries(statusSummary ?? {}).flatMap(([status, count]) => (count > 0 ? [`${count} ${status}`] : []));
  return `${size} jobs${counts.length > 0 ? `: ${counts.join(', ')}` : ''}`;
}

function toMemory(job: Job): string {
  const { mebibytes } = toAmounts(job);
  return mebibytes === undefined ? 'too little' : `${mebibytes} MiB`;
}

/** What the job used, for the task's event. Batch itself costs nothing: its machines do, by CPU and memory over time. */
function toCustomInfo(job: Job): JsonObject {
  const { startedAt, stoppedAt, attempts, arrayProperties } = job;
  const { cpus, mebibytes, gpus } = toAmounts(job);
  const runs = attempts && attempts.length > 0 ? attempts : [{ startedAt, stoppedAt }];
  const ms = runs.map((run) => (run.startedAt && run.stoppedAt ? run.stoppedAt - run.startedAt : 0)).reduce((one, other) => one + other, 0);
  const seconds = arrayProperties?.size ? undefined : ms / 1000;
  const info: Readonly<Record<string, JsonValue | undefined>> = {
    attempts: attempts?.length ?? 0,
    seconds,
    vcpuSeconds: times(cpus, seconds),
    memoryGibSeconds: times(mebibytes === undefined ? undefined : mebibytes / 1024, seconds),
    gpuSeconds: times(gpus, seconds),
    arraySize: arrayProperties?.size ?? undefined,
    arrayJobs: arrayProperties?.size ? { ...arrayProperties.statusSummary } : undefined,
  };
  return Object.fromEntries(Object.entries(info).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
}

function toAmounts({ container }: Job): {
  readonly cpus?: number | undefined;
  readonly mebibytes?: number | undefined;
  readonly gpus?: number | undefined;
} {
  const amount = (type: string): number | undefined => {
    const value = Number(container?.resourceRequirements?.find((each) => each.type === type)?.value ?? undefined);
    return Number.isFinite(value) ? value : undefined;
  };
  return {
    cpus: amount('VCPU') ?? container?.vcpus ?? undefined,
    mebibytes: amount('MEMORY') ?? container?.memory ?? undefined,
    gpus: amount('GPU'),
  };
}

function times(amount: number | undefined, seconds: number | undefined): number | undefined {
  return amount === undefined || seconds === undefined ? undefined : amount * seconds;
}
