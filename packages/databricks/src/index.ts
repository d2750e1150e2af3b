import type { AgentList } from '@flyte-agents/core';
import { DatabricksAgent } from './agent.ts';
import { fromEnvironment } from './options.ts';
import { TableSensor } from './table/sensor.ts';
import { DatabricksSqlAgent } from './sql/agent.ts';
import { DatabricksWarehouseAgent } from './warehouse/agent.ts';

export { DatabricksAgent } from './agent.ts';
export type { Connect, DatabricksClient, Run, RunOutput, Statement } from './client.ts';
export type { TokenSource } from './credentials.ts';
export { DatabricksError } from './errors.ts';
export type { DatabricksOptions, Entrypoint } from './options.ts';
export { TableSensor } from './table/sensor.ts';
export { DatabricksSqlAgent } from './sql/agent.ts';
export { DatabricksWarehouseAgent } from './warehouse/agent.ts';

const options = fromEnvironment(process.env);
const agents: AgentList = [
  new DatabricksAgent(options),
  new DatabricksSqlAgent(options),
  new DatabricksWarehouseAgent(options),
  new TableSensor(options),
];
export default agents;
