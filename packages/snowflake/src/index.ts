import type { AgentList } from '@flyte-agents/core';
import { SnowflakeAgent } from './agent.ts';
import { fromEnvironment } from './options.ts';

export { SnowflakeAgent } from './agent.ts';
export { connect } from './client.ts';
export type { Connect, NewStatement, Progress, SnowflakeClient, Statement } from './client.ts';
export type { Credentials } from './credentials.ts';
export { SnowflakeError } from './errors.ts';
export type { SnowflakeAgentOptions } from './options.ts';

const agents: AgentList = [new SnowflakeAgent(fromEnvironment(process.env))];
export default agents;
