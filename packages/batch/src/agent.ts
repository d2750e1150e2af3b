import { AwsClients, toLogLines, toSubmitFault } from '@flyte-agents/aws';
import {
  AgentError,
  AsyncAgent,
  readErrorDocument,
  type AgentContext,
  type Check,
  type CreateContext,
  type GetContext,
  type IdempotencyKey,
  type Locator,
  type LogLink,
  type LogPage,
  type LogRequest,
  type Resource,
  type Task,
} from '@flyte-agents/core';
import {
  connect,
  type BatchClient,
  type Job,
  type JobName,
  type ListedJob,
  type NewDefinition,
  type NewJob,
  type Queue,
  type Submitted,
} from './client.ts';
import { jobConfig, jobPlace, jobRef, type JobConfig, type JobPlace, type JobRef } from './config.ts';
import { toDefinition, toJobName, toLinks, toLogPlace, toNewJob, toPlace, toRef, toResource, toldFailures } from './convert.ts';
import { asked, isUnknownJob, isWithoutDefinition, notFound, rethrow, unsubmitted } from './errors.ts';
import type { BatchAgentOptions } from './options.ts';
import { Remembered } from './remembered.ts';
import { isOver } from './states.ts';

/** For how long a definition is taken to be there, and a queue to be as it was, in milliseconds. */
const definitionsMs = 3_600_000;
const queuesMs = 60_000;
/** After this, a question that several calls wait for is given up, in milliseconds. */
const sharedLimitMs = 5000;

/** Batch in one tenant's name, and what is known there. */
interface Account {
  readonly client: BatchClient;
  readonly definitions: Remembered<string>;
  readonly queues: Remembered<Queue>;
}

/** Runs `aws-batch` tasks as AWS Batch jobs. */
export class BatchAgent extends AsyncAgent<JobConfig, JobRef> {
  readonly name = 'AWS Batch Agent';
  readonly taskTypes = [{ name: 'aws-batch' }, { name: 'aws_batch_task' }];
  readonly config = jobConfig;
  readonly ref = jobRef;
  override readonly pollsAhead = true;
  readonly #accounts: AwsClients<Account>;
  readonly #options: BatchAgentOptions;

