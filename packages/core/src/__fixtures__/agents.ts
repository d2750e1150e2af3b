/** Agents, sensors and requests for tests: they do what a test scripts, and keep a list of their calls. */
import { z } from 'zod';
import { AsyncAgent, SyncAgent, type Locator, type LogPage, type LogRequest, type MetricSeries, type MetricsRequest } from '../agent.ts';
import { Call } from '../dispatcher/call.ts';
import type { StoredRequest, TaskRequest } from '../dispatcher/requests.ts';
import { AgentError } from '../errors.ts';
import type { IdempotencyKey } from '../idempotency.ts';
import { Inputs } from '../literals/inputs.ts';
import type { Literal } from '../literals/model.ts';
import type { Logger } from '../logger.ts';
import { decodeReference, type Reference } from '../ref.ts';
import { SecretSource, type Secrets } from '../secrets.ts';
import { Sensor, type PokeResult, type SensorClaims, type SensorTask } from '../sensor.ts';
import type { AgentContext, CreateContext, GetContext, LogLink, Resource, Task, TaskExecution, TaskTemplate } from '../task.ts';

const jobConfig = z.object({ region: z.string().default('eu') });
export type JobConfig = z.infer<typeof jobConfig>;
export type JobRef = { readonly job: string };

/** A fake service's jobs, and an agent that submits them: `before` and `after` a call, a test makes it wait or fail. */
export class JobAgent extends AsyncAgent<JobConfig, JobRef> {
  readonly name: string = 'Job Agent';
  readonly taskTypes = [{ name: 'job' }];
  readonly config = jobConfig;
  readonly ref = z.object({ job: z.string() });
  /** By the key they carry. */
  readonly jobs = new Map<string, Resource>();
  readonly created: { readonly task: Task<JobConfig>; readonly context: CreateContext }[] = [];
  readonly polled: { readonly ref: JobRef; readonly context: GetContext }[] = [];
  readonly deleted: { readonly ref: JobRef; readonly context: AgentContext }[] = [];
  readonly sought: { readonly key: IdempotencyKey; readonly where: Locator; readonly context: AgentContext }[] = [];
  prepared = 0;
  before: Steps = {};
  after: Steps = {};
  pages: readonly LogPage[] = [];

  override async prepare(): Promise<void> {
    this.prepared++;
  }

  async create(task: Task<JobConfig>, context: CreateContext): Promise<JobRef> {
    this.created.push({ task, context });
    await this.before.create?.(context);
    const key = context.idempotencyKey;
    if (!this.jobs.has(key)) this.jobs.set(key, { phase: 'RUNNING' });
    await this.after.create?.(context);
    return { job: key };
  }

  async get(ref: JobRef, context: GetContext): Promise<Resource> {
    this.polled.push({ ref, context });
    await this.before.get?.(context);
    const job = this.jobs.get(ref.job);
    if (job === undefined) throw new AgentError({ code: 'NOT_FOUND', message: `no job ${ref.job}` });
    return job;
  }

  async delete(ref: JobRef, context: AgentContext): Promise<void> {
    this.deleted.push({ ref, context });
    await this.before.delete?.(context);
    this.jobs.set(ref.job, { phase: 'FAILED', message: 'cancelled' });
  }

  async find(key: IdempotencyKey, where: Locator, context: AgentContext): Promise<JobRef | undefined> {
    this.sought.push({ key, where, context });
    await this.before.find?.(context);
    return this.jobs.has(key) ? { job: key } : undefined;
  }

  locate({ config }: Task<JobConfig>): Locator {
    return { region: config.region };
  }

  override links({ job }: JobRef): readonly LogLink[] {
    return [{ name: 'Console', uri: `https://jobs.example/${job}` }];
  }

  override async *getLogs(_ref: JobRef, _request: LogRequest, context: AgentContext): AsyncIterable<LogPage> {
    await this.before.logs?.(context);
    yield* this.pages;
    await this.after.logs?.(context);
  }

  override async getMetrics(_ref: JobRef, { queries }: MetricsRequest, context: AgentContext): Promise<readonly MetricSeries[]> {
    await this.before.metrics?.(context);
    return queries.map((metric) => ({ metric, data: { resultType: 'matrix' } }));
  }
}

type Step = (context: AgentContext) => Promise<void> | void;
type Steps = { [Name in 'create' | 'get' | 'delete' | 'find' | 'logs' | 'metrics']?: Step | undefined };

/** Answers at once what a test tells it; by default a text that says what it was given. */
export class EchoAgent extends SyncAgent<object> {
  readonly name = 'Echo Agent';
  readonly taskTypes = [{ name: 'echo' }];
  readonly config = z.looseObject({ loud: z.boolean().optional() });
  override readonly resultsMayBeStored: boolean;
  readonly done: { readonly task: Task<object>; readonly context: CreateContext }[] = [];
  before: Step | undefined;
  work: (task: Task<object>) => Promise<Resource> | Resource = (task) => ({ phase: 'SUCCEEDED', outputs: { text: echo(task) } });

  constructor({ resultsMayBeStored = true }: { resultsMayBeStored?: boolean } = {}) {
    super();
    this.resultsMayBeStored = resultsMayBeStored;
  }

