import { AwsRequestError } from '@flyte-agents/aws';
import type { AgentList, JsonObject, JsonValue } from '@flyte-agents/core';
import { faultStatus, World, type Fault, type JobState, type WorldJob } from '@flyte-agents/testing';
import { z } from 'zod';
import { SageMakerAgent } from '../agent.ts';
import { BotoAgent } from '../boto-agent.ts';
import { toJob, type Job, type SageMakerClient } from '../client.ts';
import { kinds, type JobKind } from '../kinds.ts';

/** What SageMaker keeps of a job. */
interface Details {
  readonly kind: JobKind;
  readonly name: string;
  readonly request: JsonObject;
}

/** SageMaker behind the agents' port: it takes each name of a kind once, and keeps tags. */
export class SageMakerWorld extends World<Details> {
  override readonly namesCollide: boolean = true;
  /** Everything that was submitted, also in vain. */
  readonly submits: { readonly operation: string; readonly body: JsonObject }[] = [];
  /** The last state of each name that anybody was told. */
  readonly #seen = new Map<string, JobState>();
  readonly #key = this.canaries.make('external id');
  override readonly secrets = {
    AWS_ASSUME_ROLE_ARN: 'arn:aws:iam::123456789012:role/tasks',
    AWS_ASSUME_ROLE_EXTERNAL_ID: this.#key,
  };

  agent(): AgentList[number] {
    return new SageMakerAgent({ connect: async () => this.client() });
  }

  client(): SageMakerClient {
    return {
      submit: (operation, body) => this.call('submit', () => this.#submit(operation, body)),
      describe: (kind, name, signal) => this.call('read', () => this.#describe(kind, name), signal),
      tags: (arn, signal) => this.call('search', () => this.#tags(arn), signal),
      stop: (kind, name) => this.call('cancel', () => this.#stop(kind, name)),
      call: ({ method, body }, signal) =>
        method.startsWith('list_') ? this.call('search', () => this.#list(method, body), signal) : this.call('submit', () => this.#invoke(body)),
      readLog: async ({ token }) =>
        token === undefined ? { events: [{ message: 'hello', timestamp: 1000 }], nextToken: 'f/1' } : { events: [{ message: 'bye' }] },
    };
  }

  /** The latest job of a name. */
  named(kind: JobKind, name: string): WorldJob<Details> | undefined {
    return this.jobs.findLast(({ details }) => details.kind === kind && details.name === name);
  }

  #submit(operation: string, body: JsonObject): JsonObject {
    this.submits.push({ operation, body });
    const kind = kindOfOperation(operation, body);
    const { key } = kinds[kind];
    if (key !== undefined) return this.#start(kind, textOf(body[key]), body);
    const name = textOf(body[kinds[kind].name]);
    const known = this.named(kind, name);
    if (known !== undefined) throw inUse(kind, name);
    const request = tagsOf(body)['flyte-agents:request'] ?? name;
    this.submit(request, { kind, name, request: body });
    return {};
  }

  /** The same key starts the same. */
  #start(kind: JobKind, key: string, request: JsonObject): JsonObject {
    const { arn } = kinds[kind];
    const known = this.taken.find((job) => job.key === key);
    const name = known?.details.name ?? arnOf(kind, `job-${this.taken.length + 1}`);
    if (known === undefined) this.submit(key, { kind, name, request });
    return { [arn]: name };
  }

  #list(method: string, { PipelineExecutionArn: arn = null }: JsonObject): JsonObject {
    const execution = this.jobs.find(({ details }) => details.name === arn);
    if (arn !== null) return { PipelineExecutionSteps: execution?.hasStarted === true ? [{ StepName: 'train', StepStatus: 'Executing' }] : [] };
    const kind = method === 'list_pipeline_executions' ? 'pipeline' : 'modelVersion';
    const found = this.jobs.filter(({ id, details }) => details.kind === kind && this.job(id) !== undefined).map(toRecord);
    return { [kind === 'pipeline' ? 'PipelineExecutionSummaries' : 'ModelPackageSummaryList']: found.toReversed() };
  }

  /** SageMaker shows a new job under its name at once: names are what it is asked for by. */
  #describe(kind: JobKind, name: string): Job {
    const found = this.named(kind, name);
    const job = found && this.job(found.id);
    if (job === undefined) throw refused('ValidationException', `Could not find ${kind} "${name}".`);
    this.#seen.set(name, job.state);
    return toJob(kind, toRecord(job));
  }

  #tags(arn: string): Readonly<Record<string, string>> {
    const job = this.jobs.find(({ details }) => arnOf(details.kind, details.name) === arn);
    if (job === undefined) throw refused('ValidationException', 'Could not find it');
    return job.isOurs ? tagsOf(job.details.request) : { 'flyte-agents:request': 'somebody else' };
  }

  #stop(kind: JobKind, name: string): void {
    const job = this.named(kind, name);
    if (job === undefined) throw refused('ValidationException', 'Could not find it');
    // SageMaker has no delete with a condition: only what was seen in service may not be deleted.
    if (removed.has(kind) && this.#seen.get(name) === 'succeeded') this.remove(job.id);
    else this.cancel(job.id);
  }

  /** SageMaker's sync calls do something each time. */
  #invoke(body: JsonObject): JsonObject {
    const name = `call-${this.taken.length + 1}`;
    this.submit(name, { kind: 'endpoint', name, request: body }, 'succeeded');
    return { OutputLocation: `s3://out/${name}`, $metadata: { httpStatusCode: 202, requestId: 'r', attempts: 1 } };
  }

  /** A careless service repeats the key that it was given. */
  protected override error({ kind, retryAfterMs }: Fault): AwsRequestError {
    const status = faultStatus(kind);
    if (status === undefined) return new AwsRequestError(`no answer (${this.#key})`, { from: 'nobody' });
    const reason = { 403: 'AccessDeniedException', 429: 'ThrottlingException', 503: 'ServiceUnavailable' }[status];
    return new AwsRequestError(`${kind} (${this.#key})`, { from: 'service', status, reason, retryAfterMs });
  }
}

