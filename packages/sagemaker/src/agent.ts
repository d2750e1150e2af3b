import { AwsClients, toLogLines } from '@flyte-agents/aws';
import {
  AgentError,
  AsyncAgent,
  isTerminal,
  readErrorDocument,
  type AgentContext,
  type Check,
  type CreateContext,
  type GetContext,
  type IdempotencyKey,
  type JsonObject,
  type Locator,
  type LogLink,
  type LogPage,
  type LogRequest,
  type Resource,
  type Task,
} from '@flyte-agents/core';
import { connect, type Job, type SageMakerClient } from './client.ts';
import { jobConfig, jobPlace, jobRef, type JobConfig, type JobPlace, type JobRef } from './config.ts';
import { keyTag, ownKeyOf, toLinks, toLogPlace, toNames, toPlace, toRef, toRequest, toResource } from './convert.ts';
import { isDenied, isInUse, isOver, isUnknown, notFound, rethrow, submitFault, unsubmitted } from './errors.ts';
import { findKeyed, startKeyed, stepsOf } from './keyed.ts';
import { kindOf, kinds } from './kinds.ts';
import type { SageMakerAgentOptions } from './options.ts';
import { isOfUse, isToBeEnded, phaseOf } from './states.ts';

/** Whose a job is: this attempt's, another's, or nobody may say. */
type Owner = 'us' | 'others' | 'unknown';

/** Runs SageMaker's jobs, and brings up its endpoints. */
export class SageMakerAgent extends AsyncAgent<JobConfig, JobRef> {
  readonly name = 'SageMaker Agent';
  readonly taskTypes = [...kindOf.keys()].map((name) => ({ name }));
  readonly config = jobConfig;
  readonly ref = jobRef;
  readonly #clients: AwsClients<SageMakerClient>;
  readonly #options: SageMakerAgentOptions;

  constructor(options: SageMakerAgentOptions = {}) {
    super();
    this.#options = options;
    this.#clients = new AwsClients(options.connect ?? connect);
  }

