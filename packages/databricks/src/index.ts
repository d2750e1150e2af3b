import type { AgentList } from '@flyte-agents/core';
import { DatabricksAgent } from './agent.ts';
import { fromEnvironment } from './options.ts';
import { DatabricksSqlAgent } from './sql/agent.ts';

export { DatabricksAgent } from './agent.ts';
export type { Connect, DatabricksClient, Run, RunOutput, Statement } from './client.ts';
export type { TokenSource } from './credentials.ts';
export { DatabricksError } from './errors.ts';
export type { DatabricksOptions, Entrypoint } from './options.ts';
export { DatabricksSqlAgent } from './sql/agent.ts';

const options = fromEnvironment(process.env);
const agents: AgentList = [new DatabricksAgent(options), new DatabricksSqlAgent(options)];
export default agents;
