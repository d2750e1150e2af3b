import { fromTemplateMessage } from '@flyte-agents/core';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from 'vitest';
import { toTaskDefinition } from '../task/source.ts';
import { plainAnswer, type Answer, type EngineClient, type Job } from './client.ts';
import { Execution } from './execution.ts';
import { Run, type TaskProgress } from './run.ts';

const unavailable: Error = Object.assign(new Error('14 UNAVAILABLE: gone'), { code: status.UNAVAILABLE, details: 'gone' });

/** A server that answers what it is told, in this order; the last answer again and again. */
class ScriptedServer implements EngineClient {
  readonly deleted: Job[] = [];
  created = 0;
  readonly #creates: (Error | undefined)[];
  readonly #gets: (Answer | Error)[];
  readonly #deletes: (Error | undefined)[];

  constructor(script: { creates?: (Error | undefined)[]; gets?: (Answer | Error)[]; deletes?: (Error | undefined)[] }) {
    this.#creates = [...(script.creates ?? [])];
    this.#gets = [...(script.gets ?? [])];
    this.#deletes = [...(script.deletes ?? [])];
  }

  async list(): Promise<[]> {
    return [];
  }

  async create(): Promise<Uint8Array> {
    this.created++;
    const error = this.#creates.shift();
    if (error !== undefined) throw error;
    return Buffer.from('reference');
  }

  async get(): Promise<Answer> {
    const answer = (this.#gets.length > 1 ? this.#gets.shift() : this.#gets[0]) ?? plainAnswer('SUCCEEDED', '');
    if (answer instanceof Error) throw answer;
    return answer;
  }

  async delete(job: Job): Promise<void> {
    this.deleted.push(job);
    const error = this.#deletes.shift();
    if (error !== undefined) throw error;
  }

  close(): void {}
}

async function run(engine: EngineClient, { retries = 0, signal = new AbortController().signal, isSync = false } = {}) {
  const definition = toTaskDefinition({ type: 'x' });
  const execution = new Execution(definition, new Map(), { protocol: 'flyte1' });
  const progress: TaskProgress[] = [];
  const onProgress = (each: TaskProgress): void => {
    progress.push(each);
  };
  const template = fromTemplateMessage(definition.request.template);
  const result = await new Run({ engine, execution, template, isSync, retries, pollIntervalMs: 1, onProgress, signal }).result();
  return { result, messages: progress.map(({ phase, message }) => `${phase} ${message}`.trim()) };
}

describe('as the engine does', () => {
  test('an error of CreateTask spends an attempt', async () => {
    const engine = new ScriptedServer({ creates: [unavailable, undefined] });
    const { result } = await run(engine, { retries: 1 });
    expect(result).toMatchObject({ phase: 'SUCCEEDED', attempts: 2 });
    expect(engine.created).toBe(2);
  });

  test('five errors of GetTask are borne', async () => {
    const engine = new ScriptedServer({ gets: [...Array.from({ length: 5 }, () => unavailable), plainAnswer('SUCCEEDED', 'at last')] });
    const { result, messages } = await run(engine);
    expect(result).toMatchObject({ phase: 'SUCCEEDED', message: 'at last' });
    expect(messages).toContain('QUEUED GetTask: UNAVAILABLE: gone (5 of 6 times before the task fails)');
  });

  test('the sixth error of GetTask in a task’s life is its end', async () => {
    const running = plainAnswer('RUNNING', '');
    const engine = new ScriptedServer({ gets: Array.from({ length: 6 }, () => [unavailable, running]).flat() });
    const { result } = await run(engine, { retries: 3 });
    expect(result).toMatchObject({ phase: 'FAILED', message: expect.stringContaining('for the 6th time'), attempts: 1 });
  });

  test('ABORTED by the server is an end without another attempt', async () => {
    const { result } = await run(new ScriptedServer({ gets: [plainAnswer('ABORTED', 'by hand')] }), { retries: 3 });
    expect(result).toMatchObject({ phase: 'ABORTED', message: 'by hand', attempts: 1 });
  });

  test('a refused cancel is repeated', async () => {
    const engine = new ScriptedServer({ gets: [plainAnswer('RUNNING', '')], deletes: [unavailable, undefined] });
    const { result } = await run(engine, { signal: AbortSignal.timeout(5) });
    expect(result.phase).toBe('ABORTED');
    expect(engine.deleted).toHaveLength(2);
  });
});

test('a cancel that is refused for good says that the job may still run', async () => {
  const engine = new ScriptedServer({ gets: [plainAnswer('RUNNING', '')], deletes: [unavailable, unavailable, unavailable] });
  await expect(run(engine, { signal: AbortSignal.timeout(5) })).rejects.toThrow(
    'DeleteTask: UNAVAILABLE: gone; the job may still be running',
  );
});

test('a sync answer that is no end is a failure', async () => {
  const engine: EngineClient = Object.assign(new ScriptedServer({}), { execute: async () => plainAnswer('RUNNING', '') });
  const { result } = await run(engine, { isSync: true });
  expect(result).toMatchObject({ phase: 'FAILED', message: 'the server answered RUNNING to a sync call, which must end the task' });
});
