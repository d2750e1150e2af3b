import type { AgentList } from '@flyte-agents/core';
import { FileSensor } from './agent.ts';
import { HttpSensor } from './http.ts';

export { FileSensor } from './agent.ts';
export type { FileSensorOptions } from './agent.ts';
export { HttpSensor } from './http.ts';
export type { HttpSensorOptions } from './http.ts';
export type { StorePort } from './client.ts';

const agents: AgentList = [new FileSensor(), new HttpSensor()];
export default agents;
