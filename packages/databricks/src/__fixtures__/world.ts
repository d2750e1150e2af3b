import { faultStatus, World, type Fault, type JobState, type WorldJob } from '@flyte-agents/testing';
import type { JsonObject } from '@flyte-agents/core';
import { DatabricksAgent } from '../agent.ts';
import type { DatabricksClient, ListedRun, Run, RunFilter } from '../client.ts';
import { asObject } from '../convert/compute.ts';
import { DatabricksError } from '../errors.ts';
import type { DatabricksOptions } from '../options.ts';

/** Databricks' jobs behind the agent's port: a token gives the same run, and names are shown in listings. */
export class DatabricksWorld extends World<JsonObject> {
  readonly #token = this.canaries.make('personal access token');
  override readonly secrets = { FLYTE_DATABRICKS_ACCESS_TOKEN: this.#token };
  readonly #options: DatabricksOptions;

  constructor(options: DatabricksOptions = {}) {
    super();
    this.#options = options;
  }

  agent(): DatabricksAgent {
    return new DatabricksAgent({ instance: 'acme.cloud.databricks.com', connect: () => this.client(), ...this.#options });
  }

  client(): DatabricksClient {
    return {
      submitRun: (body) => this.call('submit', () => this.#submit(body).id.replace(/\D/g, '')),
      runJob: (jobId, body) => this.call('submit', () => this.#submit({ ...body, job_id: jobId }).id.replace(/\D/g, '')),
      repairRun: () => this.call('submit', () => undefined),
      getRun: (runId, signal) => this.call('read', () => found(this.job(`job-${runId}`)), signal),
      getOutput: (_runId, signal) => this.call('read', () => ({ error: 'ValueError: no rows' }), signal),
      listRuns: (filter, signal) => this.call('search', () => this.#list(filter), signal),
      cancelRun: (runId) => this.call('cancel', () => this.cancel(`job-${runId}`)),
      findJobs: (_name, signal) => this.call('search', () => ['7'], signal),
      executeStatement: unused,
      getStatement: unused,
      cancelStatement: unused,
      listStatements: unused,
      hasTable: unused,
      warehouseState: unused,
      changeWarehouse: unused,
    };
  }

  /** The key of a job of this world is what is in its token. */
  #submit(body: JsonObject): WorldJob<JsonObject> {
    const key = textOf(body, 'idempotency_token');
    return this.jobs.find((job) => job.details['idempotency_token'] === key) ?? this.submit(key.replace(/^flyte-/, ''), body);
  }

  #list({ isActive, jobId }: RunFilter): readonly ListedRun[] {
    return this.jobs
      .filter(({ id, details }) => this.job(id) !== undefined && details['job_id'] === jobId)
      .filter(({ state }) => !isActive || ['waiting', 'running', 'unknown'].includes(state))
      .map(({ id, details }) => ({
        run_id: id.replace(/\D/g, ''),
        // A job's run has the name of the job.
        run_name: jobId === undefined ? textOf(details, 'run_name') : 'nightly',
        job_parameters: Object.keys(asObject(details['job_parameters'])).map((name) => ({
          name,
          value: textOf(asObject(details['job_parameters']), name),
        })),
      }));
  }

  protected override error({ kind, retryAfterMs }: Fault): DatabricksError {
    // As an HTTP client has it: with the request, and its token.
    const cause = Object.assign(new Error(kind), { request: { headers: { authorization: `Bearer ${this.#token}` } } });
    const status = faultStatus(kind);
    if (status === undefined) return new DatabricksError(`no answer (ECONNRESET)`, { from: 'nobody', cause });
    return new DatabricksError(`${kind} (${this.#token})`, { from: 'service', status, retryAfterMs, cause });
  }
}

export function textOf(body: JsonObject, name: string): string {
  const value = body[name];
  return typeof value === 'string' ? value : '';
}

export async function unused(): Promise<never> {
  throw new TypeError('nobody asks for this');
}

const states: Readonly<Record<JobState, NonNullable<Run['state']>>> = {
  waiting: { life_cycle_state: 'QUEUED' },
  running: { life_cycle_state: 'RUNNING' },
  succeeded: { life_cycle_state: 'TERMINATED', result_state: 'SUCCESS' },
  failed: { life_cycle_state: 'TERMINATED', result_state: 'FAILED', state_message: 'Workload failed, see run output for details' },
  cancelled: { life_cycle_state: 'TERMINATED', result_state: 'CANCELED', state_message: 'Run cancelled.' },
  unknown: { life_cycle_state: 'HIBERNATING' },
};

function found(job: WorldJob<JsonObject> | undefined): Run {
  if (job === undefined) {
    throw new DatabricksError('Run 1 does not exist.', { from: 'service', status: 400, reason: 'INVALID_PARAMETER_VALUE' });
  }
  const { id, state, hasStarted } = job;
  const runId = id.replace(/\D/g, '');
  return {
    run_id: runId,
    job_id: '11',
    run_page_url: `https://acme.cloud.databricks.com/?o=1#${id}`,
    state: states[state],
    tasks: [{ run_id: `${runId}9`, task_key: 'main', state: states[state], attempt_number: hasStarted && state === 'waiting' ? 1 : 0 }],
  };
}
