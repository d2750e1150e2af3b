import type { AgentList } from '@flyte-agents/core';
import { S3Sensor } from './agent.ts';

export { S3Sensor } from './agent.ts';
export type { S3SensorOptions } from './agent.ts';
export type { ObjectStore } from './client.ts';
export type { Location } from './convert.ts';

const agents: AgentList = [new S3Sensor()];
export default agents;
