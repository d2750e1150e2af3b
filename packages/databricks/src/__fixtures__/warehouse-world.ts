import type { CreateContext, Resource, Task } from '@flyte-agents/core';
import { faultStatus, World, type Fault } from '@flyte-agents/testing';
import type { DatabricksClient } from '../client.ts';
import { DatabricksError } from '../errors.ts';
import { DatabricksWarehouseAgent } from '../warehouse/agent.ts';
import type { WarehouseConfig } from '../warehouse/config.ts';
import { DatabricksWorld } from './world.ts';

/** Warehouses behind the agent's port, one for each attempt: nothing in a start says whose it is. One that is asked for twice is one. */
export class WarehouseWorld extends World<string> {
  readonly #token = this.canaries.make('personal access token');
  override readonly secrets = { FLYTE_DATABRICKS_ACCESS_TOKEN: this.#token };

  agent(): DatabricksWarehouseAgent {
    return new AttemptsAgent((key) => this.client(key));
  }

  client(key: string): DatabricksClient {
    return {
      ...new DatabricksWorld().client(),
      warehouseState: (_id, signal) => this.call('read', () => (this.byKey(key).length > 0 ? 'RUNNING' : 'STOPPED'), signal),
      changeWarehouse: (_id, action) => this.call('submit', () => void (this.byKey(key)[0] ?? this.submit(key, action, 'succeeded'))),
    };
  }

  protected override error({ kind, retryAfterMs }: Fault): DatabricksError {
    const status = faultStatus(kind);
    if (status === undefined) return new DatabricksError('no answer (ECONNRESET)', { from: 'nobody' });
    return new DatabricksError(`${kind} (${this.#token})`, { from: 'service', status, retryAfterMs });
  }
}

/** The agent, with the warehouse of the attempt that it is asked about. */
class AttemptsAgent extends DatabricksWarehouseAgent {
  readonly #client: (key: string) => DatabricksClient;

  constructor(client: (key: string) => DatabricksClient) {
    super();
    this.#client = client;
  }

  override async do(task: Task<WarehouseConfig>, context: CreateContext): Promise<Resource> {
    const connect = () => this.#client(context.idempotencyKey);
    return new DatabricksWarehouseAgent({ instance: 'acme.cloud.databricks.com', connect }).do(task, context);
  }
}
