import {
  AgentError,
  AsyncAgent,
  readErrorDocument,
  toUnsubmitted,
  type AgentContext,
  type Check,
  type CreateContext,
  type ErrorDocument,
  type GetContext,
  type IdempotencyKey,
  type Locator,
  type Resource,
  type Task,
} from '@flyte-agents/core';
import type { DatabricksClient, Run, RunOutput } from './client.ts';
import { legacyRunRef, runConfig, runPlace, runRef, type JobName, type RunConfig, type RunPlace, type RunRef } from './config.ts';
import { isMarked, tellingTask, toJobRun, toOneTimeRun, toPlace, toResource, unknownSettings } from './convert.ts';
import { rethrow, toReadFault, toSubmitFault } from './errors.ts';
import { toHost } from './hosts.ts';
import type { DatabricksOptions } from './options.ts';
import { isOver, runPhase } from './states.ts';
import { Workspaces } from './workspaces.ts';

/** Runs `databricks` tasks, and `spark` tasks where an operator wants it, as runs of Databricks. */
export class DatabricksAgent extends AsyncAgent<RunConfig, RunRef> {
  readonly name = 'Databricks Agent';
  readonly taskTypes: readonly { readonly name: string }[];
  readonly config = runConfig;
  readonly ref = runRef;
  override readonly legacyRef = legacyRunRef;
  readonly #options: DatabricksOptions;
  readonly #workspaces: Workspaces;

  constructor(options: DatabricksOptions = {}) {
    super();
    this.#options = options;
    this.#workspaces = new Workspaces(options);
    this.taskTypes = [{ name: 'databricks' }, ...(options.spark === true ? [{ name: 'spark' }] : [])];
  }

