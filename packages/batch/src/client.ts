import type * as BatchSdk from '@aws-sdk/client-batch';
import type * as LogsSdk from '@aws-sdk/client-cloudwatch-logs';
import { request, toClientSettings, type AwsAccess } from '@flyte-agents/aws';
import type { JsonObject } from '@flyte-agents/core';
import { z } from 'zod';
import type { JobKind } from './config.ts';

/** What the agent asks of Batch, and of the service that keeps its logs. Errors are {@link AwsRequestError}s of `@flyte-agents/aws`. */
export interface BatchClient {
  /** Takes a job. Batch takes any number of one name. Has no signal: a submit is never given up half-way. */
  submit(job: NewJob): Promise<Submitted>;
  /** The jobs of a name in a queue, in whatever state, also those that ended some days ago. Letters of either case are the same. */
  list(name: JobName, signal: AbortSignal): Promise<readonly ListedJob[]>;
  /** Some of an array's jobs that failed. */
  failedOf(arrayJobId: string, signal: AbortSignal): Promise<readonly ListedJob[]>;
  /** Up to 100 jobs, or one service job; those that there are not are left out. */
  describe(kind: JobKind, ids: readonly string[], signal: AbortSignal): Promise<readonly Job[]>;
  /** Stops a job, or takes it out of its queue; one that is over stays as it is. */
  terminate(kind: JobKind, jobId: string, reason: string): Promise<void>;
  /** The latest revision of a definition that may be used, by its ARN. */
  findDefinition(name: string, signal: AbortSignal): Promise<string | undefined>;
  /** Registers a definition, or another revision of it; gives its ARN. */
  register(definition: NewDefinition): Promise<string>;
  /** How a queue, and what its jobs run on, stand. */
  queue(queue: string, signal: AbortSignal): Promise<Queue>;
  readLog(place: LogPlace, signal: AbortSignal): Promise<LogEvents>;
}

/** Makes the client of an account and a region. */
export type Connect = (access: AwsAccess) => Promise<BatchClient>;

/** A job to be done. */
export interface NewJob {
  readonly kind: JobKind;
  /** As `SubmitJob` or `SubmitServiceJob` takes it. */
  readonly request: JsonObject;
}

/** Under which name jobs are looked for. */
export interface JobName {
  readonly kind: JobKind;
  readonly queue: string;
  readonly name: string;
}

/** A definition to be registered. */
export interface NewDefinition {
  readonly name: string;
  /** As `RegisterJobDefinition` takes it, without the name. */
  readonly request: JsonObject;
}

/** Which part of a log is read. */
export interface LogPlace {
  readonly group: string;
  readonly stream: string;
  /** Default: the beginning. */
  readonly token?: string | undefined;
  readonly limit?: number | undefined;
}

const submitted = z.object({ jobId: z.string(), jobArn: z.string().nullish() });
const listedJob = z.object({
  jobId: z.string(),
  jobArn: z.string().nullish(),
  jobName: z.string(),
  status: z.string().nullish(),
  statusReason: z.string().nullish(),
  createdAt: z.number().nullish(),
  container: z.object({ exitCode: z.number().nullish(), reason: z.string().nullish() }).nullish(),
  arrayProperties: z.object({ index: z.number().nullish() }).nullish(),
});
const listed = z.object({ jobSummaryList: z.array(listedJob), nextToken: z.string().nullish() });
const attempt = z.object({
  startedAt: z.number().nullish(),
  stoppedAt: z.number().nullish(),
  statusReason: z.string().nullish(),
  container: z.object({ exitCode: z.number().nullish(), reason: z.string().nullish(), logStreamName: z.string().nullish() }).nullish(),
});
const requirement = z.object({ type: z.string().nullish(), value: z.string().nullish() });
const container = z.object({
  exitCode: z.number().nullish(),
  reason: z.string().nullish(),
  logStreamName: z.string().nullish(),
  vcpus: z.number().nullish(),
  memory: z.number().nullish(),
  resourceRequirements: z.array(requirement).nullish(),
  logConfiguration: z.object({ logDriver: z.string().nullish(), options: z.record(z.string(), z.string()).nullish() }).nullish(),
});
const job = z.object({
  jobId: z.string(),
  jobName: z.string(),
  jobArn: z.string().nullish(),
  status: z.string(),
  statusReason: z.string().nullish(),
  createdAt: z.number().nullish(),
  startedAt: z.number().nullish(),
  stoppedAt: z.number().nullish(),
  attempts: z.array(attempt).nullish(),
  container: container.nullish(),
  arrayProperties: z.object({ size: z.number().nullish(), statusSummary: z.record(z.string(), z.number()).nullish() }).nullish(),
  isCancelled: z.boolean().nullish(),
  isTerminated: z.boolean().nullish(),
});
const computeEnvironment = z.object({
  computeEnvironmentName: z.string(),
  state: z.string().nullish(),
  status: z.string().nullish(),
  statusReason: z.string().nullish(),
  computeResources: z
    .object({ maxvCpus: z.number().nullish(), desiredvCpus: z.number().nullish(), instanceTypes: z.array(z.string()).nullish() })
    .nullish(),
});
const jobQueue = z.object({
  state: z.string().nullish(),
  status: z.string().nullish(),
  statusReason: z.string().nullish(),
  computeEnvironmentOrder: z.array(z.object({ computeEnvironment: z.string().nullish() })).nullish(),
});
const logEvents = z.object({
  events: z.array(z.object({ message: z.string().nullish(), timestamp: z.number().nullish() })).nullish(),
  nextForwardToken: z.string().nullish(),
});

