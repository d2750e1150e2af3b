import { AgentError, type IdempotencyKey, type JsonObject, type Task } from '@flyte-agents/core';
import type { Job, NewJob } from './client.ts';
import type { JobConfig, JobPlace, JobRef, OutputType } from './config.ts';
import { toQueryParameters } from './convert/parameters.ts';
import { toTransfer } from './convert/transfer.ts';
import type { BigQueryAgentOptions } from './options.ts';

export { columnsOf, toLink, toResource } from './convert/resource.ts';

/** Tells which attempt a job is of. */
const keyLabel = 'flyte-key';

/** A job's id: that of an attempt is always the same, and BigQuery takes each id once. */
export function toJobId(key: IdempotencyKey): string {
  return `flyte_${key}`;
}

/** Whether a job is the attempt's that its id says; the ids of Python's agents say none. */
export function isOurs({ jobReference, configuration }: Job): boolean {
  const [, key] = /^flyte_([0-9a-f]{32})$/.exec(jobReference.jobId) ?? [];
  return key === undefined || configuration.labels?.[keyLabel] === key;
}

/** Where the task's job will be, and what is wanted of it. @throws AgentError INVALID_ARGUMENT for an output that no job gives */
export function toPlace({ template, config }: Task<JobConfig>): JobPlace {
  const outputs = [...template.outputs].map(([name, { type }]): [string, OutputType] => {
    if (type === undefined || type.kind === 'dataset' || type.kind === 'schema') return [name, 'TABLE'];
    if (type.kind === 'simple') return [name, type.simple];
    throw invalid(
      `output ${name} must be a structured dataset, which is the job's table, or a simple type, which is a column of its only row`,
    );
  });
  return { project: config.project, location: config.location, outputs: Object.fromEntries(outputs) };
}

/** The reference to a job. BigQuery knows its location, whoever chose it. */
export function toRef({ jobReference: { jobId, location } }: Job, place: JobPlace): JobRef {
  return { ...place, jobId, location: location ?? place.location };
}

/** The job that a task asks for. @throws AgentError INVALID_ARGUMENT for inputs that it cannot take */
export function toNewJob(asked: Task<JobConfig>, key: IdempotencyKey, options: BigQueryAgentOptions): NewJob {
  const task = options.jobSettings === false ? withoutSettings(asked) : asked;
  const { project, location, kind, limits, labels } = task.config;
  const { timeoutMs } = task.template;
  const configuration = {
    ...(options.jobTimeout && timeoutMs !== undefined && { jobTimeoutMs: String(timeoutMs) }),
    ...limits,
    labels: { ...(options.labels !== false && toAttribution(task)), ...labels, [keyLabel]: key },
    [kind]: kind === 'query' ? toQuery(task) : toTransfer(task),
  };
  return { project, location, jobId: toJobId(key), configuration, userAgent: toUserAgent(task) };
}

/** As the Python agents have it: of the settings, none but the project and the location. */
function withoutSettings(task: Task<JobConfig>): Task<JobConfig> {
  const { project, location, domain, kind, settings } = task.config;
  const none = { settings: {}, limits: {}, labels: {}, parameters: [], isPositional: false, maximumBytesProcessed: undefined };
  return { ...task, config: { project, location, domain, kind, ...none, ...(kind !== 'query' && { settings }) } };
}

function toQuery(task: Task<JobConfig>): JsonObject {
  const { sql = '' } = task.template;
  if (sql.trim() === '') throw invalid('template.sql.statement is empty');
  const queryParameters = toQueryParameters(task);
  const parameterMode = task.config.isPositional ? 'POSITIONAL' : 'NAMED';
  return {
    useLegacySql: false,
    ...task.config.settings,
    query: sql,
    ...(queryParameters.length > 0 && { parameterMode, queryParameters }),
  };
}

/** Whose job it is, for people who look at jobs and at bills. */
function toAttribution({ execution: { project, domain, name, node, attempt } }: Task<JobConfig>): JsonObject {
  const of = { project, domain, execution: name, node, attempt: String(attempt) };
  const labels = Object.entries(of).map(([word, value]) => [
    `flyte-${word}`,
    value
      .toLowerCase()
      .replaceAll(/[^a-z0-9_-]/g, '-')
      .slice(0, 63),
  ]);
  return Object.fromEntries(labels.filter(([, value]) => value !== ''));
}

/** As the Python agents said it: Google accounts by it. */
function toUserAgent({ template: { sdkVersion }, config, execution }: Task<JobConfig>): string {
  const sdk = /^[01]\./.test(sdkVersion) ? 'Flytekit' : 'Flyte';
  return `${sdk}/${sdkVersion} (GPN:Union;${config.domain ?? execution.domain})`;
}

function invalid(message: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message });
}
