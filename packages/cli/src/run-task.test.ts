import { create } from '@bufbuild/protobuf';
import { createLogger, startServer, type LiteralMap } from '@flyte-agents/core';
import { TaskTemplateSchema } from '@flyte-agents/proto/flyte1';
import { describe, expect, test } from 'vitest';
import { testAgents } from './__fixtures__/agents.ts';
import type { TaskProgress } from './engine/run.ts';
import { runTask, type RunTaskSettings } from './run-task.ts';
import type { DocumentObject } from './document.ts';

const logger = createLogger({ level: 'silent' });
const variables = {
  text: { type: { simple: 'STRING' } },
  count: { type: { simple: 'INTEGER' } },
  ratio: { type: { simple: 'FLOAT' } },
  ready: { type: { simple: 'BOOLEAN' } },
  at: { type: { simple: 'DATETIME' } },
  wait: { type: { simple: 'DURATION' } },
  settings: { type: { simple: 'STRUCT' } },
  names: { type: { collectionType: { simple: 'STRING' } } },
  sizes: { type: { mapValueType: { simple: 'INTEGER' } } },
  file: { type: { blob: { format: 'csv' } } },
  maybe: { type: { unionType: { variants: [{ simple: 'INTEGER' }, { simple: 'NONE' }] } } },
};
const inputs = {
  text: 'ü',
  count: 2n ** 62n + 1n,
  ratio: 2,
  ready: true,
  at: '2026-11-21T00:00:00.000000001Z',
  wait: '90s',
  settings: { a: [1, 'b'] },
  names: ['x', 'y'],
  sizes: { small: 1 },
  file: 's3://example-bucket/data.csv',
};

function countdown(custom: DocumentObject, more: DocumentObject = {}): DocumentObject {
  return { type: 'countdown', custom: { polls: 1, end: 'SUCCEEDED', ...custom }, ...more };
}

/** Runs a task on a server with the test agents, fast. */
async function run(settings: RunTaskSettings) {
  const { agents, countdown: agent } = testAgents();
  const progress: TaskProgress[] = [];
  const result = await runTask({ agents, logger, pollIntervalMs: 1, onProgress: (each) => progress.push(each), ...settings });
  return { result, progress, agent };
}

function plain(outputs: LiteralMap | undefined) {
  return outputs === undefined ? undefined : Object.fromEntries(outputs);
}

describe.each(['flyte1', 'flyte2'] as const)('over %s', (protocol) => {
  test('an async task is created, polled and gives its result', async () => {
    const { result, progress } = await run({ task: countdown({ polls: 2, message: 'done' }), protocol });
    expect(result).toMatchObject({ taskType: 'countdown', phase: 'SUCCEEDED', message: 'done', attempts: 1, customInfo: { polls: 3 } });
    expect(result.links).toEqual([{ name: 'Console', uri: expect.stringContaining('https://example.com/') }]);
    expect(progress.map(({ phase, message }) => `${phase} ${message}`.trim())).toEqual([
      'QUEUED',
      'RUNNING poll 1',
      'RUNNING poll 2',
      'SUCCEEDED done',
    ]);
  });

  test('values of every type go there and back', async () => {
    const { result } = await run({ task: countdown({}, { interface: { inputs: { variables } } }), inputs, protocol });
    expect(plain(result.outputs)).toMatchObject({
      text: { kind: 'string', value: 'ü' },
      count: { kind: 'integer', value: 2n ** 62n + 1n },
      ratio: { kind: 'float', value: 2 },
      ready: { kind: 'boolean', value: true },
      at: { kind: 'datetime', value: { seconds: 1_795_219_200n, nanos: 1 } },
      wait: { kind: 'duration', value: { seconds: 90n } },
      settings: { kind: 'generic', value: { a: [1, 'b'] } },
      names: { kind: 'collection' },
      sizes: { kind: 'map' },
      file: { kind: 'blob', uri: 's3://example-bucket/data.csv', format: 'csv' },
      maybe: { kind: 'union', value: { kind: 'none' } },
    });
  });

  test('a sync task gives its result', async () => {
    const task = { type: 'echo', interface: { inputs: { variables: { text: variables.text } } } };
    const { result } = await run({ task, inputs: { text: 'hello' }, protocol });
    expect(result).toMatchObject({ taskType: 'echo', phase: 'SUCCEEDED', attempts: 1 });
    expect(plain(result.outputs)).toEqual({ text: { kind: 'string', value: 'hello' } });
  });

  test('a failure is a result with its reason', async () => {
    const { result } = await run({ task: countdown({ end: 'FAILED', message: 'no quota' }), retries: 3, protocol });
    expect(result).toMatchObject({ phase: 'FAILED', message: 'no quota', attempts: 1, outputs: undefined });
  });

  test('a retryable failure is repeated with the next attempt and the next output prefix', async () => {
    const { result, progress, agent } = await run({
      task: countdown({ failures: 2 }, { metadata: { retries: { retries: 3 } } }),
      protocol,
    });
    expect(result).toMatchObject({ phase: 'SUCCEEDED', attempts: 3 });
    const first = protocol === 'flyte2' ? 1 : 0;
    expect(agent.created.map(({ execution, outputPrefix }) => [execution.attempt, Number(outputPrefix.split('/').at(-1))])).toEqual([
      [0, first],
      [1, first + 1],
      [2, first + 2],
    ]);
    expect(new Set(agent.created.map(({ execution }) => execution.name)).size).toBe(1);
    expect(progress.at(-1)).toMatchObject({ attempt: 3, attempts: 4 });
  });

  test('a retryable failure without attempts left is the result', async () => {
    const { result } = await run({ task: countdown({ failures: 9 }), retries: 1, protocol });
    expect(result).toMatchObject({ phase: 'RETRYABLE_FAILED', message: 'evicted', attempts: 2 });
  });

  test('a signal cancels the job and waits for that', async () => {
    const stop = new AbortController();
    const { result, agent } = await run({
      task: countdown({ polls: 1e9 }),
      onProgress: ({ phase }) => {
        if (phase === 'RUNNING') stop.abort();
      },
      pollIntervalMs: 60_000,
      signal: stop.signal,
      retries: 5,
      protocol,
    });
    expect(result).toMatchObject({ phase: 'ABORTED', message: 'cancelled', attempts: 1 });
    expect(agent.deleted).toHaveLength(1);
  });

  test('a task type that nobody serves fails with the reason of CreateTask', async () => {
    const { result } = await run({ task: { type: 'unheard_of' }, protocol });
    expect(result).toMatchObject({ phase: 'RETRYABLE_FAILED', message: expect.stringMatching(/^CreateTask: NOT_FOUND: .*unheard_of/) });
  });
});

