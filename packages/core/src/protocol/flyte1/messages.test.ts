import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import {
  ExecuteTaskSyncRequestSchema,
  GetTaskLogsResponseSchema,
  GetTaskRequestSchema,
  LogLineOriginator,
  ResourceSchema,
} from '@flyte-agents/proto/flyte1';
import { describe, expect, test } from 'vitest';
import { FlyteDatetime } from '../../literals/model.ts';
import type { Phase } from '../../phase.ts';
import type { Resource } from '../../task.ts';
import { fromMapMessage } from '../literals.ts';
import { messages, readPart, toResourceMessage, toSyncRequest } from './messages.ts';

function sent(resource: Resource) {
  return fromBinary(ResourceSchema, toBinary(ResourceSchema, create(ResourceSchema, toResourceMessage(resource))));
}

describe('a resource', () => {
  test.each<[Phase, number]>([
    ['RUNNING', 2],
    ['SUCCEEDED', 3],
    ['FAILED', 5],
    ['INITIALIZING', 6],
    ['WAITING_FOR_RESOURCES', 7],
    ['RETRYABLE_FAILED', 8],
  ])('R10: in %s has the number %i that the engines know', (phase, number) => {
    expect(sent({ phase }).phase).toBe(number);
  });

  test('has message, links, custom info and outputs', () => {
    const outputs: Resource['outputs'] = { n: { kind: 'integer', value: 2n ** 63n - 1n }, ['__proto__']: { kind: 'none' } };
    const resource = sent({
      phase: 'SUCCEEDED',
      message: 'done',
      links: [{ name: 'Console', uri: 'https://c' }],
      customInfo: { cost: 1.5 },
      outputs,
    });
    expect(resource).toMatchObject({ message: 'done', logLinks: [{ name: 'Console', uri: 'https://c' }], customInfo: { cost: 1.5 } });
    expect(resource.outputs && Object.fromEntries(fromMapMessage(resource.outputs))).toEqual(outputs);
  });

  test('tells empty outputs from absent ones, which the engine reads from outputs.pb', () => {
    expect(sent({ phase: 'SUCCEEDED', outputs: {} }).outputs).toBeDefined();
    expect(sent({ phase: 'SUCCEEDED' })).not.toHaveProperty('outputs');
    expect(sent({ phase: 'SUCCEEDED' })).not.toHaveProperty('customInfo');
  });

  test('that the protocol cannot hold throws', () => {
    expect(() => toResourceMessage({ phase: 'SUCCEEDED', outputs: { n: { kind: 'integer', value: 2n ** 64n } } })).toThrow(
      'output n: expected an integer of 64 bits, got 18446744073709551616',
    );
  });
});

describe('a stored request', () => {
  test.each([
    ['by its category', { taskType: 'old', taskCategory: { name: 'new', version: 0 } }, 'new'],
    ['by its deprecated type when the category has no name', { taskType: 'old', taskCategory: { name: '' } }, 'old'],
    ['by its deprecated type when it has no category', { taskType: 'old' }, 'old'],
  ])('knows the task type %s', (_name, init, taskType) => {
    const message = create(GetTaskRequestSchema, { ...init, resourceMeta: Uint8Array.of(1), outputPrefix: 's3://b' });
    expect(messages.toStoredRequest(message)).toEqual({ taskType, reference: Uint8Array.of(1), outputPrefix: 's3://b' });
  });
});

/** A message of the stream that brings one input. */
function inputs(value: string, name: string = 'x'): Uint8Array {
  const scalar = { value: { case: 'primitive' as const, value: { value: { case: 'stringValue' as const, value } } } };
  const literals = { [name]: { value: { case: 'scalar' as const, value: scalar } } };
  return toBinary(ExecuteTaskSyncRequestSchema, create(ExecuteTaskSyncRequestSchema, { part: { case: 'inputs', value: { literals } } }));
}

describe('the parts of a stream', () => {
  const header = toBinary(
    ExecuteTaskSyncRequestSchema,
    create(ExecuteTaskSyncRequestSchema, { part: { case: 'header', value: { template: { type: 'echo' }, outputPrefix: 's3://b' } } }),
  );
  test('are a request; the last of several values wins', () => {
    const request = toSyncRequest([header, inputs('a'), inputs('b', 'y'), inputs('c')].map(readPart));
    expect(request).toMatchObject({ template: { type: 'echo' }, outputPrefix: 's3://b' });
    expect([...request.inputs.literals.keys()].toSorted()).toEqual(['x', 'y']);
    expect(request.inputs.string('x')).toBe('c');
  });

  test('without inputs have none', () => {
    expect(toSyncRequest([readPart(header)]).inputs.literals.size).toBe(0);
  });

  test.each([
    ['nothing', []],
    ['inputs', [inputs('a'), header]],
    ['an empty part', [new Uint8Array(), header]],
  ])('that begin with %s are refused', (_name, parts) => {
    expect(() => toSyncRequest(parts.map(readPart))).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: 'the stream must begin with a header' }),
    );
  });
});

test('C23: a page of a log is its lines, both old and new, then the next page’s token', () => {
  const lines = [
    { message: 'one\n', timestamp: new FlyteDatetime(5n, 7) },
    { message: 'two', originator: 'SYSTEM' as const },
  ];
  const sentMessages = [messages.toLogMessages({ lines, nextToken: 'next' }), messages.toLogMessages({ lines: [] })].map((parts) =>
    parts.map(
      (part) => fromBinary(GetTaskLogsResponseSchema, toBinary(GetTaskLogsResponseSchema, create(GetTaskLogsResponseSchema, part))).part,
    ),
  );
  expect(sentMessages).toMatchObject([
    [
      {
        case: 'body',
        value: {
          results: ['one\n', 'two'],
          structuredLines: [
            { message: 'one\n', originator: LogLineOriginator.USER, timestamp: { seconds: 5n, nanos: 7 } },
            { message: 'two', originator: LogLineOriginator.SYSTEM },
          ],
        },
      },
      { case: 'header', value: { token: 'next' } },
    ],
    [
      { case: 'body', value: { results: [] } },
      { case: 'header', value: { token: '' } },
    ],
  ]);
});
