import {
  dictType,
  isTerminal,
  toLiteral,
  type ErrorDocument,
  type JsonObject,
  type JsonValue,
  type LogLink,
  type Resource,
} from '@flyte-agents/core';
import type { Job } from '../client.ts';
import type { JobRef } from '../config.ts';
import { kinds } from '../kinds.ts';
import { phaseOf } from '../states.ts';
import { toLinks } from './links.ts';
import { asObject, toResult } from './outputs.ts';
import { toStepFailure, toStepLinks, toStepProgress, type Step } from './steps.ts';

/** What was found out about a job. */
interface Findings {
  readonly ref: JobRef;
  readonly job: Job;
  /** What a task's own code wrote when it failed. */
  readonly error?: ErrorDocument | undefined;
  /** Whether a task's own code should have written outputs and did not. */
  readonly lacksOutputs?: boolean | undefined;
  /** The best training job of a tuning job. */
  readonly best?: Job | undefined;
  /** The steps of a pipeline's execution that have begun. */
  readonly steps?: readonly Step[] | undefined;
  /** The job's own links. Default: those that it has everywhere. */
  readonly links?: readonly LogLink[] | undefined;
  /** How long ago the task was created, in milliseconds. */
  readonly ageMs: number;
}

/** After this, an endpoint shows that it is being updated, in milliseconds. */
const updateShownMs = 120_000;

/** How a job stands. */
export function toResource(findings: Findings): Resource {
  const { ref, steps = [], links: own = toLinks(ref) } = findings;
  const links = toStepLinks(steps, ref.region);
  return { ...toState(findings, [...links, ...own][0]), ...(links.length > 0 && { links }) };
}

function toState({ ref, job, error, lacksOutputs = false, best, steps = [], ageMs }: Findings, link: LogLink | undefined): Resource {
  const phase = phaseOf(job);
  const tell = (how: string): string => `SageMaker ${kinds[ref.kind].title} ${ref.name}: ${how}`;
  const failure = (reason: string): string => tell(toFailure(reason, link));
  if (!isTerminal(phase)) return { phase, message: tell(toStepProgress(steps) ?? progress(job)) };
  const customInfo = toCustomInfo(job);
  if (error !== undefined) {
    const told = `[${error.code}] ${error.message.slice(0, 2000)}`;
    return { phase: error.recoverable ? 'RETRYABLE_FAILED' : 'FAILED', message: failure(told), customInfo };
  }
  if (phase !== 'SUCCEEDED') return { phase, message: failure(toStepFailure(steps, reasonOf(job))), customInfo };
  if (lacksOutputs) return { phase: 'FAILED', message: failure('completed without producing Flyte outputs.pb'), customInfo };
  const config = job.record['EndpointConfigName'];
  if (ref.update !== null && config !== ref.update) {
    if (ageMs < updateShownMs && job.reason === undefined) return { phase: 'RUNNING', message: tell(`update to ${ref.update} begins`) };
    const told = `the update to ${ref.update} was rolled back to ${typeof config === 'string' ? config : 'another'}: ${job.reason ?? 'SageMaker does not say why'}`;
    return { phase: 'FAILED', message: failure(told), customInfo };
  }
  if (ref.outputPrefix !== null) return { phase, message: tell(job.status), customInfo };
  return {
    phase,
    message: tell(job.status),
    outputs: { result: toLiteral(toResult(job, best, steps), dictType, 'output result') },
    customInfo,
  };
}

/** What a job that goes on is doing. */
function progress({ kind, status, step, record }: Job): string {
  if (kind !== 'tuning') return step ?? status;
  const counters = asObject(record['TrainingJobStatusCounters']) ?? {};
  const count = (name: string): number => Number(counters[name] ?? 0);
  const failed = count('RetryableError') + count('NonRetryableError');
  return `${count('Completed')} Completed / ${count('InProgress')} InProgress / ${failed} Failed trials`;
}

function reasonOf({ status, step, reason, record }: Job): string {
  const exit = record['ExitMessage'];
  const why = reason ?? (typeof exit === 'string' && exit !== '' ? exit : step);
  if (/^stopped$/i.test(status))
    return step === 'MaxRuntimeExceeded' || step === 'MaxWaitTimeExceeded'
      ? `stopped: ${step}`
      : `it was stopped${why && why !== status ? `: ${why}` : ''}`;
  return why === undefined || why === status ? status : /failed$/i.test(status) ? why : `${status}: ${why}`;
}

function toFailure(reason: string, link: LogLink | undefined): string {
  const advice = reason.startsWith('CapacityError') ? '; another instance type, zone or region may have room' : '';
  return `${reason.trim().replace(/[.]$/, '')}${advice}${link === undefined ? '' : `; see ${link.uri}`}`;
}

/** What the job used, for the task's event. */
function toCustomInfo({ record }: Job): JsonObject {
  const { BillableTimeInSeconds: billable, TrainingTimeInSeconds: training } = record;
  const cluster =
    asObject(record['ResourceConfig']) ??
    asObject(asObject(record['ProcessingResources'])?.['ClusterConfig']) ??
    asObject(record['TransformResources']);
  const count = cluster?.['InstanceCount'];
  const seconds = typeof billable === 'number' ? billable : secondsOf(record);
  const info: Readonly<Record<string, JsonValue | undefined>> = {
    instanceType: cluster?.['InstanceType'],
    instanceCount: count,
    billableSeconds: billable,
    trainingSeconds: training,
    instanceSeconds: seconds === undefined ? undefined : seconds * (typeof count === 'number' ? count : 1),
    spotSavingsPercent:
      record['EnableManagedSpotTraining'] === true && typeof billable === 'number' && typeof training === 'number' && training > 0
        ? Math.round(100 * (1 - billable / training))
        : undefined,
  };
  return Object.fromEntries(
    Object.entries(info).flatMap(([name, value]) => (value === undefined || value === null ? [] : [[name, value]])),
  );
}

function secondsOf(record: JsonObject): number | undefined {
  const [start, end] = ['Start', 'End'].map((edge) => {
    const time = record[`Processing${edge}Time`] ?? record[`Transform${edge}Time`];
    return typeof time === 'string' ? Date.parse(time) : Number.NaN;
  });
  const ms = (end ?? Number.NaN) - (start ?? Number.NaN);
  return Number.isFinite(ms) ? ms / 1000 : undefined;
}
