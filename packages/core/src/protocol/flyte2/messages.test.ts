import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  CreateTaskRequestSchema,
  DeleteTaskRequestSchema,
  GetTaskLogsRequestSchema,
  GetTaskLogsResponseSchema,
  GetTaskRequestSchema,
  LogLineOriginator,
  ResourceSchema,
} from '@flyte-agents/proto/flyte2';
import { describe, expect, test } from 'vitest';
import type { Phase } from '../../phase.ts';
import type { Resource } from '../../task.ts';
import { messages, readCreate } from './messages.ts';

function sent(resource: Resource) {
  return fromBinary(ResourceSchema, toBinary(ResourceSchema, create(ResourceSchema, messages.toResourceMessage(resource))));
}

describe('C20: a resource', () => {
  test.each<[Phase, number]>([
    ['RUNNING', 2],
    ['SUCCEEDED', 3],
    ['FAILED', 5],
    ['INITIALIZING', 6],
    ['WAITING_FOR_RESOURCES', 7],
    ['RETRYABLE_FAILED', 8],
  ])('in %s has the number %i that the engines know', (phase, number) => {
    expect(sent({ phase }).phase).toBe(number);
  });

  test('has its outputs as a list of names and values', () => {
    const resource = sent({
      phase: 'SUCCEEDED',
      message: 'done',
      links: [{ name: 'Console', uri: 'https://c' }],
      customInfo: { cost: 1.5 },
      outputs: { n: { kind: 'integer', value: 5n }, ['__proto__']: { kind: 'none' } },
    });
    expect(resource).toMatchObject({
      message: 'done',
      logLinks: [{ name: 'Console', uri: 'https://c', ready: true }],
      customInfo: { cost: 1.5 },
    });
    expect(resource.outputs?.literals).toMatchObject([
      { name: 'n', value: { value: { value: { value: { value: { value: { case: 'integer', value: 5n } } } } } } },
      { name: '__proto__', value: { value: { value: { value: { case: 'noneType' } } } } },
    ]);
  });

  test('tells empty outputs from absent ones', () => {
    expect(sent({ phase: 'SUCCEEDED', outputs: {} }).outputs).toBeDefined();
    expect(sent({ phase: 'SUCCEEDED' })).not.toHaveProperty('outputs');
  });
});

test.each([
  [{ taskCategory: { name: 'job' } }, 'job'],
  [{}, ''],
])('C20: a stored request %o is of task type %j', (init, taskType) => {
  const message = create(DeleteTaskRequestSchema, { ...init, resourceMeta: Uint8Array.of(1) });
  expect(messages.toStoredRequest(message)).toEqual({ taskType, reference: Uint8Array.of(1), outputPrefix: '' });
});

describe('C12: the connection that the engine sends', () => {
  const connection = { taskType: 'job', secrets: { token: 'value' }, configs: { role: 'reader' } };
  const read = { secrets: { token: 'value' }, configs: { role: 'reader' } };

  test('is read from creates, gets and deletes', () => {
    const bytes = toBinary(CreateTaskRequestSchema, create(CreateTaskRequestSchema, { template: { type: 'job' }, connection }));
    expect(messages.toTaskRequest(readCreate(bytes)).connection).toEqual(read);
    for (const schema of [GetTaskRequestSchema, DeleteTaskRequestSchema])
      expect(messages.toStoredRequest(create(schema, { connection })).connection).toEqual(read);
  });

  test('may be missing', () => {
    const bytes = toBinary(CreateTaskRequestSchema, create(CreateTaskRequestSchema, { template: { type: 'job' } }));
    expect(messages.toTaskRequest(readCreate(bytes)).connection).toBeUndefined();
    expect(messages.toStoredRequest(create(GetTaskLogsRequestSchema, {})).connection).toBeUndefined();
  });
});

test('C23: a page of a log is its lines, then the next page’s token', () => {
  const parts = messages.toLogMessages({ lines: [{ message: 'one\n', originator: 'SYSTEM' }], nextToken: 'next' });
  const back = parts.map(
    (part) => fromBinary(GetTaskLogsResponseSchema, toBinary(GetTaskLogsResponseSchema, create(GetTaskLogsResponseSchema, part))).part,
  );
  expect(back).toMatchObject([
    { case: 'body', value: { lines: [{ message: 'one\n', originator: LogLineOriginator.SYSTEM }] } },
    { case: 'header', value: { token: 'next' } },
  ]);
});