  override async prepare(): Promise<void> {
    if (this.#options.connect === undefined) await import('@aws-sdk/client-sagemaker');
  }

  /** A job that nobody has takes the same right to look, and costs nothing. */
  override checks(): readonly Check[] {
    const { region } = this.#options;
    return [
      {
        name: 'service',
        isOptional: region === undefined,
        run: async (context) => {
          if (region === undefined)
            throw new AgentError({ code: 'FAILED_PRECONDITION', message: 'no region for tasks that name none (set AWS_REGION)' });
          const client = await this.#clients.get(region, context.secrets);
          const nobody = { kind: 'training', name: 'flyte-agents-doctor' } as const;
          await find(client, nobody, context).catch(rethrow('look at training jobs'));
          return `answers in ${region}, and lets training jobs be seen`;
        },
      },
    ];
  }

  async create(task: Task<JobConfig>, context: CreateContext): Promise<JobRef> {
    const { idempotencyKey: key } = context;
    const place = this.locate(task);
    const request = toRequest(task, place, key);
    const client = await this.#clients.get(place.region, context.secrets);
    if (kinds[place.kind].key !== undefined) return startKeyed(client, place, request, context);
    const names = toNames(place, key);
    for (const name of names) {
      const ref = await this.#start({ client, place, name, request, isLast: name === names.at(-1) }, context);
      if (ref !== undefined) return ref;
    }
    throw taken(place, names[0] ?? '');
  }

  async get(ref: JobRef, context: GetContext): Promise<Resource> {
    const client = await this.#clients.get(ref.region, context.secrets);
    const what = whatOf(ref);
    const described = await client.describe(ref.kind, ref.name, context.signal).catch((error: unknown) => {
      if (isUnknown(error)) throw notFound(what);
      return rethrow(what)(error);
    });
    // Afterwards: of what has ended, all steps have.
    const steps = await stepsOf(client, ref, context);
    const job = ref.kind === 'pipeline' ? { ...described, hasStarted: steps?.length !== 0 } : described;
    const phase = phaseOf(job);
    const written = isTerminal(phase) ? ref.outputPrefix : null;
    const [error, lacksOutputs, best] = await Promise.all([
      written === null ? undefined : readErrorDocument(context, written),
      written !== null && phase === 'SUCCEEDED' && ref.hasOutputs ? lacks(`${written}/outputs.pb`, context) : false,
      phase === 'SUCCEEDED' ? bestOf(client, job, context) : undefined,
    ]);
    return toResource({ ref, job, error, lacksOutputs, best, steps, links: this.links(ref), ageMs: Date.now() - context.createdAt });
  }

  /** What is in service stays, and what this attempt did not create. */
  async delete(ref: JobRef, context: AgentContext): Promise<void> {
    const { kind, name, key } = ref;
    const client = await this.#clients.get(ref.region, context.secrets);
    const what = whatOf(ref);
    const job = await find(client, ref, context).catch(rethrow(what));
    if (job === undefined || !isToBeEnded(job)) return;
    if ((await keyOf(client, job, context)) !== key) return;
    await client.stop(kind, name, key).catch((error: unknown) => {
      if (!isOver(error)) rethrow(`end of ${what}`)(error);
    });
  }

  override links(ref: JobRef): readonly LogLink[] {
    return toLinks(ref, this.#options);
  }

  locate(task: Task<JobConfig>): JobPlace {
    return toPlace(task, this.#options);
  }

  async find(key: IdempotencyKey, where: Locator, context: AgentContext): Promise<JobRef | undefined> {
    const place = jobPlace.parse(where);
    const client = await this.#clients.get(place.region, context.secrets);
    if (kinds[place.kind].key !== undefined) return findKeyed(client, place, key, context);
    // Besides what this attempt's name may be, what the previous one's was.
    for (const name of new Set([...toNames(place, key), ...place.names])) {
      const job = await find(client, { kind: place.kind, name }, context).catch(rethrow(`look-up of ${whatOf({ ...place, name })}`));
      if (job === undefined) continue;
      const owner = await ownerOf(client, job, key, context);
      if (owner === 'us' || isUpdating(job, place)) return toRef(place, name, key);
    }
    return undefined;
  }

  override hostOf({ region }: JobRef | Locator): string {
    return typeof region === 'string' ? region : '';
  }

  override async *getLogs(ref: JobRef, { lines, token }: LogRequest, context: AgentContext): AsyncIterable<LogPage> {
    const client = await this.#clients.get(ref.region, context.secrets);
    const where = toLogPlace(ref);
    if (where === undefined) return;
    let left = lines === 0n ? Number.POSITIVE_INFINITY : Number(lines);
    let next = token;
    do {
      const limit = Number.isFinite(left) ? Math.min(left, 10_000) : undefined;
      const place = { ...where, token: next || undefined, limit };
      const page = await client.readLog(place, context.signal).catch(rethrow(`log of ${whatOf(ref)}`));
      const read = toLogLines(page.events);
      left -= read.length;
      next = page.nextToken ?? '';
      if (read.length > 0 || next !== '') yield { lines: read, ...(next !== '' && { nextToken: next }) };
    } while (next !== '' && left > 0);
  }

  /** Starts a job of a name, or finds that this attempt did. `undefined`: the name is in use, another may do. */
  async #start({ client, place, name, request, isLast }: Start, context: CreateContext): Promise<JobRef | undefined> {
    const { kind } = place;
    const key = context.idempotencyKey;
    const what = whatOf({ ...place, name });
    const ref = toRef(place, name, key);
    try {
      await client.submit(kinds[kind].create, { ...request, [kinds[kind].name]: name });
      return ref;
    } catch (error) {
      const fault = submitFault(error, `create of ${what}`);
      const isTaken = isInUse(error) || fault.code === 'ALREADY_EXISTS';
      if (!isTaken && fault.submitted === 'no') throw fault;
      const job = await find(client, ref, context).catch((cause: unknown) => {
        if (isTaken) return unsubmitted(`look-up of ${what}`)(cause);
        return undefined;
      });
      const owner = job && (await ownerOf(client, job, key, context));
      if (job === undefined || owner === undefined) {
        // It was there a moment ago: it is being deleted.
        throw isTaken ? passing(`create of ${what}: the name is in use, and soon will not be`) : fault;
      }
      if (owner === 'us') return ref;
      if (!isTaken) throw fault;
      if (place.update !== null) return this.#update({ client, place, name, request, job }, context);
      if (place.isShared && isOfUse(job)) return ref;
      if (/^deleting$/i.test(job.status)) throw passing(`create of ${what}: one of the same name is being deleted`);
      if (isLast) throw taken(place, name);
      return undefined;
    }
  }

  /** Gives an endpoint another config: SageMaker brings up new machines beside the old, and rolls back by the request's alarms. */
  async #update(
    { client, place, name, request, job }: Omit<Start, 'isLast'> & { readonly job: Job },
    { idempotencyKey }: CreateContext,
  ): Promise<JobRef> {
    const ref = toRef(place, name, idempotencyKey);
    const isDone = job.record['EndpointConfigName'] === place.update && job.status === 'InService';
    if (isDone || isUpdating(job, place)) return ref;
    const { EndpointConfigName = null, DeploymentConfig = null } = request;
    const body = { EndpointName: name, EndpointConfigName, ...(DeploymentConfig !== null && { DeploymentConfig }) };
    try {
      await client.submit('UpdateEndpoint', body);
    } catch (error) {
      throw submitFault(error, `update of ${whatOf(ref)}`);
    }
    return ref;
  }
}

/** What is to be started. */
interface Start {
  readonly client: SageMakerClient;
  readonly place: JobPlace;
  readonly name: string;
  readonly request: JsonObject;
  /** Whether there is no other name to try. */
  readonly isLast: boolean;
}

/** A job of a name; `undefined` when there is none. */
async function find(
  client: SageMakerClient,
  { kind, name }: Pick<JobRef, 'kind' | 'name'>,
  { signal }: AgentContext,
): Promise<Job | undefined> {
  try {
    return await client.describe(kind, name, signal);
  } catch (error) {
    if (isUnknown(error)) return undefined;
    throw error;
  }
}

/** The key of the attempt that made something; `undefined` where there is none, or it is gone. */
async function keyOf(client: SageMakerClient, job: Job, { signal }: AgentContext): Promise<string | undefined> {
  if (kinds[job.kind].key !== undefined) return ownKeyOf(job);
  try {
    return (await client.tags(job.arn, signal))[keyTag];
  } catch (error) {
    if (isUnknown(error)) return undefined;
    return rethrow(`tags of ${whatOf(job)}`)(error);
  }
}

async function ownerOf(client: SageMakerClient, { arn, name }: Job, key: IdempotencyKey, { signal }: AgentContext): Promise<Owner> {
  try {
    return (await client.tags(arn, signal))[keyTag] === key ? 'us' : 'others';
  } catch (error) {
    if (isUnknown(error)) return 'others';
    // Without tags, only a name with the whole key is known to be this attempt's.
    if (isDenied(error)) return name.includes(key) ? 'us' : 'unknown';
    return rethrow(`tags of ${name}`)(error);
  }
}

/** Whether an endpoint has, or is on its way to, the config that the task wants. */
function isUpdating({ record }: Job, { update }: JobPlace): boolean {
  const { PendingDeploymentSummary: pending = null } = record;
  const next =
    typeof pending === 'object' && pending !== null && 'EndpointConfigName' in pending ? pending['EndpointConfigName'] : undefined;
  return update !== null && next === update;
}

/** What a tuning job made is told by the best of its training jobs. */
async function bestOf(client: SageMakerClient, { kind, record }: Job, { signal, logger }: AgentContext): Promise<Job | undefined> {
  const { BestTrainingJob: best = null } = record;
  const name = typeof best === 'object' && best !== null && 'TrainingJobName' in best ? best['TrainingJobName'] : undefined;
  if (kind !== 'tuning' || typeof name !== 'string') return undefined;
  try {
    return await client.describe('training', name, signal);
  } catch (error) {
    if (!isUnknown(error) && !isDenied(error)) return rethrow(`training job ${name}`)(error);
    logger.debug({ name }, 'the best training job may not be read');
    return undefined;
  }
}

/** Whether an object is not there. Where the server may not look, the engine will. */
async function lacks(location: string, { store, signal, logger }: AgentContext): Promise<boolean> {
  try {
    return (await store.stat(location, signal)) === undefined;
  } catch (error) {
    const fault = AgentError.from(error);
    if (fault.passes) throw fault;
    logger.debug({ code: fault.code }, `whether there are outputs is not known: ${fault.message}`);
    return false;
  }
}

function whatOf({ kind, name }: Pick<JobRef, 'kind' | 'name'>): string {
  return `${kinds[kind].title} ${name}`;
}

function taken(place: JobPlace, name: string): AgentError {
  const hint =
    place.kind === 'endpoint'
      ? 'set update in the task to give it another config, or put {idempotence_token} into its name'
      : `leave ${kinds[place.kind].name} out, or put {idempotence_token} into it`;
  const message = `SageMaker ${whatOf({ ...place, name })}: there is one of this name that this attempt did not make (${hint})`;
  return new AgentError({ code: 'ALREADY_EXISTS', message, submitted: 'no' });
}

function passing(message: string): AgentError {
  return new AgentError({ code: 'UNAVAILABLE', message: `SageMaker ${message}`, submitted: 'no' });
}
