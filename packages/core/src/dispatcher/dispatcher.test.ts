import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  badConfig,
  denied,
  during,
  EchoAgent,
  failing,
  gate,
  JobAgent,
  recordingLogger,
  rejection,
  storedRequest,
  taskRequest,
  unavailable,
} from '../__fixtures__/agents.ts';
import type { LogPage, LogRequest } from '../agent.ts';
import { randomKey } from '../idempotency.ts';
import { Inputs } from '../literals/inputs.ts';
import { Metrics } from '../metrics.ts';
import { hide } from '../redact.ts';
import { decodeReference, encodeReference, type ReferenceContent } from '../ref.ts';
import { AgentRegistry } from '../registry.ts';
import type { Resource } from '../task.ts';
import { Call } from './call.ts';
import { Dispatcher } from './dispatcher.ts';
import type { StoredRequest } from './requests.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function stored(content: ReferenceContent = { kind: 'ref', ref: { job: 'j1' } }, taskType?: string): StoredRequest {
  return storedRequest(encodeReference({ type: 'job', project: 'p', domain: 'd', key: randomKey(), at: Date.now(), content }), taskType);
}

function harness() {
  const agent = new JobAgent();
  const echo = new EchoAgent();
  const logger = recordingLogger();
  const metrics = new Metrics();
  const dispatcher = new Dispatcher({ registry: new AgentRegistry([agent, echo]), logger, metrics });
  /** The samples of the counters and of what is in flight. */
  const counted = async (): Promise<readonly string[]> =>
    (await metrics.text()).split('\n').filter((line) => /^flyte_connector_requests_|^flyte_agents_requests_in_flight/.test(line));
  const get = (request = stored()) => during((call) => dispatcher.get(request, call));
  return { agent, echo, logger, metrics, dispatcher, counted, get };
}

const idle = 'flyte_agents_requests_in_flight 0';
const succeeded = (operation: string, taskType: string = 'job', count: number = 1) =>
  `flyte_connector_requests_success_total{task_type="${taskType}",operation="${operation}"} ${count}`;
const failed = (operation: string, status: number, taskType: string = 'job') =>
  `flyte_connector_requests_failure_total{task_type="${taskType}",operation="${operation}",error_code="${status}"} 1`;

