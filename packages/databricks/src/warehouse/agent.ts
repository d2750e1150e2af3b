import { SyncAgent, toUnsubmitted, type CreateContext, type Resource, type Task } from '@flyte-agents/core';
import { toReadFault, toSubmitFault } from '../errors.ts';
import { toHost } from '../hosts.ts';
import type { DatabricksOptions } from '../options.ts';
import { Workspaces } from '../workspaces.ts';
import { warehouseConfig, type WarehouseConfig } from './config.ts';

/** Where a warehouse need not be told any more. https://docs.databricks.com/api/workspace/warehouses/get */
const reached: Readonly<Record<WarehouseConfig['action'], readonly string[]>> = {
  start: ['STARTING', 'RUNNING'],
  stop: ['STOPPING', 'STOPPED'],
};

/** Starts and stops SQL warehouses: `databricks_warehouse` tasks. Does not wait: statements wait for a warehouse that starts. */
export class DatabricksWarehouseAgent extends SyncAgent<WarehouseConfig> {
  readonly name = 'Databricks Warehouse Agent';
  readonly taskTypes = [{ name: 'databricks_warehouse' }];
  readonly config = warehouseConfig;
  readonly #options: DatabricksOptions;
  readonly #workspaces: Workspaces;

  constructor(options: DatabricksOptions = {}) {
    super();
    this.#options = options;
    this.#workspaces = new Workspaces(options);
  }

  async do({ config }: Task<WarehouseConfig>, { secrets, signal }: CreateContext): Promise<Resource> {
    const { instance, auth, warehouseId, action } = config;
    const what = `warehouse ${warehouseId}`;
    const client = await this.#workspaces.client(toHost(instance, this.#options), auth, secrets);
    const state = await client.warehouseState(warehouseId, signal).catch((error: unknown) => {
      throw toUnsubmitted(toReadFault(error, what));
    });
    if (reached[action].includes(state)) return { phase: 'SUCCEEDED', message: `Databricks ${what} is ${state}`, outputs: {} };
    await client.changeWarehouse(warehouseId, action).catch((error: unknown) => {
      throw toSubmitFault(error, `${action} of ${what}`);
    });
    return { phase: 'SUCCEEDED', message: `Databricks ${what}, which was ${state}, was told to ${action}`, outputs: {} };
  }
}
