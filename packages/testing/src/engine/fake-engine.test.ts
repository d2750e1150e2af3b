import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { encodeLiterals } from '@flyte-agents/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../clock.ts';
import type { Path, TestTask } from '../task.ts';
import type { CallMethod, Verdict } from './calls.ts';
import { CallError, type Endpoint, type EngineAnswer } from './endpoint.ts';
import type { EngineTask, EngineTaskOptions } from './engine-task.ts';
import { FakeEngine } from './fake-engine.ts';

const minute = 60_000;
const plain: TestTask = { type: 'job' };
const withOutputs: TestTask = { type: 'job', outputs: { o0: { kind: 'integer', value: 1n } } };

let clock: VirtualClock;
beforeEach(() => void (clock = VirtualClock.install()));
afterEach(() => clock.uninstall());

function answer(phase: string, extra: Partial<EngineAnswer> = {}): EngineAnswer {
  return { phase, message: '', outputs: undefined, links: [], customInfo: undefined, ...extra };
}

const down = new CallError('UNAVAILABLE', 'down');

/** A server that says what a test tells it, over and over the last word. */
class ScriptedServer implements Endpoint {
  readonly address: string;
  readonly seen: { readonly method: CallMethod; readonly prefix: string; readonly at: number }[] = [];
  creates: (CallError | string)[] = ['ref'];
  gets: (CallError | EngineAnswer)[] = [answer('SUCCEEDED')];
  deletes: (CallError | undefined)[] = [undefined];
  executes: (CallError | EngineAnswer | undefined)[] = [answer('SUCCEEDED')];
  isSync = true;
  takesMs = 0;

  constructor(address: string = 'server') {
    this.address = address;
  }

