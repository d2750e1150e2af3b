import { Server, ServerCredentials } from '@grpc/grpc-js';
import { AsyncAgentService, State } from '@flyte-agents/proto/flyte1';
import { addService, type Handlers } from '@flyte-agents/proto/grpc';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runTask } from '../run-task.ts';

/** A server as old as the first agents: no listing, and a state instead of a phase. */
const server: Server = new Server();
const states: State[] = [State.PENDING, State.RUNNING, State.PERMANENT_FAILURE];
const unimplemented = (): never => {
  throw new Error('nobody calls this');
};
const handlers: Handlers<(typeof AsyncAgentService)['method']> = {
  createTask: (_call, callback) => callback(null, { resourceMeta: Buffer.from('x') }),
  getTask: (_call, callback) => callback(null, { resource: { state: states.shift() ?? State.SUCCEEDED, message: 'old' } }),
  deleteTask: (_call, callback) => callback(null, {}),
  getTaskMetrics: unimplemented,
  getTaskLogs: unimplemented,
};
let port: number;

beforeAll(async () => {
  addService(server, AsyncAgentService, handlers);
  port = await new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
});
afterAll(() => server.forceShutdown());

test('a server without a listing that answers states is understood', async () => {
  const phases: string[] = [];
  const result = await runTask({
    endpoint: `127.0.0.1:${port}`,
    task: { type: 'x' },
    pollIntervalMs: 1,
    onProgress: ({ phase }) => phases.push(phase),
  });
  expect(phases).toEqual(['QUEUED', 'INITIALIZING', 'RUNNING', 'FAILED']);
  expect(result).toMatchObject({ phase: 'FAILED', message: 'old' });
});