  async do(task: Task<object>, context: CreateContext): Promise<Resource> {
    this.done.push({ task, context });
    await this.before?.(context);
    return this.work(task);
  }
}

function echo({ inputs }: Task<object>): Literal {
  return { kind: 'string', value: [...inputs.literals.keys()].toSorted().join(' ') };
}

/** Waits for whatever a test tells it. */
export class FlagSensor extends Sensor<object> {
  readonly name: string;
  readonly claims: SensorClaims;
  readonly config = z.looseObject({ flag: z.string().optional() });
  readonly poked: { readonly task: SensorTask<object>; readonly context: AgentContext }[] = [];
  before: Step | undefined;
  look: (context: AgentContext) => Promise<PokeResult> | PokeResult = () => ({ met: false, message: 'the flag is down' });
  prepared = 0;

  constructor(name: string = 'Flag', claims: SensorClaims = { classes: [{ module: 'flags', name: 'FlagSensor' }], kind: 'flag' }) {
    super();
    this.name = name;
    this.claims = claims;
  }

  override check({ config }: SensorTask<{ readonly flag?: string | undefined }>): void {
    if (config.flag === 'torn') throw new AgentError({ code: 'INVALID_ARGUMENT', message: 'the flag is torn' });
  }

  override async prepare(): Promise<void> {
    this.prepared++;
  }

  async poke(task: SensorTask<object>, context: AgentContext): Promise<PokeResult> {
    this.poked.push({ task, context });
    await this.before?.(context);
    return this.look(context);
  }
}

/** For contexts of agents that ask for no secret. */
export const noSecrets: Secrets = new SecretSource({}).of({ project: '', domain: '' });

/** One line that was logged. */
export interface LoggedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly message: string;
}

/** A logger that keeps its lines. */
export function recordingLogger(): Logger & { readonly lines: LoggedLine[] } {
  const lines: LoggedLine[] = [];
  const at = (level: LoggedLine['level']) => (fields: object, message: string) => void lines.push({ level, fields, message });
  const logger = { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error'), child: (): Logger => logger };
  return logger;
}

export const execution: TaskExecution = {
  org: '',
  project: 'flytesnacks',
  domain: 'development',
  name: 'f3a',
  node: 'n0',
  attempt: 0,
  namespace: 'flytesnacks-development',
  labels: {},
  annotations: {},
  serviceAccount: '',
  environment: {},
};

export const template: TaskTemplate = {
  id: { org: '', project: 'flytesnacks', domain: 'development', name: 'jobs.nightly', version: 'v1' },
  type: 'job',
  typeVersion: 0,
  custom: {},
  config: {},
  inputs: new Map(),
  outputs: new Map(),
  timeoutMs: undefined,
  retries: 0,
  interruptible: false,
  sdkVersion: '1.16.0',
  container: undefined,
  sql: undefined,
};

/** What a test changes of the request that {@link taskRequest} makes. */
export interface RequestChanges {
  readonly template?: Partial<TaskTemplate>;
  readonly execution?: Partial<TaskExecution>;
  readonly inputs?: Readonly<Record<string, Literal>>;
  readonly outputPrefix?: string;
}

/** A request to create a task of type `job`, as Flyte 1 sends it. */
export function taskRequest(changes: RequestChanges = {}): TaskRequest {
  const attempt = changes.execution?.attempt ?? 0;
  return {
    template: { ...template, ...changes.template },
    execution: { ...execution, ...changes.execution },
    inputs: Inputs.of(new Map(Object.entries(changes.inputs ?? {}))),
    outputPrefix: changes.outputPrefix ?? `s3://bucket/metadata/flytesnacks-development-f3a/n0/data/${attempt}`,
  };
}

/** What the engine stored of a task and sends back. */
export function storedRequest(reference: Uint8Array, taskType: string = 'job'): StoredRequest {
  return { taskType, reference, outputPrefix: 's3://bucket/metadata/flytesnacks-development-f3a/n0/data/0' };
}

/** What is in a reference that this server wrote. */
export function contentOf(reference: Uint8Array): Reference['content'] {
  return decodeReference(reference).content;
}

/** Does something within a call; `callerMs` is the caller's deadline in milliseconds from now. */
export async function during<Value>(work: (call: Call) => Promise<Value>, callerMs?: number): Promise<Value> {
  const call = new Call(callerMs === undefined ? undefined : Date.now() + callerMs);
  try {
    return await work(call);
  } finally {
    call.end();
  }
}

/** A step of a fake that waits until the test lets it go. */
export function gate(): { readonly wait: () => Promise<void>; readonly open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { wait: () => promise, open: resolve };
}

/** Fails the first `times` calls, then does nothing. */
export function failing(error: unknown, times: number = Infinity): () => void {
  let left = times;
  return () => {
    if (left-- > 0) throw error;
  };
}

/** What a promise is rejected with; made at once, so that no rejection is without a listener. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it was not rejected');
}

export function unavailable(submitted?: 'no' | 'unknown'): AgentError {
  return new AgentError({ code: 'UNAVAILABLE', message: 'the service does not answer (503)', ...(submitted && { submitted }) });
}

export function denied(): AgentError {
  return new AgentError({ code: 'PERMISSION_DENIED', message: 'access denied: grant jobs.run' });
}

export function badConfig(): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message: 'no such machine type: xxl' });
}
