/** The agents that the replicas serve: the command line finds them in this folder. */
import type { AgentList } from '@flyte-agents/core';
import { AnswerAgent, JobAgent } from './agents.ts';
import { JobClient } from './job-client.ts';

const client = new JobClient(process.env['E2E_JOB_SERVICE'] ?? 'http://127.0.0.1');
const agents: AgentList = [new JobAgent(client), new AnswerAgent(client)];
export default agents;
