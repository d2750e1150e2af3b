import { vi } from 'vitest';
import type { BigQueryClient, Job, JobName, NewJob } from '../client.ts';
import { BigQueryError } from '../errors.ts';
import { key } from './task.ts';

/** A client that keeps jobs and counts calls; a test replaces what should behave otherwise. */
export class FakeClient implements BigQueryClient {
  readonly jobs = new Map<string, Job>();
  readonly insert = vi.fn<BigQueryClient['insert']>(async (job) => this.#take(job));
  readonly dryRun = vi.fn<BigQueryClient['dryRun']>(async (job) => toJob(job));
  readonly get = vi.fn<BigQueryClient['get']>(async (job) => this.#found(job));
  readonly find = vi.fn<BigQueryClient['find']>(async ({ jobId }) => this.jobs.get(jobId));
  readonly list = vi.fn<BigQueryClient['list']>(async () => [...this.jobs.values()]);
  readonly firstRows = vi.fn<BigQueryClient['firstRows']>(async () => ({ rows: [] }));
  readonly cancel = vi.fn<BigQueryClient['cancel']>(async () => {});
  readonly countProjects = vi.fn<BigQueryClient['countProjects']>(async () => 2);

  #take(job: NewJob): Job {
    if (this.jobs.has(job.jobId)) throw new BigQueryError('Already Exists', { from: 'service', status: 409, reason: 'duplicate' });
    const taken = toJob(job);
    this.jobs.set(job.jobId, taken);
    return taken;
  }

  #found({ jobId }: JobName): Job {
    const job = this.jobs.get(jobId);
    if (job === undefined) throw new BigQueryError('Not found', { from: 'service', status: 404, reason: 'notFound' });
    return job;
  }
}

/** A job that waits. */
export function toJob({ jobId }: Pick<JobName, 'jobId'>): Job {
  return { jobReference: { jobId, location: 'EU' }, status: { state: 'PENDING' }, configuration: { labels: { 'flyte-key': key } } };
}