test('a signal that was given before the start starts nothing', async () => {
  const { result, agent } = await run({ task: countdown({}), signal: AbortSignal.abort() });
  expect(result).toMatchObject({ phase: 'ABORTED' });
  expect(agent.created).toEqual([]);
});

test('every run has a name and an output prefix of its own', async () => {
  const { agents, countdown: agent } = testAgents();
  for (const outputPrefix of [undefined, undefined, 's3://b/outputs/']) {
    await runTask({ agents, logger, pollIntervalMs: 1, task: countdown({}), outputPrefix });
  }
  expect(new Set(agent.created.map(({ execution }) => execution.name)).size).toBe(3);
  const prefixes = agent.created.map(({ outputPrefix }) => outputPrefix);
  expect(new Set(prefixes).size).toBe(3);
  expect(prefixes[2]).toBe(`s3://b/outputs/${agent.created[2]?.execution.name}/n0/data/0`);
});

test("the execution is the caller's, else the file's, else a local one", async () => {
  const id = { project: 'p', domain: 'd', name: 'earlier' };
  const task = {
    template: countdown({}),
    taskExecutionMetadata: { taskExecutionId: { nodeExecutionId: { nodeId: 'n7', executionId: id } } },
  };
  const { agents, countdown: agent } = testAgents();
  const common = { agents, logger, pollIntervalMs: 1 };
  await runTask({ ...common, task: countdown({}) });
  await runTask({ ...common, task });
  await runTask({ ...common, task, project: 'mine', domain: 'production' });
  expect(agent.created.map(({ execution: { project, domain, node } }) => [project, domain, node])).toEqual([
    ['local', 'development', 'n0'],
    ['p', 'd', 'n7'],
    ['mine', 'production', 'n7'],
  ]);
  expect(agent.created[1]?.execution.name).not.toBe('earlier');
});

test("the engine's timeout of the task ends the attempt and cancels its job", async () => {
  const { result, agent } = await run({ task: countdown({ polls: 1e9 }, { metadata: { timeout: '0.010s' } }) });
  expect(result).toMatchObject({ phase: 'RETRYABLE_FAILED', message: "TimeoutExpired: the task's own timeout of 0.01 s is over" });
  expect(agent.deleted).toHaveLength(1);
});

test('a message of the generated code is a task too', async () => {
  const task = create(TaskTemplateSchema, { type: 'countdown', custom: { polls: 0, end: 'SUCCEEDED' } });
  const { result } = await run({ task });
  expect(result.phase).toBe('SUCCEEDED');
});

test('an endpoint is a server that is there', async () => {
  const { agents } = testAgents();
  const server = await startServer({ agents, logger, host: '127.0.0.1', port: 0, metricsPort: 0 });
  try {
    const result = await runTask({ endpoint: `127.0.0.1:${server.port}`, task: countdown({}), pollIntervalMs: 1 });
    expect(result.phase).toBe('SUCCEEDED');
  } finally {
    await server.stop();
  }
});

test('an endpoint where nobody listens is named', async () => {
  await expect(runTask({ endpoint: '127.0.0.1:1', task: countdown({}) })).rejects.toThrow(
    'no agent server answers at 127.0.0.1:1: UNAVAILABLE',
  );
});

describe('inputs', () => {
  const task = { template: { type: 'echo', interface: { inputs: { variables: { text: variables.text, count: variables.count } } } } };

  test('given ones win over those that came with the task', async () => {
    const { result } = await run({ task: { ...task, inputs: { text: 'file', count: 1 } }, inputs: { text: 'given' } });
    expect(plain(result.outputs)).toEqual({ text: { kind: 'string', value: 'given' }, count: { kind: 'integer', value: 1n } });
  });

  test.each([
    { given: { text: 'a' }, message: 'input count: missing (INTEGER)' },
    { given: { text: 'a', count: 'b' }, message: 'input count: expected INTEGER, got a text of length 1' },
    { given: { text: 'a', count: 1, number: 1 }, message: 'input number: the task has no such input (text: STRING, count: INTEGER)' },
  ])('$message', async ({ given, message }) => {
    await expect(run({ task, inputs: given })).rejects.toThrow(message);
  });
});
