import type { AgentList } from '@flyte-agents/core';
import { AcmeAgent } from './agent.ts';

export { AcmeAgent } from './agent.ts';
export type { AcmeAgentOptions } from './agent.ts';
export type { AcmeClient, Connect, Job, JobRequest } from './client.ts';
export { AcmeError } from './errors.ts';

const agents: AgentList = [new AcmeAgent()];
export default agents;
