import {
  AgentError,
  AsyncAgent,
  ClientPool,
  toUnsubmitted,
  type AgentContext,
  type Check,
  type CreateContext,
  type GetContext,
  type IdempotencyKey,
  type Locator,
  type LogLink,
  type Resource,
  type Task,
} from '@flyte-agents/core';
import { connect, loadSdk, type BigQueryClient, type Job, type NewJob } from './client.ts';
import { jobConfig, jobPlace, jobRef, legacyJobRef, type JobConfig, type JobPlace, type JobRef } from './config.ts';
import { columnsOf, isOurs, toJobId, toLink, toNewJob, toPlace, toRef, toResource } from './convert.ts';
import { readCredentials } from './credentials.ts';
import { rethrow, toAbsentFault, toReadFault, toSubmitFault } from './errors.ts';
import type { BigQueryAgentOptions } from './options.ts';
import { isOver, jobPhase } from './states.ts';

/** From so many polls on, one listing costs less than their gets, also if its page is full of other jobs (docs/decisions/0010). */
const pollsForListing = 20;
/** In US dollars, in US and EU: https://cloud.google.com/bigquery/pricing */
const priceOnDemand = 6.25;
/** Where a client must have a project but none is asked for. */
const noProject = '-';

/** Runs `bigquery_query_job_task` tasks as BigQuery jobs: queries, loads, extracts and copies. */
export class BigQueryAgent extends AsyncAgent<JobConfig, JobRef> {
  readonly name = 'BigQuery Agent';
  readonly taskTypes = [{ name: 'bigquery_query_job_task' }, { name: 'bigquery' }];
  readonly config = jobConfig;
  readonly ref = jobRef;
  override readonly legacyRef = legacyJobRef;
  readonly #clients = new ClientPool<BigQueryClient>();
  readonly #options: BigQueryAgentOptions;

  constructor(options: BigQueryAgentOptions = {}) {
    super();
    this.#options = options;
  }

  override async prepare(): Promise<void> {
    await loadSdk();
  }

