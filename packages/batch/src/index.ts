import type { AgentList } from '@flyte-agents/core';
import { BatchAgent } from './agent.ts';
import { fromEnvironment } from './options.ts';

export { BatchAgent } from './agent.ts';
export type {
  BatchClient,
  ComputeEnvironment,
  Connect,
  Job,
  JobName,
  ListedJob,
  LogEvents,
  LogPlace,
  NewDefinition,
  NewJob,
  Queue,
  Submitted,
} from './client.ts';
export type { JobKind } from './config.ts';
export type { BatchAgentOptions } from './options.ts';

const agents: AgentList = [new BatchAgent(fromEnvironment(process.env))];
export default agents;
