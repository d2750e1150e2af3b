import { AgentError, type IdempotencyKey, type JsonObject, type Task } from '@flyte-agents/core';
import type { NewJob, Submitted } from './client.ts';
import type { JobConfig, JobPlace, JobRef } from './config.ts';
import { toOverrides } from './convert/overrides.ts';
import type { BatchAgentOptions } from './options.ts';

export { toDefinition } from './convert/definition.ts';
export { toLinks, toLogPlace } from './convert/links.ts';
export { toldFailures, toResource } from './convert/resource.ts';

const queueAnnotation = 'flyte-agents/batch-queue';
/** What Batch wants at least, and Flyte's own plugin gives a task without a timeout: a minute, and three days, in seconds. */
const shortestTimeout = 60;
const defaultTimeout = 3 * 24 * 3600;
const mostTags = 50;

/** Where the task's job will be. @throws AgentError INVALID_ARGUMENT when nothing says in which queue */
export function toPlace({ template, config, execution, outputPrefix }: Task<JobConfig>, options: BatchAgentOptions): JobPlace {
  const { queues = {}, region } = options;
  const { labels, annotations, project, domain } = execution;
  const queue =
    config.jobQueue ??
    template.config['dynamic_queue'] ??
    template.config['child_queue'] ??
    annotations[queueAnnotation] ??
    labels[queueAnnotation] ??
    queues[`${project}/${domain}`] ??
    queues[project] ??
    queues['*'];
  if (!queue) {
    throw new AgentError({
      code: 'INVALID_ARGUMENT',
      message: `config[dynamic_queue] is missing: name a job queue in the task's custom.jobQueue or its config, in the annotation ${queueAnnotation}, or with FLYTE_BATCH_QUEUE where the server runs`,
    });
  }
  return {
    region: config.region ?? region ?? null,
    queue,
    kind: config.serviceJob === undefined ? 'job' : 'service',
    stem: toStem(`${execution.name}-${execution.node}`),
    outputPrefix,
    minSuccessRatio: config.minSuccessRatio ?? null,
  };
}

/** A job's name: that of an attempt is always the same, and has its whole key. In small letters: Batch finds names in either case. */
export function toJobName({ stem }: JobPlace, key: IdempotencyKey): string {
  return `${stem}-${key}`;
}

/** Letters that a name may have, and no more than leave room for the key. */
function toStem(name: string): string {
  const letters = name.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '-');
  return (
    letters
      .replace(/^[-_]+/, '')
      .slice(0, 90)
      .replace(/[-_]+$/, '') || 'flyte'
  );
}

/** The reference to a job. Its ARN says in which region it is, whoever chose it. */
export function toRef({ jobId, jobArn }: Submitted, { stem: _stem, ...place }: JobPlace, name: string): JobRef {
  const region = /^arn:[^:]+:batch:([a-z0-9-]+):/.exec(jobArn ?? '')?.[1] ?? place.region;
  return { ...place, region, jobId, name };
}

/** What is known of a new job besides its task. */
interface Naming {
  readonly key: IdempotencyKey;
  readonly queue: string;
  readonly name: string;
}

/** The job that a task asks for; one whose definition is not registered yet lacks that. @throws AgentError INVALID_ARGUMENT for what Batch cannot take */
export function toNewJob(task: Task<JobConfig>, { key, queue, name }: Naming, options: BatchAgentOptions): NewJob {
  const { config } = task;
  const { schedulingPriority: priority, shareIdentifier, serviceJob, settings } = config;
  const common = {
    jobName: name,
    jobQueue: queue,
    ...(shareIdentifier !== undefined && { shareIdentifier }),
    tags: toTags(task, key, options),
  };
  if (serviceJob !== undefined) {
    const schedulingPriority = priority === undefined ? {} : { schedulingPriority: priority };
    return { kind: 'service', request: { ...common, ...schedulingPriority, ...serviceJob, clientToken: key } };
  }
  return {
    kind: 'job',
    request: {
      ...common,
      ...(config.jobDefinition !== undefined && { jobDefinition: config.jobDefinition }),
      // Batch takes it only together with a share.
      ...(priority !== undefined && shareIdentifier !== undefined && { schedulingPriorityOverride: priority }),
      retryStrategy: toRetryStrategy(task, options),
      timeout: { attemptDurationSeconds: toTimeout(task) },
      ...settings,
      ...toOverrides(task, options),
    },
  };
}

/** Flyte retries tasks; Batch only repeats what lost its machine, unless the operator wants it as Flyte's own plugin has it. */
function toRetryStrategy({ template: { retries } }: Task<JobConfig>, { batchRetries }: BatchAgentOptions): JsonObject {
  if (batchRetries) return { attempts: Math.min(Math.max(retries, 1) + 1, 10) };
  return {
    attempts: 3,
    evaluateOnExit: [
      { onStatusReason: 'Host EC2*', action: 'RETRY' },
      { onReason: '*', action: 'EXIT' },
    ],
  };
}

function toTimeout({ template: { timeoutMs } }: Task<JobConfig>): number {
  return timeoutMs === undefined ? defaultTimeout : Math.max(shortestTimeout, Math.ceil(timeoutMs / 1000));
}

/** The task's own, and whose job it is, for people who look at jobs and at bills. */
function toTags(task: Task<JobConfig>, key: IdempotencyKey, { tags: areWanted = true }: BatchAgentOptions): JsonObject {
  const { project, domain, name, node, attempt } = task.execution;
  const of = { project, domain, execution: name, node, attempt: String(attempt) };
  const attribution = Object.entries(of)
    .filter(([, value]) => value !== '')
    .map(([word, value]) => [`flyte:${word}`, value.replaceAll(/[^\p{L}\p{N}\s_.:/=+@-]/gu, '-').slice(0, 256)]);
  const tags = { ...(areWanted && { ...Object.fromEntries(attribution), 'flyte-agents:request': key }), ...task.config.tags };
  if (Object.keys(tags).length <= mostTags) return tags;
  throw new AgentError({ code: 'INVALID_ARGUMENT', message: `config.tags: with Flyte's own they are more than ${mostTags}` });
}