/** What Batch answers to a submit. */
export type Submitted = z.infer<typeof submitted>;
/** What a listing says of a job. */
export type ListedJob = z.infer<typeof listedJob>;
/** What Batch says of a job: only what the agent reads. https://docs.aws.amazon.com/batch/latest/APIReference/API_JobDetail.html */
export type Job = z.infer<typeof job>;
/** A job queue, and the compute environments behind it. */
export type Queue = z.infer<typeof jobQueue> & { readonly environments: readonly ComputeEnvironment[] };
/** What a queue's jobs run on. */
export type ComputeEnvironment = z.infer<typeof computeEnvironment>;
/** Lines of a log, and the token of what follows. */
export type LogEvents = z.infer<typeof logEvents>;

/** Batch by the AWS SDK. `AWS_ENDPOINT_URL_BATCH` leads to another server. */
export const connect: Connect = async (access) => {
  const [settings, sdk] = await Promise.all([toClientSettings(access), import('@aws-sdk/client-batch')]);
  const logs = async (): Promise<Logs> => {
    const logsSdk = await import('@aws-sdk/client-cloudwatch-logs');
    return [logsSdk, new logsSdk.CloudWatchLogsClient(settings)];
  };
  return new SdkClient(sdk, new sdk.BatchClient(settings), logs);
};

/** CloudWatch, which most servers are never asked for. */
type Logs = readonly [typeof LogsSdk, LogsSdk.CloudWatchLogsClient];

class SdkClient implements BatchClient {
  readonly #sdk: typeof BatchSdk;
  readonly #client: BatchSdk.BatchClient;
  readonly #loadLogs: () => Promise<Logs>;
  #logs: Promise<Logs> | undefined;

  constructor(sdk: typeof BatchSdk, client: BatchSdk.BatchClient, loadLogs: () => Promise<Logs>) {
    this.#sdk = sdk;
    this.#client = client;
    this.#loadLogs = loadLogs;
  }

