import type { JsonObject } from '@flyte-agents/core';
import { faultStatus, World, type Fault, type JobState, type WorldJob } from '@flyte-agents/testing';
import type { DatabricksClient, Statement } from '../client.ts';
import { DatabricksError } from '../errors.ts';
import { DatabricksSqlAgent } from '../sql/agent.ts';
import { textOf, unused } from './world.ts';

/** Databricks' warehouses behind the agent's port: a statement that is sent twice runs twice. */
export class SqlWorld extends World<JsonObject> {
  readonly #token = this.canaries.make('personal access token');
  override readonly secrets = { FLYTE_DATABRICKS_ACCESS_TOKEN: this.#token };

  agent(): DatabricksSqlAgent {
    return new DatabricksSqlAgent({ instance: 'acme.cloud.databricks.com', connect: () => this.client() });
  }

  client(): DatabricksClient {
    return {
      executeStatement: (body) => this.call('submit', () => view(this.submit(toKey(body), body))),
      getStatement: (id, signal) => this.call('read', () => found(this.job(id)), signal),
      cancelStatement: (id) => this.call('cancel', () => this.cancel(id)),
      listStatements: (_warehouse, signal) => this.call('search', () => this.#history(), signal),
      submitRun: unused,
      runJob: unused,
      repairRun: unused,
      getRun: unused,
      getOutput: unused,
      listRuns: unused,
      cancelRun: unused,
      findJobs: unused,
      hasTable: unused,
      warehouseState: unused,
      changeWarehouse: unused,
    };
  }

  #history() {
    const shown = this.jobs.filter(({ id }) => this.job(id) !== undefined);
    return shown.map(({ id, details }) => ({ query_id: id, query_text: textOf(details, 'statement') }));
  }

  protected override error({ kind, retryAfterMs }: Fault): DatabricksError {
    const status = faultStatus(kind);
    if (status === undefined) return new DatabricksError('no answer (ECONNRESET)', { from: 'nobody' });
    return new DatabricksError(`${kind} (${this.#token})`, { from: 'service', status, retryAfterMs });
  }
}

/** A statement begins with the comment that has its key. */
function toKey(body: JsonObject): string {
  return /^\/\* flyte-(\w+) \*\/ /.exec(textOf(body, 'statement'))?.[1] ?? '';
}

const states: Readonly<Record<JobState, string>> = {
  waiting: 'PENDING',
  running: 'RUNNING',
  succeeded: 'SUCCEEDED',
  failed: 'FAILED',
  cancelled: 'CANCELED',
  unknown: 'HIBERNATING',
};

function found(job: WorldJob<JsonObject> | undefined): Statement {
  if (job !== undefined) return view(job);
  throw new DatabricksError('The statement job-1 was not found.', { from: 'service', status: 404, reason: 'NOT_FOUND' });
}

function view({ id, state, hasStarted }: WorldJob<JsonObject>): Statement {
  return {
    statement_id: id,
    status: {
      state: state === 'waiting' && hasStarted ? 'RUNNING' : states[state],
      ...(state === 'failed' && { error: { error_code: 'BAD_REQUEST', message: '[TABLE_OR_VIEW_NOT_FOUND] sales' } }),
    },
    ...(state === 'succeeded' && {
      manifest: { schema: { columns: [{ name: 'n', type_name: 'BIGINT' }] }, total_row_count: 1 },
      result: { data_array: [['3']] },
    }),
  };
}