  constructor(options: BatchAgentOptions = {}) {
    super();
    this.#options = options;
    this.#accounts = new AwsClients(async (access) => ({
      client: await (options.connect ?? connect)(access),
      definitions: new Remembered<string>(definitionsMs),
      queues: new Remembered<Queue>(queuesMs),
    }));
  }

  override async prepare(): Promise<void> {
    if (this.#options.connect === undefined) await import('@aws-sdk/client-batch');
  }

  async create(task: Task<JobConfig>, context: CreateContext): Promise<JobRef> {
    const { idempotencyKey: key, logger } = context;
    const place = this.locate(task);
    const { kind, queue } = place;
    const name = toJobName(place, key);
    const definition = kind === 'job' ? toDefinition(task, this.#options) : undefined;
    const job = toNewJob(task, { key, queue, name }, this.#options);
    const account = await this.#accounts.get(place.region, context.secrets);
    // Batch takes a service job's token once; of a job, all it has is its name.
    const known =
      kind === 'job'
        ? await findJob(account.client, { kind, queue, name }, context).catch(unsubmitted(`look-up of job ${name}`))
        : undefined;
    if (known !== undefined) return toRef(known, place, name);
    const { schedulingPriority, shareIdentifier } = task.config;
    if (schedulingPriority !== undefined && shareIdentifier === undefined)
      logger.warn({ key }, 'schedulingPriority has no effect without shareIdentifier');
    try {
      return toRef(await submit(account, job, definition), place, name);
    } catch (error) {
      const fault = toSubmitFault(error, asked(`submit of job ${name}`));
      // A look-up that finds nothing proves nothing: it may come too early.
      const found =
        fault.submitted === 'no' ? undefined : await findJob(account.client, { kind, queue, name }, context).catch(() => undefined);
      if (found === undefined) throw fault;
      return toRef(found, place, name);
    }
  }

  async get(ref: JobRef, context: GetContext): Promise<Resource> {
    const [resource = notFound(ref.jobId)] = await this.getMany([ref], context);
    if (AgentError.is(resource)) throw resource;
    return resource;
  }

  /** Also a second job of the attempt, which a create that crossed another may have started. */
  async delete(ref: JobRef, context: AgentContext): Promise<void> {
    const { kind, jobId, name, queue } = ref;
    const { client } = await this.#accounts.get(ref.region, context.secrets);
    const [described, listed] = await Promise.all([
      client.describe(kind, [jobId], context.signal).catch(noneIfUnknown(`job ${jobId}`)),
      client.list({ kind, queue, name }, context.signal).catch(noneIfUnknown(`look-up of job ${name}`)),
    ]);
    const jobs = new Map([...listed, ...described].filter(({ jobName }) => jobName === name).map((job) => [job.jobId, job]));
    const unfinished = [...jobs.values()].filter(({ status }) => !isOver(status));
    await Promise.all(
      unfinished.map((job) =>
        client.terminate(kind, job.jobId, 'The task was ended by Flyte').catch((error: unknown) => {
          if (!isUnknownJob(error)) rethrow(`cancel of job ${job.jobId}`)(error);
        }),
      ),
    );
  }

  override links(ref: JobRef): readonly LogLink[] {
    return toLinks(ref);
  }

  locate(task: Task<JobConfig>): JobPlace {
    return toPlace(task, this.#options);
  }

  async find(key: IdempotencyKey, where: Locator, context: AgentContext): Promise<JobRef | undefined> {
    const place = jobPlace.parse(where);
    const { client } = await this.#accounts.get(place.region, context.secrets);
    const name = toJobName(place, key);
    const job = await findJob(client, { kind: place.kind, queue: place.queue, name }, context).catch(rethrow(`look-up of job ${name}`));
    return job && toRef(job, place, name);
  }

  override hostOf({ region }: JobRef | Locator): string {
    return typeof region === 'string' ? region : '';
  }

  override pollGroup({ region, kind }: JobRef): string {
    return `${region} ${kind}`;
  }

  override async getMany(refs: readonly JobRef[], context: AgentContext): Promise<readonly (Resource | AgentError)[]> {
    const [{ region } = { region: null }] = refs;
    const account = await this.#accounts.get(region, context.secrets);
    const jobOf = jobsOf(account.client, refs, context);
    return Promise.all(refs.map(async (ref) => this.#poll(account, ref, jobOf, context).catch((error: unknown) => AgentError.from(error))));
  }

  override async *getLogs(ref: JobRef, { lines, token }: LogRequest, context: AgentContext): AsyncIterable<LogPage> {
    const { client } = await this.#accounts.get(ref.region, context.secrets);
    const [job] = await client.describe(ref.kind, [ref.jobId], context.signal).catch(rethrow(`job ${ref.jobId}`));
    const place = job && toLogPlace(job);
    if (place === undefined) return;
    const limit = lines === 0n ? undefined : Number(lines);
    let left = limit ?? Number.POSITIVE_INFINITY;
    let next = token;
    for (;;) {
      const part = { ...place, ...(next !== '' && { token: next }), ...(limit !== undefined && { limit: Math.min(left, 10_000) }) };
      const { events, nextForwardToken } = await client.readLog(part, context.signal).catch(rethrow(`log of job ${ref.jobId}`));
      const read = toLogLines(events);
      left -= read.length;
      // At the end, CloudWatch gives the token that it was given.
      const isEnd = !nextForwardToken || nextForwardToken === next;
      if (read.length > 0 || !isEnd) yield { lines: read, ...(!(isEnd && isOver(job?.status)) && { nextToken: nextForwardToken ?? next }) };
      if (isEnd || left <= 0) return;
      next = nextForwardToken;
    }
  }

  /** The queues that the operator names; without, a queue that nobody has, which takes the same right to look. */
  override checks(): readonly Check[] {
    const queues = new Set(Object.values(this.#options.queues ?? {}));
    const service = async (context: AgentContext): Promise<string> => {
      const { client } = await this.#accounts.get(null, context.secrets);
      await client.queue('flyte-agents-doctor', context.signal).catch(rethrow('look at queues'));
      return 'answers, and lets queues be seen';
    };
    const queueCheck = (queue: string): Check => ({
      name: 'queue',
      run: async (context) => {
        const { client } = await this.#accounts.get(null, context.secrets);
        const { state, status, statusReason } = await client.queue(queue, context.signal).catch(rethrow(`look at queue ${queue}`));
        if (state === 'ENABLED' && status === 'VALID') return `${queue} takes jobs`;
        const message = `AWS Batch queue ${queue}: ${[state, status, statusReason].filter(Boolean).join(', ')} (enable it, or name another one)`;
        throw new AgentError({ code: 'FAILED_PRECONDITION', message });
      },
    });
    return queues.size === 0 ? [{ name: 'service', run: service }] : [...queues].map(queueCheck);
  }

  async #poll(account: Account, ref: JobRef, jobOf: ReturnType<typeof jobsOf>, context: AgentContext): Promise<Resource> {
    const { jobId } = ref;
    const job = await jobOf(ref).catch(rethrow(`job ${jobId}`));
    if (job === undefined) throw notFound(jobId);
    if (job.status === 'RUNNABLE') return toResource({ ref, job, queue: await this.#stuckQueue(account, ref, job, context) });
    if (job.status !== 'FAILED') return toResource({ ref, job });
    const isArray = Boolean(job.arrayProperties?.size);
    const [error, failed] = await Promise.all([
      ref.outputPrefix === '' ? undefined : readErrorDocument(context, ref.outputPrefix),
      isArray ? this.#failedOf(account, ref, context) : [],
    ]);
    return toResource({ ref, job, error, failed });
  }

  /** With their logs; an end is told also when that cannot be found out. */
  async #failedOf({ client }: Account, { jobId }: JobRef, { signal, logger }: AgentContext): Promise<readonly ListedJob[]> {
    try {
      const failed = (await client.failedOf(jobId, signal)).slice(0, toldFailures);
      const jobs =
        failed.length === 0
          ? []
          : await client.describe(
              'job',
              failed.map((child) => child.jobId),
              signal,
            );
      const known = new Map(jobs.map((job) => [job.jobId, job]));
      return failed.map((child) => ({
        ...known.get(child.jobId),
        ...child,
        arrayProperties: child.arrayProperties,
        container: { ...child.container, ...known.get(child.jobId)?.container },
      }));
    } catch (error) {
      logger.debug({ jobId }, `which jobs of the array failed is not known: ${AgentError.from(error).message}`);
      return [];
    }
  }

  async #stuckQueue(
    { client, queues }: Account,
    { queue }: JobRef,
    { createdAt, statusReason }: Job,
    { logger }: AgentContext,
  ): Promise<Queue | undefined> {
    const waitedMs = Date.now() - (createdAt ?? Date.now());
    // Batch itself says of some jobs what is wrong.
    if (waitedMs < (this.#options.stuckAfterMinutes ?? 10) * 60_000 || statusReason) return undefined;
    try {
      return await queues.get(queue, () => client.queue(queue, AbortSignal.timeout(sharedLimitMs)));
    } catch (error) {
      logger.debug({ queue }, `how the queue stands is not known: ${AgentError.from(error).message}`);
      return undefined;
    }
  }
}

/** Submits a job with its definition, which is registered if nobody did it before. @param definition undefined when the job names one, or needs none */
async function submit({ client, definitions }: Account, job: NewJob, definition: NewDefinition | undefined): Promise<Submitted> {
  if (definition === undefined) return client.submit(job);
  const { name } = definition;
  const withDefinition = (jobDefinition: string): NewJob => ({ ...job, request: { ...job.request, jobDefinition } });
  const toArn = async (): Promise<string> =>
    (await client.findDefinition(name, AbortSignal.timeout(sharedLimitMs))) ?? client.register(definition);
  const arn = await definitions.get(name, toArn).catch(unsubmitted(`definition ${name}`));
  try {
    return await client.submit(withDefinition(arn));
  } catch (error) {
    if (!isWithoutDefinition(error)) throw error;
    // Somebody deregistered it.
    definitions.forget(name);
    const again = await definitions.get(name, () => client.register(definition)).catch(unsubmitted(`definition ${name}`));
    return client.submit(withDefinition(again));
  }
}

/** How each of some jobs of one kind stands. Service jobs are asked for one by one. */
function jobsOf(client: BatchClient, refs: readonly JobRef[], { signal }: AgentContext): (ref: JobRef) => Promise<Job | undefined> {
  const ids = [...new Set(refs.map(({ jobId }) => jobId))];
  const together = refs[0]?.kind === 'job' ? client.describe('job', ids, signal) : undefined;
  return async ({ kind, jobId }) => {
    const jobs = await (together ?? client.describe(kind, [jobId], signal).catch(noneIfUnknown(`job ${jobId}`)));
    return jobs.find((job) => job.jobId === jobId);
  };
}

/** The oldest job of exactly this name: of two that crossed, everybody takes the same. */
async function findJob(client: BatchClient, name: JobName, { signal }: AgentContext): Promise<ListedJob | undefined> {
  const jobs = (await client.list(name, signal)).filter(({ jobName }) => jobName === name.name);
  return jobs.toSorted((one, other) => (one.createdAt ?? 0) - (other.createdAt ?? 0) || one.jobId.localeCompare(other.jobId))[0];
}

function noneIfUnknown(what: string): (error: unknown) => readonly never[] {
  return (error) => {
    if (isUnknownJob(error)) return [];
    return rethrow(what)(error);
  };
}