  async submit({ kind, request: body }: NewJob): Promise<Submitted> {
    // What a task says of its job goes through as it is: Batch checks it, and the SDK leaves out what it does not know.
    // oxlint-disable typescript/no-unsafe-type-assertion
    if (kind === 'service') {
      const command = new this.#sdk.SubmitServiceJobCommand(body as unknown as BatchSdk.SubmitServiceJobCommandInput);
      return request(this.#client, submitted, () => this.#client.send(command));
    }
    const command = new this.#sdk.SubmitJobCommand(body as unknown as BatchSdk.SubmitJobCommandInput);
    // oxlint-enable typescript/no-unsafe-type-assertion
    return request(this.#client, submitted, () => this.#client.send(command));
  }

  async list({ kind, queue, name }: JobName, abortSignal: AbortSignal): Promise<readonly ListedJob[]> {
    const jobs: ListedJob[] = [];
    let nextToken: string | undefined;
    do {
      const input = { jobQueue: queue, filters: [{ name: 'JOB_NAME', values: [name] }], nextToken };
      const page = await request(this.#client, listed, () =>
        kind === 'service'
          ? this.#client.send(new this.#sdk.ListServiceJobsCommand(input), { abortSignal })
          : this.#client.send(new this.#sdk.ListJobsCommand(input), { abortSignal }),
      );
      jobs.push(...page.jobSummaryList);
      nextToken = page.nextToken ?? undefined;
    } while (nextToken !== undefined);
    return jobs;
  }

  async failedOf(arrayJobId: string, abortSignal: AbortSignal): Promise<readonly ListedJob[]> {
    const command = new this.#sdk.ListJobsCommand({ arrayJobId, jobStatus: 'FAILED', maxResults: 100 });
    return (await request(this.#client, listed, () => this.#client.send(command, { abortSignal }))).jobSummaryList;
  }

  async describe(kind: JobKind, ids: readonly string[], abortSignal: AbortSignal): Promise<readonly Job[]> {
    if (kind === 'job') {
      const command = new this.#sdk.DescribeJobsCommand({ jobs: [...ids] });
      const answer = z.object({ jobs: z.array(job) });
      return (await request(this.#client, answer, () => this.#client.send(command, { abortSignal }))).jobs;
    }
    const commands = ids.map((jobId) => new this.#sdk.DescribeServiceJobCommand({ jobId }));
    return Promise.all(commands.map((command) => request(this.#client, job, () => this.#client.send(command, { abortSignal }))));
  }

  async terminate(kind: JobKind, jobId: string, reason: string): Promise<void> {
    const input = { jobId, reason };
    await request(this.#client, z.unknown(), () =>
      kind === 'service'
        ? this.#client.send(new this.#sdk.TerminateServiceJobCommand(input))
        : this.#client.send(new this.#sdk.TerminateJobCommand(input)),
    );
  }

  async findDefinition(jobDefinitionName: string, abortSignal: AbortSignal): Promise<string | undefined> {
    const definition = z.object({ jobDefinitionArn: z.string(), revision: z.number() });
    const answer = z.object({ jobDefinitions: z.array(definition) });
    const command = new this.#sdk.DescribeJobDefinitionsCommand({ jobDefinitionName, status: 'ACTIVE' });
    const { jobDefinitions } = await request(this.#client, answer, () => this.#client.send(command, { abortSignal }));
    return jobDefinitions.toSorted((one, other) => other.revision - one.revision)[0]?.jobDefinitionArn;
  }

  async register({ name, request: body }: NewDefinition): Promise<string> {
    // As with a submit.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const input = { ...body, jobDefinitionName: name } as unknown as BatchSdk.RegisterJobDefinitionCommandInput;
    const answer = z.object({ jobDefinitionArn: z.string() });
    const command = new this.#sdk.RegisterJobDefinitionCommand(input);
    return (await request(this.#client, answer, () => this.#client.send(command))).jobDefinitionArn;
  }

  async queue(queue: string, abortSignal: AbortSignal): Promise<Queue> {
    const command = new this.#sdk.DescribeJobQueuesCommand({ jobQueues: [queue] });
    const queues = z.object({ jobQueues: z.array(jobQueue) });
    const { jobQueues } = await request(this.#client, queues, () => this.#client.send(command, { abortSignal }));
    const [found = { state: 'DELETED' }] = jobQueues;
    const names = (found.computeEnvironmentOrder ?? []).flatMap(({ computeEnvironment: name }) => name ?? []);
    if (names.length === 0) return { ...found, environments: [] };
    const environments = z.object({ computeEnvironments: z.array(computeEnvironment) });
    const second = new this.#sdk.DescribeComputeEnvironmentsCommand({ computeEnvironments: names });
    const { computeEnvironments } = await request(this.#client, environments, () => this.#client.send(second, { abortSignal }));
    return { ...found, environments: computeEnvironments };
  }

  async readLog({ group, stream, token, limit }: LogPlace, abortSignal: AbortSignal): Promise<LogEvents> {
    this.#logs ??= this.#loadLogs();
    const [sdk, client] = await this.#logs;
    const input = { logGroupName: group, logStreamName: stream, startFromHead: true, nextToken: token, limit };
    return request(client, logEvents, () => client.send(new sdk.GetLogEventsCommand(input), { abortSignal }));
  }
}
