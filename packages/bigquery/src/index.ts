import type { AgentList } from '@flyte-agents/core';
import { BigQueryAgent } from './agent.ts';
import { fromEnvironment } from './options.ts';
import { TableSensor } from './sensor.ts';

export { BigQueryAgent } from './agent.ts';
export { connect } from './client.ts';
export type { BigQueryClient, Connect, Job, JobFilter, JobName, NewJob, Rows, Table, TableClient, TableReference } from './client.ts';
export type { Credentials } from './credentials.ts';
export { BigQueryError } from './errors.ts';
export type { BigQueryAgentOptions } from './options.ts';
export { TableSensor } from './sensor.ts';
export type { TableSensorOptions } from './sensor.ts';

const agents: AgentList = [new BigQueryAgent(fromEnvironment(process.env)), new TableSensor()];
export default agents;
