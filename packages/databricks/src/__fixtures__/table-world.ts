import { faultStatus, World, type Fault } from '@flyte-agents/testing';
import type { Statement } from '../client.ts';
import { DatabricksError } from '../errors.ts';
import { TableSensor } from '../table/sensor.ts';
import { DatabricksWorld } from './world.ts';

/** A Delta table behind the sensor's port: it is there, and changes when the world comes to its end. */
export class TableWorld extends World {
  readonly #token = this.canaries.make('personal access token');
  override readonly secrets = { FLYTE_DATABRICKS_ACCESS_TOKEN: this.#token };
  #hasChanged = false;

  agent(): TableSensor {
    const client = {
      ...new DatabricksWorld().client(),
      hasTable: (_name: string, signal: AbortSignal) => this.call('read', () => true, signal),
      executeStatement: (_body: object, signal?: AbortSignal) => this.call('read', () => this.#history(), signal),
    };
    return new TableSensor({ instance: 'acme.cloud.databricks.com', connect: () => client });
  }

  override finish(): void {
    this.#hasChanged = true;
  }

  #history(): Statement {
    return { statement_id: 's1', status: { state: 'SUCCEEDED' }, result: { data_array: this.#hasChanged ? [['7']] : [] } };
  }

  protected override error({ kind, retryAfterMs }: Fault): DatabricksError {
    const status = faultStatus(kind);
    if (status === undefined) return new DatabricksError('no answer (ECONNRESET)', { from: 'nobody' });
    return new DatabricksError(`${kind} (${this.#token})`, { from: 'service', status, retryAfterMs });
  }
}
