import * as flyte1 from '@flyte-agents/proto/flyte1';
import { addService } from '@flyte-agents/proto/grpc';
import { Server, ServerCredentials, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TaskRequests } from '../task.ts';
import type { Endpoint } from './endpoint.ts';
import { grpcEndpoint } from './grpc.ts';

const attempt = { execution: 'f1', node: 'n0', number: 0 };
const stored = { taskType: 'job', reference: Buffer.from('ref'), outputPrefix: 's3://b/0' };
const options = { timeoutMs: 5000 };

let server: Server;
let endpoint: Endpoint;
let resource: object;
let response: object;

beforeEach(async () => {
  server = new Server();
  addService(server, flyte1.AsyncAgentService, {
    createTask: (_call, callback) => callback({ code: status.RESOURCE_EXHAUSTED, details: 'too many' }),
    getTask: (_call, callback) => callback(null, { resource }),
    deleteTask: (_call, callback) => callback(null, {}),
    getTaskMetrics: (_call, callback) => callback(null, {}),
    getTaskLogs: (call) => call.end(),
  });
  addService(server, flyte1.SyncAgentService, {
    executeTaskSync: (call) => {
      call.write(response);
      call.end();
    },
  });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  endpoint = grpcEndpoint(`127.0.0.1:${port}`, 'flyte1');
});
afterEach(() => {
  endpoint.close();
  server.forceShutdown();
});

test('a status is named', async () => {
  const create = endpoint.create(new TaskRequests({ type: 'job' }, 'flyte1'), attempt, options);
  await expect(create).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', message: 'too many', isUnsent: false });
});

test('a server that is not there saw nothing of the call', async () => {
  server.forceShutdown();
  await expect(endpoint.get(stored, options)).rejects.toMatchObject({ code: 'UNAVAILABLE', isUnsent: true });
});

test('an answer that is larger than the engine takes is a failed call', async () => {
  resource = { phase: flyte1.TaskExecution_Phase.RUNNING, message: 'x'.repeat(4 * 1024 * 1024) };
  await expect(endpoint.get(stored, options)).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED' });
});

test.each<[string, object, string]>([
  ['a phase', { phase: flyte1.TaskExecution_Phase.WAITING_FOR_RESOURCES }, 'WAITING_FOR_RESOURCES'],
  ['a phase that nobody knows', { phase: 42 }, '42'],
  ['an old state without a phase', { state: flyte1.State.RUNNING }, 'RUNNING'],
  ['neither', {}, 'UNDEFINED'],
])('%s is read as the engine reads it', async (_what, given, phase) => {
  resource = given;
  expect((await endpoint.get(stored, options)).phase).toBe(phase);
});

test('a sync answer that begins with outputs is an error', async () => {
  response = { res: { case: 'outputs', value: {} } };
  const execute = endpoint.execute?.(new TaskRequests({ type: 'job' }, 'flyte1'), attempt, options);
  await expect(execute).rejects.toMatchObject({ message: 'expected header' });
});
