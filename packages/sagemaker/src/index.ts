import type { AgentList } from '@flyte-agents/core';
import { SageMakerAgent } from './agent.ts';
import { BotoAgent } from './boto-agent.ts';
import { fromEnvironment } from './options.ts';

export { SageMakerAgent } from './agent.ts';
export { BotoAgent } from './boto-agent.ts';
export type { Call, Connect, Job, LogEvents, LogPlace, SageMakerClient } from './client.ts';
export type { JobKind } from './kinds.ts';
export { defaultCalls } from './options.ts';
export type { BotoAgentOptions, SageMakerAgentOptions } from './options.ts';

const options = fromEnvironment(process.env);
const agents: AgentList = [new SageMakerAgent(options), new BotoAgent(options)];
export default agents;
