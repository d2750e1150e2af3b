import type { AgentList } from '@flyte-agents/core';
import { OpenAIChatAgent } from './agent.ts';
import { OpenAIBatchAgent } from './batch-agent.ts';
import { fromEnvironment } from './options.ts';

export { OpenAIChatAgent } from './agent.ts';
export { OpenAIBatchAgent } from './batch-agent.ts';
export type {
  Access,
  Batch,
  BatchClient,
  BatchPage,
  Completion,
  Connect,
  Embeddings,
  ModelClient,
  ModelResponse,
  OpenAIClient,
  Submit,
  Usage,
} from './client.ts';
export type { Price, Prices } from './convert/usage.ts';
export type { Identity } from './credentials.ts';
export { OpenAIError } from './errors.ts';
export type { Endpoint, OpenAIOptions } from './options.ts';

const options = fromEnvironment(process.env);
const agents: AgentList = [new OpenAIChatAgent(options), new OpenAIBatchAgent(options)];
export default agents;
