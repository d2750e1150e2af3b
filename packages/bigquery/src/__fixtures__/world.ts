import { faultStatus, World, type Fault, type JobState, type WorldJob } from '@flyte-agents/testing';
import { BigQueryAgent } from '../agent.ts';
import type { BigQueryClient, Job, NewJob } from '../client.ts';
import type { BigQueryAgentOptions } from '../options.ts';
import { BigQueryError } from '../errors.ts';

/** BigQuery behind the agent's port: an id is taken once, and a job that is done stays. */
export class BigQueryWorld extends World<NewJob> {
  override readonly namesCollide = true;
  readonly #key = this.canaries.make('key of a service account');
  override readonly secrets = { GOOGLE_APPLICATION_CREDENTIALS: this.#key };
  readonly #options: BigQueryAgentOptions;

  constructor(options: BigQueryAgentOptions = {}) {
    super();
    this.#options = options;
  }

  agent(): BigQueryAgent {
    return new BigQueryAgent({ connect: async () => this.client(), ...this.#options });
  }

  client(): BigQueryClient {
    return {
      insert: (job) => this.call('submit', () => this.#insert(job)),
      dryRun: (job, signal) => this.call('read', () => toJob(job, 'succeeded'), signal),
      get: ({ jobId }, signal) => this.call('read', () => found(this.byKey(jobId)[0]), signal),
      find: ({ jobId }, signal) => this.call('search', () => this.byKey(jobId).map(view)[0], signal),
      list: (_filter, signal) => this.call('read', () => this.jobs.map(view), signal),
      firstRows: (_job, signal) => this.call('read', () => ({ rows: [] }), signal),
      cancel: ({ jobId }) => this.call('cancel', () => this.cancel(this.byKey(jobId)[0]?.id ?? '')),
      countProjects: (signal) => this.call('read', () => 1, signal),
    };
  }

  #insert(job: NewJob): Job {
    if (this.jobs.some(({ key }) => key === job.jobId)) throw refusal(409, 'duplicate', `Already Exists: Job ${job.project}:US.${job.jobId}`);
    return view(this.submit(job.jobId, job));
  }

  /** A careless service repeats the key that it was given. */
  protected override error({ kind, retryAfterMs }: Fault): BigQueryError {
    const status = faultStatus(kind);
    if (status === undefined) return new BigQueryError(`no answer (${this.#key})`, { from: 'nobody' });
    return new BigQueryError(`${kind} (${this.#key})`, { from: 'service', status, retryAfterMs });
  }
}

const states: Readonly<Record<JobState, string>> = {
  waiting: 'PENDING',
  running: 'RUNNING',
  succeeded: 'DONE',
  failed: 'DONE',
  cancelled: 'DONE',
  unknown: 'HIBERNATING',
};
const errors: Readonly<Partial<Record<JobState, { readonly reason: string; readonly message: string }>>> = {
  failed: { reason: 'invalidQuery', message: 'Syntax error: Unexpected end of script' },
  cancelled: { reason: 'stopped', message: 'Job execution was cancelled' },
};

function found(job: WorldJob<NewJob> | undefined): Job {
  if (job === undefined) throw refusal(404, 'notFound', 'Not found: Job');
  return view(job);
}

function view({ details, state, isOurs, hasStarted }: WorldJob<NewJob>): Job {
  return toJob(isOurs ? details : { ...details, configuration: { ...details.configuration, labels: {} } }, state, hasStarted);
}

/** A job in BigQuery's words. */
function toJob({ jobId, project, configuration }: NewJob, state: JobState, hasStarted = true): Job {
  const errorResult = errors[state];
  const labels = Object.entries(configuration['labels'] ?? {}).map(([name, value]) => [name, String(value)]);
  const destinationTable = { projectId: project, datasetId: '_anonymous', tableId: 'anon1' };
  return {
    jobReference: { jobId, location: 'US' },
    status: { state: states[state], ...(errorResult && { errorResult }) },
    configuration: { labels: Object.fromEntries(labels), query: { destinationTable } },
    statistics: { ...(hasStarted && { startTime: '1767225600000' }), totalBytesProcessed: '1000', query: { statementType: 'SELECT' } },
  };
}

function refusal(status: number, reason: string, message: string): BigQueryError {
  return new BigQueryError(message, { from: 'service', status, reason });
}