  async create(task: Task<RunConfig>, context: CreateContext): Promise<RunRef> {
    const place = this.locate(task);
    const { idempotencyKey: key, logger } = context;
    const body = task.config.job === undefined ? toOneTimeRun(task, key, this.#options) : toJobRun(task, key);
    const unknown = unknownSettings(task.config.settings);
    if (unknown.length > 0) logger.warn({ key, settings: unknown }, 'Databricks drops settings of databricksConf that it does not know');
    const client = await this.#client(place, context);
    if (task.config.job === undefined) return { ...place, runId: await submitted('submit', () => client.submitRun(body)) };
    const jobId = await jobOf(client, task.config.job, context);
    const runId = await submitted(`run of job ${jobId}`, () => client.runJob(jobId, body));
    if (!task.config.repair) return { ...place, runId };
    return { ...place, runId, repairs: await repaired(client, runId, task.execution.attempt, context) };
  }

  async get(ref: RunRef, context: GetContext): Promise<Resource> {
    const client = await this.#client(ref, context);
    const run = await client.getRun(ref.runId, context.signal).catch(rethrow(`run ${ref.runId}`));
    if (!isOver(run)) return toResource({ ref, run });
    const [output, document] = await Promise.all([outputOf(client, ref, run, context), documentOf(ref, run, context)]);
    return toResource({ ref, run, output, document });
  }

  async delete(ref: RunRef, context: AgentContext): Promise<void> {
    const client = await this.#client(ref, context);
    const run = await client.getRun(ref.runId, context.signal).catch(rethrow(`run ${ref.runId}`));
    // A run that was repaired since is a later attempt's.
    if (isOver(run) || (ref.repairs !== undefined && repairsOf(run) !== ref.repairs)) return;
    await client.cancelRun(ref.runId).catch(toleratingEnd(`cancel of run ${ref.runId}`));
  }

  locate(task: Task<RunConfig>): RunPlace {
    return toPlace(task, this.#options);
  }

  override hostOf({ host }: RunRef | Locator): string {
    return typeof host === 'string' ? host : '';
  }

  /** Runs of a job that takes no key cannot be told apart: only the create that started one can find it, by its token. */
  async find(key: IdempotencyKey, where: Locator, context: AgentContext): Promise<RunRef | undefined> {
    const place = runPlace.parse(where);
    const { jobRun } = place;
    if (jobRun !== undefined && jobRun.keyParameter === undefined) return undefined;
    const client = await this.#client(place, context);
    const jobId = jobRun && (await jobOf(client, jobRun.job, context));
    for (const isActive of [true, false]) {
      const runs = await client.listRuns({ isActive, jobId }, context.signal).catch(rethrow('listing of runs'));
      const run = runs.find((listed) => isMarked(listed, key, jobRun?.keyParameter));
      if (run !== undefined) return { ...place, runId: run.run_id };
    }
    return undefined;
  }

  /** Tasks may name workspaces and tokens of their own. */
  override checks(): readonly Check[] {
    const { instance } = this.#options;
    if (instance === undefined) return [];
    const workspace = async (context: AgentContext): Promise<string> => {
      const client = await this.#client({ host: toHost(undefined, this.#options), auth: {} }, context);
      await client.listRuns({ isActive: true }, context.signal).catch(rethrow('listing of runs'));
      return `${instance} answers, and lets runs be read`;
    };
    return [{ name: 'workspace', isOptional: true, run: workspace }];
  }

  async #client({ host, auth }: Pick<RunPlace, 'host' | 'auth'>, context: AgentContext): Promise<DatabricksClient> {
    return this.#workspaces.client(host, auth, context.secrets);
  }
}

/** The token makes a submit safe to repeat: one whose outcome is unclear is sent again, and gives the run that the first one started. */
async function submitted(what: string, submit: () => Promise<string>): Promise<string> {
  try {
    return await submit();
  } catch (error) {
    const fault = toSubmitFault(error, what);
    if (fault.submitted === 'no' || !fault.passes) throw fault;
  }
  try {
    return await submit();
  } catch (error) {
    const fault = toSubmitFault(error, what);
    // What is refused now says nothing of the first one, unless the task itself is wrong.
    if (fault.submitted === 'unknown' || fault.origin === 'user') throw fault;
    throw AgentError.like(fault, { submitted: 'unknown' });
  }
}

async function jobOf(client: DatabricksClient, job: JobName, { signal }: AgentContext): Promise<string> {
  if ('id' in job) return job.id;
  const found = await client.findJobs(job.name, signal).catch((error: unknown) => {
    throw toUnsubmitted(toReadFault(error, `look-up of job ${job.name}`));
  });
  const [id, ...others] = found;
  if (id !== undefined && others.length === 0) return id;
  const what = id === undefined ? 'there is no job of this name, or it may not be seen' : 'several jobs have this name: give its job_id';
  throw new AgentError({ code: 'INVALID_ARGUMENT', message: `databricksConf.job_name: ${JSON.stringify(job.name)}: ${what}` });
}

/** A retry starts the failed tasks of the run again that all attempts share, once. Gives how often that has been done. */
async function repaired(client: DatabricksClient, runId: string, attempt: number, { signal }: AgentContext): Promise<number> {
  const fail = (error: unknown): never => {
    throw AgentError.like(toReadFault(error, `repair of run ${runId}`), { origin: 'system', submitted: 'no' });
  };
  const run = await client.getRun(runId, signal).catch(fail);
  const repairs = repairsOf(run);
  if (repairs >= attempt || !isOver(run) || runPhase(run) === 'SUCCEEDED') return repairs;
  const latest = run.repair_history?.findLast(({ type }) => type === 'REPAIR')?.id ?? undefined;
  await client.repairRun(runId, latest).catch(fail);
  return repairs + 1;
}

function repairsOf({ repair_history: history }: Run): number {
  return (history ?? []).filter(({ type }) => type === 'REPAIR').length;
}

/** What tells how a run ended: the error of the task that failed, or the value that is wanted. */
async function outputOf(client: DatabricksClient, ref: RunRef, run: Run, { signal, logger }: GetContext): Promise<RunOutput | undefined> {
  const isWanted = runPhase(run) !== 'SUCCEEDED' || Object.keys(ref.outputs).length > 0;
  const task = tellingTask(run);
  if (!isWanted || task === undefined) return undefined;
  try {
    return await client.getOutput(task.run_id, signal);
  } catch (error) {
    const fault = toReadFault(error, `output of run ${task.run_id}`);
    if (fault.passes) throw fault;
    // Not every kind of task has one.
    logger.debug({ code: fault.code }, fault.message);
    return undefined;
  }
}

/** Why Flyte's code failed. A run that succeeded in the end may have failed before, and its first error is still there. */
async function documentOf(ref: RunRef, run: Run, context: GetContext): Promise<ErrorDocument | undefined> {
  if (ref.kind !== 'python' || context.outputPrefix === '') return undefined;
  const { store, signal, outputPrefix, logger } = context;
  if (runPhase(run) !== 'SUCCEEDED') {
    return readErrorDocument(context, outputPrefix).catch((error: unknown) => {
      // The run has failed in any case.
      logger.debug({}, `error.pb is not read: ${AgentError.from(error).message}`);
      return undefined;
    });
  }
  const document = await readErrorDocument(context, outputPrefix);
  if (document === undefined) return undefined;
  const outputs = await store.stat(`${outputPrefix.replace(/\/+$/, '')}/outputs.pb`, signal);
  return outputs === undefined ? document : undefined;
}

/** What is over or gone needs no cancel. */
function toleratingEnd(what: string): (error: unknown) => void {
  return (error) => {
    const fault = toReadFault(error, what);
    if (fault.code !== 'NOT_FOUND' && fault.code !== 'FAILED_PRECONDITION') throw fault;
  };
}
