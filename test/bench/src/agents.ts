import { once } from 'node:events';
import type { Agent as HttpAgent, IncomingMessage } from 'node:http';
import {
  AgentError,
  AsyncAgent,
  SyncAgent,
  type AgentContext,
  type CreateContext,
  type IdempotencyKey,
  type Locator,
  type Resource,
  type Schema,
  type Task,
} from '@flyte-agents/core';
import { z } from 'zod';

// An import of node:http would load the whole of fetch: 14 MB that no agent here uses.
const http = process.getBuiltinModule('node:http');

const taskConfig = z.looseObject({ job_id: z.string().nullish() });
type TaskConfig = z.infer<typeof taskConfig>;

const jobRef = z.object({ job_id: z.string(), project: z.string(), location: z.string() });
type JobRef = z.infer<typeof jobRef>;

/** The smallest agent there is: whether a job is done stands in its id. What a call costs with it is the server's own cost. */
class BenchAsyncAgent extends AsyncAgent<TaskConfig, JobRef> {
  readonly name: string = 'Bench Async Agent';
  readonly taskTypes = [{ name: 'bench_async' }];
  readonly config: Schema<TaskConfig> = taskConfig;
  readonly ref: Schema<JobRef> = jobRef;
  override readonly legacyRef: Schema<JobRef> = jobRef;

  /** The config may name the job; else the key does. */
  async create({ config }: Task<TaskConfig>, { idempotencyKey }: CreateContext): Promise<JobRef> {
    return toRef(config.job_id ?? idempotencyKey);
  }

  async get({ job_id: job, project }: JobRef, _context: AgentContext): Promise<Resource> {
    if (!job.startsWith('done')) return { phase: 'RUNNING' };
    const results = { kind: 'dataset', uri: `bq://${project}:bench.${job}`, format: '', columns: [] } as const;
    return { phase: 'SUCCEEDED', outputs: { results } };
  }

  async delete(): Promise<void> {}

  locate(): Locator {
    return {};
  }

  async find(key: IdempotencyKey): Promise<JobRef> {
    return toRef(key);
  }
}

/** Asks a service over HTTP at every poll, as real agents do. */
class BenchSlowAgent extends BenchAsyncAgent {
  override readonly name = 'Bench Slow Agent';
  override readonly taskTypes = [{ name: 'bench_slow' }];
  readonly #connections = new http.Agent({ keepAlive: true });
  readonly #upstream: string | undefined;

  constructor(upstream: string | undefined) {
    super();
    this.#upstream = upstream;
  }

  override async get(_ref: JobRef, { signal }: AgentContext): Promise<Resource> {
    if (this.#upstream === undefined) {
      throw new AgentError({ code: 'FAILED_PRECONDITION', message: 'BENCH_UPSTREAM is not set: set it to the URL to ask at every poll' });
    }
    const status = await fetchStatus(this.#upstream, { signal, agent: this.#connections }).catch((error: unknown) => {
      throw new AgentError({ code: 'UNAVAILABLE', message: `no answer from ${this.#upstream}`, cause: error });
    });
    if (status !== 200) throw new AgentError({ code: 'UNAVAILABLE', message: `${this.#upstream} answered HTTP ${status}` });
    return { phase: 'RUNNING' };
  }
}

class BenchSyncAgent extends SyncAgent<TaskConfig> {
  readonly name = 'Bench Sync Agent';
  readonly taskTypes = [{ name: 'bench_sync' }];
  readonly config: Schema<TaskConfig> = taskConfig;
  override readonly resultsMayBeStored = true;

  async do(): Promise<Resource> {
    return { phase: 'SUCCEEDED', outputs: { answer: { kind: 'string', value: 'a string' } } };
  }
}

function toRef(job: string): JobRef {
  return { job_id: job, project: 'bench-project', location: 'EU' };
}

/** Node's own HTTP client: half of what fetch costs, and the bench is about the server. */
async function fetchStatus(url: string, options: { signal: AbortSignal; agent: HttpAgent }): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  http.get(url, options, resolve).once('error', reject);
  const response = await promise;
  response.resume();
  await once(response, 'end');
  return response.statusCode;
}

export default [new BenchAsyncAgent(), new BenchSyncAgent(), new BenchSlowAgent(process.env['BENCH_UPSTREAM'])];
