import { AwsRequestError } from '@flyte-agents/aws';
import type { JsonObject } from '@flyte-agents/core';
import { faultStatus, World, type Fault, type JobState, type WorldJob } from '@flyte-agents/testing';
import { z } from 'zod';
import { BatchAgent } from '../agent.ts';
import type { BatchClient, Job, JobName, ListedJob, NewJob } from '../client.ts';
import type { BatchAgentOptions } from '../options.ts';

const named = z.object({ jobName: z.string(), jobQueue: z.string() });

/** What Batch keeps of a job. */
interface Details {
  readonly kind: NewJob['kind'];
  readonly queue: string;
  readonly request: JsonObject;
}

/** Batch behind the agent's port: it takes any number of jobs of one name, and each token of a service job once. */
export class BatchWorld extends World<Details> {
  /** The definitions that were registered, oldest first. */
  readonly definitions: { readonly name: string; readonly request: JsonObject }[] = [];
  /** How often a queue was looked at. */
  queueReads = 0;
  /** How many ids each `DescribeJobs` had. */
  readonly described: number[] = [];
  readonly #key = this.canaries.make('external id');
  override readonly secrets = {
    AWS_ASSUME_ROLE_ARN: 'arn:aws:iam::123456789012:role/tasks',
    AWS_ASSUME_ROLE_EXTERNAL_ID: this.#key,
  };
  readonly #options: BatchAgentOptions;

  constructor(options: BatchAgentOptions = {}) {
    super();
    this.#options = options;
  }

  agent(): BatchAgent {
    return new BatchAgent({ connect: async () => this.client(), ...this.#options });
  }

  client(): BatchClient {
    return {
      submit: (job) => this.call('submit', () => this.#submit(job)),
      list: (name, signal) => this.call('search', () => this.#list(name), signal),
      failedOf: (_id, signal) => this.call('read', () => [], signal),
      describe: (_kind, ids, signal) => this.call('read', () => this.#describe(ids), signal),
      terminate: (_kind, id) => this.call('cancel', () => this.cancel(id)),
      findDefinition: async (name) => (this.definitions.some((definition) => definition.name === name) ? arnOf(name) : undefined),
      register: async (definition) => {
        this.definitions.push(definition);
        return arnOf(definition.name);
      },
      queue: async () => {
        this.queueReads++;
        return { state: 'ENABLED', status: 'VALID', environments: [{ computeEnvironmentName: 'spot', state: 'DISABLED' }] };
      },
      readLog: async ({ token }) =>
        token === undefined ? { events: [{ message: 'hello', timestamp: 1000 }], nextForwardToken: 'f/1' } : { events: [], nextForwardToken: token },
    };
  }

  #submit({ kind, request }: NewJob): { readonly jobId: string; readonly jobArn: string } {
    const { jobName: name, jobQueue: queue } = named.parse(request);
    const known = kind === 'service' ? this.byKey(name)[0] : undefined;
    const { id } = known ?? this.submit(name, { kind, queue, request });
    return { jobId: id, jobArn: jobArn(id) };
  }

  #list({ name, queue }: JobName): readonly ListedJob[] {
    return this.byKey(name)
      .filter(({ details }) => details.queue === queue)
      .map((job) => ({ ...toJob(job), arrayProperties: undefined }));
  }

  #describe(ids: readonly string[]): readonly Job[] {
    this.described.push(ids.length);
    return ids.flatMap((id) => this.job(id) ?? []).map(toJob);
  }

  /** A careless service repeats the key that it was given. */
  protected override error({ kind, retryAfterMs }: Fault): AwsRequestError {
    const status = faultStatus(kind);
    if (status === undefined) return new AwsRequestError(`no answer (${this.#key})`, { from: 'nobody' });
    const reason = { 403: 'AccessDeniedException', 429: 'TooManyRequestsException', 503: 'ServerException' }[status];
    return new AwsRequestError(`${kind} (${this.#key})`, { from: 'service', status, reason, retryAfterMs });
  }
}

const states: Readonly<Record<JobState, string>> = {
  waiting: 'RUNNABLE',
  running: 'RUNNING',
  succeeded: 'SUCCEEDED',
  failed: 'FAILED',
  cancelled: 'FAILED',
  unknown: 'HIBERNATING',
};

/** A job in Batch's words. */
function toJob({ id, key, state, hasStarted, takenAt }: WorldJob<Details>): Job {
  return {
    jobId: id,
    jobArn: jobArn(id),
    jobName: key,
    status: states[state],
    createdAt: takenAt,
    ...(hasStarted && { startedAt: takenAt + 1 }),
    // Its log goes elsewhere: the links are the same in all phases.
    container: state === 'failed' ? { exitCode: 1 } : {},
    ...(state === 'failed' && { statusReason: 'Essential container in task exited' }),
    ...(state === 'cancelled' && { statusReason: 'somebody stopped it', isTerminated: true }),
  };
}

function jobArn(id: string): string {
  return `arn:aws:batch:us-east-2:123456789012:job/${id}`;
}

function arnOf(name: string): string {
  return `arn:aws:batch:us-east-2:123456789012:job-definition/${name}:1`;
}
