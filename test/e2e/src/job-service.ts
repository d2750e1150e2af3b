import { setTimeout as sleep } from 'node:timers/promises';
import type { UpstreamRequest, UpstreamResponse } from '@flyte-agents/testing';
import { z } from 'zod';
import { replicaHeader } from './job-client.ts';

/** A job that the service took. */
export interface Job {
  readonly id: string;
  readonly token: string;
  /** Tells of which attempt of which task it is. */
  readonly outputPrefix: string;
  readonly state: 'running' | 'succeeded' | 'cancelled';
  /** The process ids of the replicas that submitted it. */
  readonly submittedBy: ReadonlySet<number>;
  /** The process ids of the replicas that asked how it stands. */
  readonly polledBy: ReadonlySet<number>;
}

interface MutableJob extends Job {
  state: Job['state'];
  readonly submittedBy: Set<number>;
  readonly polledBy: Set<number>;
}

const submission = z.object({ token: z.string(), outputPrefix: z.string() });

/** A service that runs jobs until it is told that they are done. The same token is the same job. */
export class JobService {
  /** The process ids of all replicas that were answered. */
  readonly replicas = new Set<number>();
  readonly #latencyMs: number;
  readonly #byToken = new Map<string, MutableJob>();
  readonly #byId = new Map<string, MutableJob>();
  readonly #requests = new Map<string, number>();
  #gate: Promise<void> | undefined;

  /** @param latencyMs how long a request takes, in milliseconds; what it does is done in the middle of that */
  constructor(latencyMs: number) {
    this.#latencyMs = latencyMs;
  }

  /** Every job that it ever took. */
  get jobs(): readonly Job[] {
    return [...this.#byId.values()];
  }

  /** How many requests of a method have come. */
  count(method: string): number {
    return this.#requests.get(method) ?? 0;
  }

  /** From now on requests wait, before anything is done, until the function is called that this gives. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#gate = promise;
    return () => {
      this.#gate = undefined;
      resolve();
    };
  }

  /** All running jobs succeed. */
  finish(): void {
    for (const job of this.#byId.values()) if (job.state === 'running') job.state = 'succeeded';
  }

  /** Answers a request. */
  async serve(request: UpstreamRequest): Promise<UpstreamResponse> {
    this.#requests.set(request.method, this.count(request.method) + 1);
    await this.#gate;
    await sleep(this.#latencyMs / 2);
    const response = this.#act(request);
    await sleep(this.#latencyMs / 2);
    return response;
  }

  #act({ method, path, headers, body }: UpstreamRequest): UpstreamResponse {
    const replica = Number(headers[replicaHeader]);
    this.replicas.add(replica);
    const { pathname, searchParams } = new URL(path, 'http://jobs');
    if (pathname === '/answers') return { body: { answer: 'forty-two' } };
    if (method === 'POST') return { status: 201, body: view(this.#submit(submission.parse(JSON.parse(body)), replica)) };
    const token = searchParams.get('token');
    if (token !== null) return { body: { job: view(this.#byToken.get(token)) ?? null } };
    const job = this.#byId.get(pathname.replace('/jobs/', ''));
    if (job === undefined) return { status: 404 };
    if (method === 'GET') job.polledBy.add(replica);
    if (method === 'DELETE' && job.state === 'running') job.state = 'cancelled';
    return { body: view(job) };
  }

  #submit({ token, outputPrefix }: z.infer<typeof submission>, replica: number): Job {
    const job: MutableJob = this.#byToken.get(token) ?? {
      id: `job-${this.#byId.size + 1}`,
      token,
      outputPrefix,
      state: 'running',
      submittedBy: new Set(),
      polledBy: new Set(),
    };
    job.submittedBy.add(replica);
    this.#byToken.set(token, job);
    this.#byId.set(job.id, job);
    return job;
  }
}

function view(job: Job | undefined): { readonly id: string; readonly state: string } | undefined {
  return job && { id: job.id, state: job.state };
}
