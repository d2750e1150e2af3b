import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';
import * as flyte1 from './flyte1.ts';
import * as flyte2 from './flyte2.ts';
import { methodDefinition } from './grpc.ts';

const { createTask, getTaskLogs } = flyte1.AsyncAgentService.method;

describe('a method', () => {
  test.each([
    [createTask, '/flyteidl.service.AsyncAgentService/CreateTask', false, false],
    [getTaskLogs, '/flyteidl.service.AsyncAgentService/GetTaskLogs', false, true],
    [flyte1.SyncAgentService.method.executeTaskSync, '/flyteidl.service.SyncAgentService/ExecuteTaskSync', true, true],
    [flyte2.AsyncConnectorService.method.getTask, '/flyteidl2.connector.AsyncConnectorService/GetTask', false, false],
  ])('%o has its path and its streams', (method, path, requestStream, responseStream) => {
    expect(methodDefinition(method)).toMatchObject({ path, requestStream, responseStream });
  });

  test('reads and writes its messages, init shapes too', () => {
    const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } = methodDefinition(createTask);
    const bytes = requestSerialize({ outputPrefix: 's3://b' });
    expect(fromBinary(flyte1.CreateTaskRequestSchema, bytes).outputPrefix).toBe('s3://b');
    expect(requestDeserialize(bytes)).toEqual(create(flyte1.CreateTaskRequestSchema, { outputPrefix: 's3://b' }));
    expect(responseDeserialize(responseSerialize({ resourceMeta: Uint8Array.of(1) }))).toMatchObject({ resourceMeta: Buffer.of(1) });
  });

  test('may have another reader for its requests', () => {
    const { requestDeserialize } = methodDefinition(createTask, (bytes) => bytes.byteLength);
    expect(requestDeserialize(Buffer.alloc(7))).toBe(7);
  });

  test('keeps fields that it does not know', () => {
    const bytes = Buffer.concat([
      toBinary(flyte1.GetTaskRequestSchema, create(flyte1.GetTaskRequestSchema, { outputPrefix: 'p' })),
      Buffer.from([0xf8, 6, 5]),
    ]);
    const { requestSerialize, requestDeserialize } = methodDefinition(flyte1.AsyncAgentService.method.getTask);
    expect(requestSerialize(requestDeserialize(bytes))).toEqual(bytes);
  });
});

test('every service of an agent and of a connector is generated', () => {
  expect(flyte1.AsyncAgentService.methods.map(({ name }) => name)).toEqual([
    'CreateTask',
    'GetTask',
    'DeleteTask',
    'GetTaskMetrics',
    'GetTaskLogs',
  ]);
  expect(flyte1.AgentMetadataService.methods.map(({ name }) => name)).toEqual(['GetAgent', 'ListAgents']);
  expect(flyte2.AsyncConnectorService.methods.map(({ name }) => name)).toEqual([
    'CreateTask',
    'GetTask',
    'DeleteTask',
    'GetTaskMetrics',
    'GetTaskLogs',
  ]);
  expect(flyte2.ConnectorMetadataService.methods.map(({ name }) => name)).toEqual(['GetConnector', 'ListConnectors']);
});