  list: Endpoint['list'] = async () => [{ name: 'Agent', isSync: this.isSync, taskTypes: [{ name: 'job', version: 0 }] }];
  create: Endpoint['create'] = async (requests, attempt) =>
    Buffer.from((await this.#say('CreateTask', requests.outputPrefix(attempt), this.creates)) ?? '');
  get: Endpoint['get'] = async ({ outputPrefix }) => (await this.#say('GetTask', outputPrefix, this.gets)) ?? answer('UNDEFINED');
  delete: Endpoint['delete'] = async ({ outputPrefix }) => {
    await this.#say('DeleteTask', outputPrefix, this.deletes);
  };
  execute: NonNullable<Endpoint['execute']> = async (requests, attempt) =>
    this.#say('ExecuteTaskSync', requests.outputPrefix(attempt), this.executes);
  close = (): void => {};

  async #say<Value>(method: CallMethod, prefix: string, script: (CallError | Value)[]): Promise<Value | undefined> {
    this.seen.push({ method, prefix, at: Date.now() });
    const next = script.length > 1 ? script.shift() : script[0];
    if (this.takesMs > 0) await new Promise((resolve) => setTimeout(resolve, this.takesMs));
    if (next instanceof CallError) throw next;
    return next;
  }
}

function play(
  server: ScriptedServer,
  { path = 'flyte1', task = plain, ...options }: EngineTaskOptions & { path?: Path; task?: TestTask } = {},
) {
  const engine = new FakeEngine({ path, endpoints: [server] });
  return { engine, task: engine.start(task, options) };
}

async function verdictOf(task: EngineTask): Promise<Verdict> {
  return clock.run(task.end, 24 * 60 * minute);
}

function methods(server: ScriptedServer): string {
  return server.seen.map(({ method }) => method.replace('Task', '')).join(' ');
}

describe('polling', () => {
  test('begins at once and comes every 30 seconds', async () => {
    const server = new ScriptedServer();
    server.gets = [answer('RUNNING'), answer('RUNNING'), answer('SUCCEEDED')];
    const began = clock.now;
    const { phase, attempts } = await verdictOf(play(server).task);
    expect([phase, attempts]).toEqual(['SUCCEEDED', 1]);
    expect(server.seen.map(({ method, at }) => [method, at - began])).toEqual([
      ['CreateTask', 0],
      ['GetTask', 0],
      ['GetTask', 30_000],
      ['GetTask', 60_000],
    ]);
  });

  test('bears five failed polls', async () => {
    const server = new ScriptedServer();
    server.gets = [down, answer('RUNNING'), down, down, down, down, answer('SUCCEEDED')];
    expect((await verdictOf(play(server).task)).phase).toBe('SUCCEEDED');
  });

  test('freezes the task at the sixth failed poll, however many succeeded between', async () => {
    const server = new ScriptedServer();
    server.gets = [down, answer('RUNNING'), down, down, answer('RUNNING'), down, down, down, answer('SUCCEEDED')];
    expect(await verdictOf(play(server).task)).toMatchObject({ phase: 'FROZEN', code: 'CacheFailed' });
    expect(server.seen.filter(({ method }) => method === 'GetTask')).toHaveLength(8);
  });

  test('fails the task at the sixth failed poll when none ever succeeded', async () => {
    const server = new ScriptedServer();
    server.gets = [down];
    expect(await verdictOf(play(server, { retries: 3 }).task)).toMatchObject({ phase: 'FAILED', code: 'CacheFailed', attempts: 1 });
  });

  test.each<[Path, number, string]>([
    ['flyte1', 11, 'FAILED'],
    ['flyte2', 4, 'FAILED'],
  ])('ends a task in a phase that nobody knows (%s, %d rounds)', async (path, rounds, phase) => {
    const server = new ScriptedServer();
    server.gets = [answer('42')];
    expect(await verdictOf(play(server, { path }).task)).toMatchObject({ phase, code: 'MaxSystemFailuresExceeded' });
    expect(server.seen.filter(({ method }) => method === 'GetTask')).toHaveLength(rounds);
  });

  test('takes a missing phase for a retryable failure on Flyte 1, for an error of its own on Flyte 2', async () => {
    const [one, two] = [new ScriptedServer(), new ScriptedServer()];
    for (const server of [one, two]) server.gets = [answer('UNDEFINED')];
    expect((await verdictOf(play(one).task)).code).toBe('RetriesExhausted');
    expect((await verdictOf(play(two, { path: 'flyte2' }).task)).code).toBe('MaxSystemFailuresExceeded');
  });

  test('shows the first answer of each phase only', async () => {
    const server = new ScriptedServer();
    server.gets = [answer('RUNNING', { message: 'first' }), answer('RUNNING', { message: 'later' }), answer('SUCCEEDED')];
    const { published } = await verdictOf(play(server).task);
    expect(published.map(({ phase, message }) => [phase, message])).toEqual([
      ['RUNNING', 'first'],
      ['SUCCEEDED', ''],
    ]);
  });

  test('drops the text of an aborted job', async () => {
    const server = new ScriptedServer();
    server.gets = [answer('ABORTED', { message: 'somebody stopped it' })];
    expect(await verdictOf(play(server).task)).toMatchObject({ phase: 'FAILED', message: 'failed to run the job with aborted phase.' });
  });
});

describe('retries', () => {
  test.each<[Path, readonly string[], string]>([
    ['flyte1', ['n0/data/0', 'n0/data/1'], 'Create Get Create Get'],
    ['flyte2', ['n0/1', 'n0/2'], 'Create Get Delete Create Get'],
  ])('have an output prefix of their own (%s: %j), after a delete on Flyte 2', async (path, prefixes, calls) => {
    const server = new ScriptedServer();
    server.gets = [answer('RETRYABLE_FAILED'), answer('SUCCEEDED')];
    expect(await verdictOf(play(server, { path, retries: 1 }).task)).toMatchObject({ phase: 'SUCCEEDED', attempts: 2 });
    const created = server.seen.filter(({ method }) => method === 'CreateTask').map(({ prefix }) => prefix);
    prefixes.forEach((prefix, index) => expect(created[index]?.endsWith(prefix)).toBe(true));
    expect(methods(server)).toBe(calls);
  });

  test('are spent by every failed create, whatever its code, and nothing is deleted', async () => {
    const server = new ScriptedServer();
    server.creates = [new CallError('INVALID_ARGUMENT', 'bad'), down];
    const verdict = await verdictOf(play(server, { retries: 1 }).task);
    expect(verdict).toMatchObject({ phase: 'FAILED', code: 'RetriesExhausted|TaskFailedWithError', attempts: 2 });
    expect(verdict.message).toContain('code = UNAVAILABLE desc = down');
    expect(methods(server)).toBe('Create Create');
  });

  test('are spent by a lost answer of create', async () => {
    const server = new ScriptedServer();
    expect(await verdictOf(play(server, { retries: 1, creates: ['lost'] }).task)).toMatchObject({ phase: 'SUCCEEDED', attempts: 2 });
    expect(methods(server)).toBe('Create Create Get');
  });

  test('are not spent by a permanent failure', async () => {
    const server = new ScriptedServer();
    server.gets = [answer('FAILED', { message: 'bad SQL' })];
    expect(await verdictOf(play(server, { retries: 5 }).task)).toMatchObject({ phase: 'FAILED', message: 'bad SQL', attempts: 1 });
  });
});

describe('a restart', () => {
  test('goes on from the stored reference with a poll', async () => {
    const server = new ScriptedServer();
    server.gets = [answer('RUNNING'), answer('SUCCEEDED')];
    const { engine, task } = play(server);
    await clock.advance(1000);
    engine.restart();
    await clock.settle();
    expect((await task.end).phase).toBe('SUCCEEDED');
    expect(methods(server)).toBe('Create Get Get');
  });

  test('in the middle of create sends the same create again', async () => {
    const server = new ScriptedServer();
    server.takesMs = 100;
    const { engine, task } = play(server);
    await clock.advance(50);
    engine.restart();
    expect(await verdictOf(task)).toMatchObject({ phase: 'SUCCEEDED', attempts: 1 });
    expect(new Set(server.seen.map(({ prefix }) => prefix)).size).toBe(1);
    expect(methods(server)).toBe('Create Create Get');
  });

  test('before the answer of create was stored sends the same create again', async () => {
    const server = new ScriptedServer();
    expect((await verdictOf(play(server, { creates: ['crashed'] }).task)).attempts).toBe(1);
    expect(methods(server)).toBe('Create Create Get');
  });
});

describe('deleting', () => {
  test('comes with an abort, and again every ten seconds until it works', async () => {
    const server = new ScriptedServer();
    server.gets = [answer('RUNNING')];
    server.deletes = [down, down, undefined];
    const { task } = play(server);
    await clock.advance(minute);
    const began = clock.now;
    task.abort();
    expect((await verdictOf(task)).phase).toBe('ABORTED');
    expect(clock.now - began).toBe(20_000);
    expect(methods(server)).toBe('Create Get Get Get Delete Delete Delete');
  });

  test('is given up by Flyte 1 after ten times, never by Flyte 2', async () => {
    const [one, two] = [new ScriptedServer(), new ScriptedServer()];
    for (const server of [one, two]) {
      server.gets = [answer('RUNNING')];
      server.deletes = [down];
    }
    const [first, second] = [play(one), play(two, { path: 'flyte2' })];
    await clock.settle();
    for (const { task } of [first, second]) task.abort();
    expect(await verdictOf(first.task)).toMatchObject({ phase: 'FAILED', code: 'WorkflowAbortFailed' });
    await clock.advance(60 * minute);
    expect(two.seen.filter(({ method }) => method === 'DeleteTask').length).toBeGreaterThan(300);
    second.engine.close();
  });

  test('comes for finished tasks too, on Flyte 2', async () => {
    const [one, two] = [new ScriptedServer(), new ScriptedServer()];
    const [first, second] = [play(one), play(two, { path: 'flyte2' })];
    for (const { task } of [first, second]) {
      await verdictOf(task);
      await task.collect();
    }
    expect([methods(one), methods(two)]).toEqual(['Create Get', 'Create Get Delete']);
  });
});

describe('outputs', () => {
  test('are read from the output prefix when the answer has none and the task declares some', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flyte-agents-engine-'));
    const outputFolder = pathToFileURL(folder).href;
    const engine = new FakeEngine({ path: 'flyte1', endpoints: [new ScriptedServer()], outputFolder });
    const prefix = fileURLToPath(`${outputFolder}/flytesnacks-development-f000000001/n0/data/0`);
    await mkdir(prefix, { recursive: true });
    await writeFile(join(prefix, 'outputs.pb'), encodeLiterals({ o0: { kind: 'integer', value: 7n } }));
    const { outputs } = await engine.start(withOutputs).end;
    expect(outputs).toEqual(new Map([['o0', { kind: 'integer', value: 7n }]]));
    await rm(folder, { recursive: true });
  });

  test.each<[Path, string]>([
    ['flyte1', 'RetriesExhausted|OutputsNotFound'],
    ['flyte2', 'MaxSystemFailuresExceeded'],
  ])('that are nowhere fail the task (%s: %s)', async (path, code) => {
    const { phase, code: found } = await verdictOf(play(new ScriptedServer(), { path, task: withOutputs }).task);
    expect([phase, found]).toEqual(['FAILED', code]);
  });

  test('are not looked for when the task declares none', async () => {
    expect((await verdictOf(play(new ScriptedServer()).task)).outputs).toBeUndefined();
  });
});

describe('a sync task', () => {
  test('is done in one call when the listing says so, and created and polled when it does not', async () => {
    const [sync, unlisted] = [new ScriptedServer(), new ScriptedServer()];
    unlisted.isSync = false;
    await verdictOf(play(sync, { path: 'flyte1-sync' }).task);
    await verdictOf(play(unlisted, { path: 'flyte1-sync' }).task);
    expect([methods(sync), methods(unlisted)]).toEqual(['ExecuteSync', 'Create Get']);
  });

  test('that is answered with anything but an end costs the engine a worker', async () => {
    const server = new ScriptedServer();
    server.executes = [answer('RUNNING')];
    expect((await verdictOf(play(server, { path: 'flyte1-sync' }).task)).phase).toBe('WORKER_LOST');
  });

  test('that is answered nothing, or with an error, is tried again', async () => {
    const server = new ScriptedServer();
    server.executes = [undefined, down, answer('SUCCEEDED')];
    expect(await verdictOf(play(server, { path: 'flyte1-sync', retries: 2 }).task)).toMatchObject({ phase: 'SUCCEEDED', attempts: 3 });
  });
});

test('calls go round the servers, and pass over one that cannot be reached', async () => {
  const [one, two, gone] = [new ScriptedServer('one'), new ScriptedServer('two'), new ScriptedServer('gone')];
  for (const server of [one, two]) server.gets = [answer('RUNNING'), answer('RUNNING'), answer('SUCCEEDED')];
  const unsent = new CallError('UNAVAILABLE', 'no connection', { isUnsent: true });
  Object.assign(gone, { creates: [unsent], gets: [unsent] });
  const engine = new FakeEngine({ path: 'flyte1', endpoints: [gone, one, two] });
  const { calls, phase } = await verdictOf(engine.start(plain));
  expect(phase).toBe('SUCCEEDED');
  expect(calls.map(({ address }) => address)).toEqual(['one', 'two', 'one', 'two', 'one', 'two'].slice(0, calls.length));
  expect(calls.every(({ code }) => code === 'OK')).toBe(true);
});