/** The same service for endpoints. */
export class EndpointWorld extends SageMakerWorld {
  /** An endpoint with machines that is in a state nobody knows may have been in service, and is left alone: that is no orphan. */
  override confuse(id: string): void {
    if (this.job(id)?.hasStarted === false) super.confuse(id);
  }
}

/** The same service for what it takes once by a key: nobody else's has it. */
export class PipelineWorld extends SageMakerWorld {
  override readonly namesCollide = false;
}

/** The same service for model packages. */
export class PackageWorld extends SageMakerWorld {
  /** A package in a state that nobody knows, and of which nothing is left to check, may be made and is left alone: that is no orphan. */
  override confuse(id: string): void {
    if (this.job(id)?.hasStarted === false) super.confuse(id);
  }
}

/** The same service for versions of model packages. */
export class VersionWorld extends PackageWorld {
  override readonly namesCollide = false;
}

/** The same service for single calls. */
export class BotoWorld extends SageMakerWorld {
  override agent(): AgentList[number] {
    return new BotoAgent({ connect: async () => this.client() });
  }
}

/** What SageMaker says when it refuses a request. */
export function refused(reason: string, message: string, status = 400): AwsRequestError {
  return new AwsRequestError(message, { from: 'service', status, reason });
}

function inUse(kind: JobKind, name: string): AwsRequestError {
  if (kind === 'modelPackage') return refused('ConflictException', 'Model Package already exists', 409);
  if (kind === 'endpoint') return refused('ValidationException', `Cannot create already existing endpoint "${arnOf(kind, name)}".`);
  return refused('ResourceInUse', `${kinds[kind].noun} names must be unique within an AWS account and region`);
}

function kindOfOperation(operation: string, { ModelPackageGroupName: group = null }: JsonObject): JobKind {
  const [kind] = kindNames.filter((each) => kinds[each].create === operation && (each === 'modelVersion') === (group !== null));
  if (kind === undefined) throw new Error(`no kind is made by ${operation}`);
  return kind;
}

const kindNames = [
  'endpoint',
  'training',
  'processing',
  'transform',
  'tuning',
  'recommender',
  'autoMl',
  'pipeline',
  'modelPackage',
  'modelVersion',
] as const;

/** What can only be ended by being deleted, whatever its state is by then. */
const removed: ReadonlySet<JobKind> = new Set(['endpoint', 'modelPackage', 'modelVersion']);

const jobStates: Readonly<Record<JobState, string>> = {
  waiting: 'InProgress',
  running: 'InProgress',
  succeeded: 'Completed',
  failed: 'Failed',
  cancelled: 'Stopped',
  unknown: 'Hibernating',
};
const endpointStates: Readonly<Record<JobState, string>> = {
  waiting: 'Creating',
  running: 'Creating',
  succeeded: 'InService',
  failed: 'Failed',
  cancelled: 'Deleting',
  unknown: 'Hibernating',
};

const pipelineStates: Readonly<Record<JobState, string>> = { ...jobStates, waiting: 'Executing', running: 'Executing', succeeded: 'Succeeded' };
const packageStates: Readonly<Record<JobState, string>> = { ...jobStates, waiting: 'Pending', cancelled: 'Deleting' };

function statesOf(kind: JobKind): Readonly<Record<JobState, string>> {
  if (kind === 'endpoint') return endpointStates;
  if (kind === 'pipeline') return pipelineStates;
  return removed.has(kind) ? packageStates : jobStates;
}

/** A job in SageMaker's words. */
function toRecord({ state, hasStarted, details: { kind, name, request } }: WorldJob<Details>): JsonObject {
  const { name: nameKey, arn, status, key } = kinds[kind];
  // What was waiting again has run, and says so.
  const shown = state === 'waiting' && hasStarted && removed.has(kind) && kind !== 'endpoint' ? 'running' : state;
  const { Tags: _tags = null, ...rest } = request;
  return {
    ...rest,
    ...(key === undefined ? { [nameKey]: name, [arn]: arnOf(kind, name) } : { [arn]: name }),
    [status]: statesOf(kind)[shown],
    ...(kind === 'training' && { SecondaryStatus: state === 'waiting' ? 'Starting' : 'Training' }),
    ...(hasStarted && { TrainingStartTime: '2026-01-02T03:04:05+00:00', ProductionVariants: [{ CurrentInstanceCount: 1 }] }),
    ...(removed.has(kind) && !hasStarted && { ModelPackageStatusDetails: { ValidationStatuses: [{ Name: 'v', Status: 'NotStarted' }] } }),
    ...(state === 'failed' && { FailureReason: 'AlgorithmError: exit 1' }),
  };
}

function arnOf(kind: JobKind, name: string): string {
  return `arn:aws:sagemaker:us-east-2:123456789012:${kinds[kind].noun.toLowerCase()}/${name}`;
}

function tagsOf({ Tags = null }: JsonObject): Readonly<Record<string, string>> {
  const tags: readonly JsonValue[] = Array.isArray(Tags) ? Tags : [];
  return Object.fromEntries(
    tags.flatMap((tag) => {
      const { data } = tagSchema.safeParse(tag);
      return data === undefined ? [] : [[data.Key, data.Value]];
    }),
  );
}

const tagSchema = z.object({ Key: z.string(), Value: z.string() });

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}