  async create(task: Task<JobConfig>, context: CreateContext): Promise<JobRef> {
    const job = toNewJob(task, context.idempotencyKey, this.#options);
    const client = await this.#client(job.project, context);
    await this.#checkSize(client, job, task.config, context);
    try {
      return toRef(await client.insert(job), toPlace(task));
    } catch (error) {
      const fault = toSubmitFault(error, `job ${job.jobId}`);
      if (fault.submitted === 'no') throw fault;
      return toRef(await taken(client, job, fault, context), toPlace(task));
    }
  }

  async get(ref: JobRef, context: GetContext): Promise<Resource> {
    const client = await this.#client(ref.project, context);
    const job = await client.get(ref, context.signal).catch(rethrow(`job ${ref.jobId}`));
    return this.#resource(client, ref, job, context);
  }

  async delete(ref: JobRef, context: AgentContext): Promise<void> {
    const client = await this.#client(ref.project, context);
    const job = await client.find(ref, context.signal).catch(rethrow(`job ${ref.jobId}`));
    if (job === undefined || isOver(job) || !isOurs(job)) return;
    await client.cancel(toRef(job, ref)).catch(rethrow(`cancel of job ${ref.jobId}`));
  }

  override links(ref: JobRef): readonly LogLink[] {
    return [toLink(ref)];
  }

  locate(task: Task<JobConfig>): JobPlace {
    return toPlace(task);
  }

  async find(key: IdempotencyKey, where: Locator, context: AgentContext): Promise<JobRef | undefined> {
    const place = jobPlace.parse(where);
    const client = await this.#client(place.project, context);
    const jobId = toJobId(key);
    const job = await client.find({ ...place, jobId }, context.signal).catch(rethrow(`look-up of job ${jobId}`));
    return job && isOurs(job) ? toRef(job, place) : undefined;
  }

  override pollGroup({ project }: JobRef): string {
    return project;
  }

  /** One by one, unless they are so many that a listing is cheaper; what it does not show, or who may not list, is asked for. */
  override async getMany(refs: readonly JobRef[], context: AgentContext): Promise<readonly (Resource | AgentError)[]> {
    const [{ project } = { project: '' }] = refs;
    const client = await this.#client(project, context);
    const listed = refs.length < pollsForListing ? [] : await client.list({ project }, context.signal).catch(noneIfRefused);
    const jobs = new Map(listed.map((job) => [job.jobReference.jobId, job]));
    return Promise.all(refs.map((ref) => this.#poll(client, ref, jobs.get(ref.jobId), context)));
  }

  /** Without a task, as the server itself: Flyte 2's tasks may bring credentials of their own. */
  override checks(): readonly Check[] {
    const service = async (context: AgentContext): Promise<string> => {
      const client = await this.#client(noProject, context);
      return `BigQuery answers, ${await client.countProjects(context.signal).catch(rethrow('projects'))} projects can be seen`;
    };
    return [{ name: 'service', isOptional: true, run: service }];
  }

  async #poll(client: BigQueryClient, ref: JobRef, listed: Job | undefined, context: AgentContext): Promise<Resource | AgentError> {
    try {
      return await this.#resource(client, ref, listed ?? (await client.get(ref, context.signal)), context);
    } catch (error) {
      return toReadFault(error, `job ${ref.jobId}`);
    }
  }

  /** What a job's end needs more than the job: a script's own jobs, and values out of its result. */
  async #resource(client: BigQueryClient, ref: JobRef, job: Job, { signal }: AgentContext): Promise<Resource> {
    const { project, jobId } = ref;
    const isScript = isOver(job) && job.statistics?.query?.statementType === 'SCRIPT';
    const hasColumns = jobPhase(job) === 'SUCCEEDED' && columnsOf(ref).size > 0;
    const [children, rows] = await Promise.all([
      isScript ? client.list({ project, parentJobId: jobId }, signal) : [],
      hasColumns ? client.firstRows(ref, signal) : undefined,
    ]).catch(rethrow(`job ${jobId}`));
    return toResource({ ref, job, children, rows }, this.#options.pricePerTebibyte ?? priceOnDemand);
  }

  /** @throws AgentError FAILED_PRECONDITION when the query would read more than it may */
  async #checkSize(
    client: BigQueryClient,
    job: NewJob,
    { kind, maximumBytesProcessed }: JobConfig,
    { signal }: AgentContext,
  ): Promise<void> {
    const limits = [maximumBytesProcessed, this.#options.maximumBytesProcessed].filter((limit) => limit !== undefined);
    if (kind !== 'query' || limits.length === 0) return;
    const dryRun = await client.dryRun(job, signal).catch((error: unknown) => {
      throw toUnsubmitted(toSubmitFault(error, `dry run of job ${job.jobId}`));
    });
    const bytes = BigInt(dryRun.statistics?.totalBytesProcessed ?? 0);
    const limit = limits.reduce((one, other) => (one < other ? one : other));
    // A job that runs already was small enough when it was submitted.
    if (bytes <= limit || (await client.find(job, signal).catch(rethrow(`job ${job.jobId}`))) !== undefined) return;
    const message = `BigQuery job ${job.jobId}: the query would read ${bytes} bytes, ${limit} are allowed (maximumBytesProcessed): it was not run`;
    throw new AgentError({ code: 'FAILED_PRECONDITION', message });
  }

  async #client(project: string, { secrets }: AgentContext): Promise<BigQueryClient> {
    const credentials = await readCredentials(secrets);
    const key = { tenant: secrets.tenant, host: project, secrets: [JSON.stringify(credentials)] };
    return this.#clients.get(key, () => (this.#options.connect ?? connect)(project, credentials));
  }
}

/** The job of an id that BigQuery may have taken. @throws AgentError the fault, when it did not, or may have for somebody else */
async function taken(client: BigQueryClient, job: NewJob, fault: AgentError, { signal }: AgentContext): Promise<Job> {
  const found = await client.find(job, signal).catch(() => {
    throw fault;
  });
  if (found === undefined) throw toAbsentFault(fault);
  if (isOurs(found)) return found;
  const message = `BigQuery job ${job.jobId}: somebody else has a job of this id, and it is not touched`;
  throw new AgentError({ code: 'ALREADY_EXISTS', message });
}

/** Who may not list jobs may still ask for his own. */
function noneIfRefused(error: unknown): readonly Job[] {
  const fault = toReadFault(error, 'listing of jobs');
  if (fault.code === 'PERMISSION_DENIED') return [];
  throw fault;
}