describe('C18: the dispatcher counts', () => {
  test('every call that went well', async () => {
    const { agent, dispatcher, counted, get } = harness();
    agent.jobs.set('j1', { phase: 'RUNNING' });
    await during((call) => dispatcher.create(taskRequest(), call));
    await get();
    await during((call) => dispatcher.delete(stored(), call));
    await during((call) => dispatcher.execute(taskRequest({ template: { type: 'echo' } }), call));
    await during((call) => dispatcher.getMetrics(stored(), { queries: [] }, call));
    expect(await counted()).toEqual([
      succeeded('create'),
      succeeded('get'),
      succeeded('delete'),
      succeeded('do', 'echo'),
      succeeded('get_metrics'),
      idle,
    ]);
  });

  test('faults that the answer absorbed', async () => {
    const { agent, dispatcher, counted, get } = harness();
    agent.before = { get: failing(unavailable()), create: failing(denied()) };
    expect((await get()).phase).toBe('RUNNING');
    await during((call) => dispatcher.create(taskRequest(), call));
    expect(await counted()).toEqual([failed('get', 503), failed('create', 403), idle]);
  });

  test('errors that were answered', async () => {
    const { agent, dispatcher, counted } = harness();
    agent.before.delete = failing(denied());
    await expect(during((call) => dispatcher.delete(stored(), call))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(await counted()).toEqual([failed('delete', 503), idle]);
  });

  test('a job that failed as a call that went well', async () => {
    const { agent, counted, get } = harness();
    agent.jobs.set('j1', { phase: 'FAILED', message: 'bad SQL' });
    await get();
    expect(await counted()).toEqual([succeeded('get'), idle]);
  });

  test('all types that callers make up as one: labels do not grow', async () => {
    const { dispatcher, get, metrics } = harness();
    for (const type of ['made-up-1', 'made-up-2']) {
      const request = taskRequest({ template: { type } });
      await get(stored(undefined, type));
      await expect(during((call) => dispatcher.create(request, call))).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(during((call) => dispatcher.execute(request, call))).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(during((call) => dispatcher.delete(stored(undefined, type), call))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
      await expect(during((call) => dispatcher.getMetrics(stored(undefined, type), { queries: [] }, call))).rejects.toMatchObject({
        code: 'NOT_FOUND',
      });
      await expect(
        during((call) => read(dispatcher.getLogs(stored(undefined, type), { lines: 0n, token: '' }, call))),
      ).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    const text = await metrics.text();
    expect(text).not.toContain('made-up');
    expect(text).toContain('flyte_connector_requests_failure_total{task_type="unknown",operation="get_logs",error_code="404"} 2');
  });

  test('what is in flight, the size of inputs and the time', async () => {
    const { agent, dispatcher, metrics } = harness();
    const { wait, open } = gate();
    agent.before.create = wait;
    const request = { ...taskRequest(), inputs: Inputs.of(new Map(), 1234) };
    const answer = during((call) => dispatcher.create(request, call));
    await vi.advanceTimersByTimeAsync(50);
    expect(await metrics.text()).toContain('flyte_agents_requests_in_flight 1');
    await vi.advanceTimersByTimeAsync(1950);
    open();
    await answer;
    const text = await metrics.text();
    expect(text).toContain('flyte_connector_input_literal_bytes_sum{task_type="job"} 1234');
    expect(text).toContain('flyte_connector_request_latency_seconds_sum{task_type="job",operation="create"} 2');
    expect(text).toContain(idle);
  });
});

describe('an answer', () => {
  test('C9: has a message of at most 4 KiB', async () => {
    const { agent, echo, dispatcher, get } = harness();
    agent.jobs.set('j1', { phase: 'FAILED', message: '€'.repeat(10_000) });
    echo.work = () => ({ phase: 'FAILED', message: '€'.repeat(10_000) });
    const done = await during((call) => dispatcher.execute(taskRequest({ template: { type: 'echo' } }), call));
    for (const { message } of [await get(), done]) {
      expect(Buffer.byteLength(message ?? '')).toBeLessThanOrEqual(4096);
      expect(message).toMatch(/^€+…$/);
    }
  });

  test.each(['{"customInfo":null}', '{"message":null}', '{"links":[null]}', '{"links":5}'])(
    'R3: is one, also when an agent tells what cannot be told: %s',
    async (text) => {
      const { agent, echo, dispatcher, get } = harness();
      hide('secret-of-an-answer');
      const broken: object = JSON.parse(text);
      agent.jobs.set('j1', { phase: 'RUNNING', ...broken });
      echo.work = () => ({ phase: 'FAILED', ...broken });
      expect(await get()).toMatchObject({ phase: 'RUNNING', message: expect.stringContaining('TypeError') });
      const done = await during((call) => dispatcher.execute(taskRequest({ template: { type: 'echo' } }), call));
      expect(done).toMatchObject({ phase: 'FAILED', message: expect.stringContaining('TypeError') });
    },
  );

  test('has outputs only with SUCCEEDED', async () => {
    const { agent, echo, dispatcher, get } = harness();
    const outputs: Resource['outputs'] = { n: { kind: 'none' } };
    for (const phase of ['RUNNING', 'FAILED', 'RETRYABLE_FAILED'] as const) {
      agent.jobs.set('j1', { phase, outputs });
      expect(await get()).not.toHaveProperty('outputs');
    }
    agent.jobs.set('j1', { phase: 'SUCCEEDED', outputs });
    expect(await get()).toHaveProperty('outputs', outputs);
    echo.work = () => ({ phase: 'FAILED', outputs });
    expect(await during((call) => dispatcher.execute(taskRequest({ template: { type: 'echo' } }), call))).not.toHaveProperty('outputs');
  });

  test('C6: to a create of an unknown type is NOT_FOUND and names the types there are', async () => {
    const { dispatcher } = harness();
    await expect(during((call) => dispatcher.create(taskRequest({ template: { type: 'made-up' } }), call))).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('no agent on this server serves task type made-up (served: job, echo)'),
    });
  });
});

describe('the log', () => {
  test('says what was created for whom, and nothing of inputs, config or references', async () => {
    const { dispatcher, logger } = harness();
    const request = taskRequest({
      template: { custom: { password: 'hunter2' } },
      inputs: { secret: { kind: 'string', value: 'hunter2' } },
    });
    await during((call) => dispatcher.create(request, call));
    expect(JSON.stringify(logger.lines)).not.toContain('hunter2');
    expect(logger.lines.filter(({ level }) => level === 'info')).toEqual([
      {
        level: 'info',
        fields: {
          taskType: 'job',
          project: 'flytesnacks',
          domain: 'development',
          execution: 'f3a',
          node: 'n0',
          attempt: 0,
          code: undefined,
        },
        message: 'create',
      },
    ]);
  });

  test('R4: warns of a fault that create carries away', async () => {
    const { agent, dispatcher, logger } = harness();
    agent.before.create = failing(badConfig());
    await during((call) => dispatcher.create(taskRequest(), call));
    expect(logger.lines).toMatchObject([
      { level: 'warn', fields: { code: 'INVALID_ARGUMENT' }, message: 'create: no such machine type: xxl' },
    ]);
  });

  test('is quiet about polls that go well, and warns of those that do not', async () => {
    const { agent, get, logger } = harness();
    agent.jobs.set('j1', { phase: 'RUNNING' });
    await get();
    agent.before.get = failing(unavailable());
    await get();
    expect(logger.lines).toMatchObject([
      { level: 'debug', fields: { taskType: 'job', phase: 'RUNNING' } },
      { level: 'warn', fields: { code: 'UNAVAILABLE' }, message: 'get: the service does not answer (503)' },
    ]);
  });
});

async function read(pages: AsyncIterable<LogPage>): Promise<readonly LogPage[]> {
  const all: LogPage[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

describe('C23: the log of a job', () => {
  const query: LogRequest = { lines: 10n, token: 'from here' };
  const pages: readonly LogPage[] = [{ lines: [{ message: 'one\n' }], nextToken: '2' }, { lines: [{ message: 'two' }] }];

  test('is read page by page', async () => {
    const { agent, dispatcher, counted } = harness();
    agent.pages = pages;
    const getLogs = vi.spyOn(agent, 'getLogs');
    expect(await during((call) => read(dispatcher.getLogs(stored(), query, call)))).toEqual(pages);
    expect(getLogs).toHaveBeenCalledWith({ job: 'j1' }, query, expect.objectContaining({ project: 'p', domain: 'd' }));
    expect(await counted()).toEqual([succeeded('get_logs'), idle]);
  });

  test('R5: ends with the deadline, also when the agent does not', async () => {
    const { agent, dispatcher, counted } = harness();
    agent.pages = pages;
    agent.after.logs = () => new Promise(() => {});
    const answer = during((call) => read(dispatcher.getLogs(stored(), query, call)), 3000);
    await vi.advanceTimersByTimeAsync(2700);
    expect(await answer).toEqual(pages);
    expect(await counted()).toEqual([succeeded('get_logs'), idle]);
  });

  test('ends in the agent when the reader leaves', async () => {
    const { agent, dispatcher } = harness();
    let ended = false;
    vi.spyOn(agent, 'getLogs').mockImplementation(async function* () {
      try {
        for (;;) yield { lines: [] };
      } finally {
        ended = true;
      }
    });
    const call = new Call();
    for await (const page of dispatcher.getLogs(stored(), query, call)) if (page.lines.length === 0) break;
    call.end();
    expect(ended).toBe(true);
  });

  test('fails with the agent’s error', async () => {
    const { agent, dispatcher, counted } = harness();
    agent.before.logs = failing(denied());
    await expect(during((call) => read(dispatcher.getLogs(stored(), query, call)))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    expect(await counted()).toEqual([failed('get_logs', 403), idle]);
  });

  test.each<[string, ReferenceContent, string]>([
    ['that failed before it began', { kind: 'failure', failure: { code: 'INTERNAL', message: 'm', retryable: false } }, 'job'],
    ['of a sync agent', { kind: 'result', result: {} }, 'echo'],
    ['that is not confirmed yet', { kind: 'pending', where: {} }, 'job'],
  ])('of a task %s is UNIMPLEMENTED', async (_name, content, type) => {
    const { dispatcher } = harness();
    await expect(during((call) => read(dispatcher.getLogs(stored(content, type), query, call)))).rejects.toMatchObject({
      code: 'UNIMPLEMENTED',
    });
  });
});

describe('C24: the metrics of a job', () => {
  test('are what the agent gives', async () => {
    const { dispatcher } = harness();
    const series = await during((call) => dispatcher.getMetrics(stored(), { queries: ['cpu'] }, call));
    expect(series).toEqual([{ metric: 'cpu', data: { resultType: 'matrix' } }]);
  });

  test('R5: are DEADLINE_EXCEEDED when the service does not answer in time', async () => {
    const { agent, dispatcher } = harness();
    agent.before.metrics = () => new Promise(() => {});
    const answer = rejection(during((call) => dispatcher.getMetrics(stored(), { queries: [] }, call), 3000));
    await vi.advanceTimersByTimeAsync(2700);
    expect(await answer).toMatchObject({
      code: 'DEADLINE_EXCEEDED',
    });
  });
});

async function lateFault(error: Error) {
  const { agent, dispatcher, get } = harness();
  const { wait, open } = gate();
  agent.before.create = async () => {
    await wait();
    throw error;
  };
  const answer = during((call) => dispatcher.create(taskRequest(), call), 1000);
  await vi.advanceTimersByTimeAsync(900);
  const reference = await answer;
  open();
  await vi.advanceTimersByTimeAsync(10);
  const poll = () => get(storedRequest(reference));
  return { agent, reference, poll };
}

describe('R2: a submit that fails after its caller was told that it is under way', () => {
  test.each([
    ['FAILED', badConfig()],
    ['RETRYABLE_FAILED', denied()],
  ])('is told at the next poll of its replica, by its reason: %s', async (phase, error) => {
    const { poll } = await lateFault(error);
    expect(await poll()).toEqual({ phase, message: error.message });
  });

  test('R3: is not told when the same create had its job from another replica', async () => {
    const { agent, reference, poll } = await lateFault(denied());
    agent.jobs.set(decodeReference(reference, agent).key, { phase: 'RUNNING', message: 'started elsewhere' });
    expect(await poll()).toMatchObject({ phase: 'RUNNING', message: 'started elsewhere' });
  });

  test('is looked for when it may have been taken', async () => {
    const { agent, poll } = await lateFault(unavailable());
    expect((await poll()).phase).toBe('INITIALIZING');
    expect(agent.sought).toHaveLength(1);
  });

  test.each([
    ['the service', unavailable()],
    ['the agent’s own code', new TypeError('region is undefined')],
  ])('is told with what %s said, when its job never shows', async (_who, error) => {
    const { poll } = await lateFault(error);
    await vi.advanceTimersByTimeAsync(120_000);
    const { phase, message } = await poll();
    expect(phase).toBe('RETRYABLE_FAILED');
    expect(message).toContain('submit lost: the service never showed the job; the submit ended with: ');
    expect(message).toContain(error.message);
  });
});

test('R2: a submit that the agent’s own code broke off is told with the reason, when its job never shows', async () => {
  const { agent, dispatcher, get } = harness();
  agent.before.create = failing(new TypeError('region is undefined'));
  const reference = await during((call) => dispatcher.create(taskRequest(), call));
  expect((await get(storedRequest(reference))).phase).toBe('INITIALIZING');
  await vi.advanceTimersByTimeAsync(120_000);
  expect(await get(storedRequest(reference))).toEqual({
    phase: 'RETRYABLE_FAILED',
    message:
      'Job Agent: submit lost: the service never showed the job; the submit ended with: unexpected error: TypeError: region is undefined',
  });
});

test('C15: an outage is one warning a minute, not one for each poll; every end of a task is one', async () => {
  const { agent, logger, get } = harness();
  const warnings = () => logger.lines.filter(({ level }) => level === 'warn').length;
  agent.before.get = failing(unavailable());
  for (let i = 0; i < 4; i++) await get();
  expect(warnings()).toBe(1);
  await vi.advanceTimersByTimeAsync(60_000);
  for (let i = 0; i < 4; i++) await get();
  expect(warnings()).toBe(2);
  agent.before.get = failing(badConfig());
  for (let i = 0; i < 2; i++) await get();
  expect(warnings()).toBe(4);
});
