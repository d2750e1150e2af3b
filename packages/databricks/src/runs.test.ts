import {
  AgentError,
  createFetch,
  createLogger,
  SecretSource,
  type CreateContext,
  type GetContext,
  type ObjectLocation,
  type ReadableStore,
} from '@flyte-agents/core';
import { expect, test } from 'vitest';
import { DatabricksAgent } from './agent.ts';
import type { DatabricksClient, Run } from './client.ts';
import type { RunRef } from './config.ts';
import { DatabricksError } from './errors.ts';
import { exampleTask, key } from './__fixtures__/tasks.ts';

const done = { life_cycle_state: 'TERMINATED', result_state: 'SUCCESS' };
const failed = { life_cycle_state: 'TERMINATED', result_state: 'FAILED' };
const ref: RunRef = { host: 'acme.cloud.databricks.com', auth: {}, kind: 'python', outputs: {}, runId: '1' };

/** An agent whose workspace answers what a test says, and the calls that it made. */
function agentOf(answers: Partial<DatabricksClient>): {
  readonly agent: DatabricksAgent;
  readonly calls: (readonly [string, ...unknown[]])[];
} {
  const calls: (readonly [string, ...unknown[]])[] = [];
  // Every method is answered below.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const client = new Proxy(
    {},
    {
      get: (_target, name) =>
        name === 'then'
          ? undefined
          : async (...given: readonly unknown[]) => {
              calls.push([String(name), ...given.filter((value) => !(value instanceof AbortSignal))]);
              const answer: unknown = Reflect.get(answers, name);
              if (typeof answer !== 'function') throw new TypeError(`nobody expected ${String(name)}`);
              return answer(...given) as unknown;
            },
    },
  ) as DatabricksClient;
  return { agent: new DatabricksAgent({ instance: 'acme.cloud.databricks.com', connect: () => client }), calls };
}

/** @param objects what is in the store, by the end of its URL */
function context(objects: Readonly<Record<string, Uint8Array>> = {}): CreateContext & GetContext {
  const store: ReadableStore = {
    read: async (at) => {
      const bytes = objects[nameOf(at)];
      if (bytes === undefined) throw new AgentError({ code: 'NOT_FOUND', message: 'nothing there' });
      return bytes;
    },
    stat: async (at) =>
      objects[nameOf(at)] === undefined ? undefined : { key: '', size: 0, metadata: {}, seenAt: 0, etag: undefined, modifiedAt: undefined },
    async *list() {},
  };
  return {
    signal: new AbortController().signal,
    deadline: Date.now() + 10_000,
    project: 'p',
    domain: 'd',
    secrets: new SecretSource({ FLYTE_DATABRICKS_ACCESS_TOKEN: 'dapi-made-up' }, { files: false }).of({ project: 'p', domain: 'd' }),
    fetch: createFetch(),
    store,
    logger: createLogger({ level: 'error' }),
    idempotencyKey: key,
    createdAt: Date.now(),
    outputPrefix: 's3://bucket/f1/n0/data/0',
  };
}

const submission = { databricksConf: { existing_cluster_id: 'c' } };
const broken = new DatabricksError('no answer (ECONNRESET)', { from: 'nobody' });

test('DB1, R1: a submit without an answer is sent again with its token, and gives the run that it started', async () => {
  let calls = 0;
  const { agent, calls: made } = agentOf({
    submitRun: async () => {
      if (++calls === 1) throw broken;
      return '1';
    },
  });
  expect(await agent.create(exampleTask(submission), context())).toMatchObject({ runId: '1' });
  expect(made).toHaveLength(2);
  expect(made[1]).toEqual(made[0]);
});

test('R2: a refusal after a submit without an answer leaves its outcome open', async () => {
  let calls = 0;
  const { agent } = agentOf({
    submitRun: async () => {
      throw ++calls === 1 ? broken : new DatabricksError('slow down', { from: 'service', status: 429 });
    },
  });
  await expect(agent.create(exampleTask(submission), context())).rejects.toMatchObject({ submitted: 'unknown' });
});

test('DB6, R8: a stored reference leads no token to another host', async () => {
  const { agent, calls } = agentOf({});
  await expect(agent.get({ ...ref, host: 'attacker.example' }, context())).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(calls).toEqual([]);
});

function nameOf(at: string | ObjectLocation): string {
  return (typeof at === 'string' ? at : at.key).split('/').at(-1) ?? '';
}

/** What flytekit writes to error.pb: ContainerError{code, message, kind} in ErrorDocument.error. */
function errorDocument(recoverable: boolean): Uint8Array {
  const error = [...textField(1, 'USER:ValueError'), ...textField(2, 'no rows'), ...(recoverable ? [3 * 8, 1] : [])];
  return Uint8Array.from([1 * 8 + 2, error.length, ...error]);
}

function textField(field: number, value: string): readonly number[] {
  return [field * 8 + 2, value.length, ...Buffer.from(value)];
}

test('DB7: a run that succeeded although the function failed is a failure', async () => {
  const { agent } = agentOf({ getRun: async () => ({ run_id: '1', state: done }) });
  expect(await agent.get(ref, context({ 'error.pb': errorDocument(false) }))).toMatchObject({
    phase: 'FAILED',
    message: expect.stringContaining('USER:ValueError: no rows'),
  });
  expect(await agent.get(ref, context({ 'error.pb': errorDocument(true) }))).toMatchObject({ phase: 'RETRYABLE_FAILED' });
});

test('DB7: an error that a later try of Databricks made good is none', async () => {
  const { agent } = agentOf({ getRun: async () => ({ run_id: '1', state: done }) });
  const objects = { 'error.pb': errorDocument(false), 'outputs.pb': Uint8Array.of() };
  expect(await agent.get(ref, context(objects))).toMatchObject({ phase: 'SUCCEEDED' });
});

test('DB8: the output of the task that failed is asked for', async () => {
  const tasks = [
    { run_id: '2', state: done },
    { run_id: '3', task_key: 'load', state: failed },
  ];
  const { agent, calls } = agentOf({
    getRun: async () => ({ run_id: '1', state: failed, tasks }),
    getOutput: async () => ({ error: 'boom' }),
  });
  expect(await agent.get(ref, context())).toMatchObject({ phase: 'FAILED', message: expect.stringContaining('task load: boom') });
  expect(calls).toEqual([
    ['getRun', '1'],
    ['getOutput', '3'],
  ]);
});

test('DB8: a task without an output fails all the same', async () => {
  const noOutput = new DatabricksError('Retrieving the output of pipeline tasks is not supported', { from: 'service', status: 400 });
  const getOutput = async (): Promise<never> => Promise.reject(noOutput);
  const { agent } = agentOf({ getRun: async () => ({ run_id: '1', state: failed }), getOutput });
  expect(await agent.get(ref, context())).toMatchObject({ phase: 'FAILED' });
});

test('DB16: a notebook’s value is read when its run has succeeded', async () => {
  const { agent } = agentOf({
    getRun: async () => ({ run_id: '1', state: done, tasks: [{ run_id: '2', state: done }] }),
    getOutput: async () => ({ notebook_output: { result: '3' } }),
  });
  const notebook: RunRef = { ...ref, kind: 'notebook', outputs: { rows: 'INTEGER' } };
  expect((await agent.get(notebook, context())).outputs).toEqual({ rows: { kind: 'integer', value: 3n } });
});

test('DB11: a job is run by its name', async () => {
  const { agent, calls } = agentOf({ findJobs: async () => ['7'], runJob: async () => '1' });
  expect(await agent.create(exampleTask({ databricksConf: { job_name: 'nightly' } }), context())).toMatchObject({
    runId: '1',
    kind: 'job',
  });
  expect(calls.at(-1)).toMatchObject(['runJob', '7', { idempotency_token: `flyte-${key}` }]);
});

test('DB11, R2: a run of a job is found again by the parameter that has the key, and no other run is', async () => {
  const listed = [
    { run_id: '4', run_name: 'nightly', job_parameters: [{ name: 'attempt', value: 'flyte-ffffffffffffffffffffffffffffffff' }] },
    { run_id: '5', run_name: `[flyte-${key}]`, job_parameters: [{ name: 'day', value: `flyte-${key}` }] },
    { run_id: '6', run_name: 'nightly', job_parameters: [{ name: 'attempt', value: `flyte-${key}` }] },
  ];
  const { agent, calls } = agentOf({ listRuns: async ({ isActive }) => (isActive ? listed.slice(0, 2) : listed) });
  const task = exampleTask({ databricksConf: { job_id: '7' }, databricksKeyParameter: 'attempt' });
  expect(await agent.find(key, agent.locate(task), context())).toMatchObject({ runId: '6', kind: 'job' });
  expect(calls).toEqual([
    ['listRuns', { isActive: true, jobId: '7' }],
    ['listRuns', { isActive: false, jobId: '7' }],
  ]);
});

test('DB11, R2: runs of a job that takes no key are not guessed at', async () => {
  const { agent, calls } = agentOf({});
  const where = agent.locate(exampleTask({ databricksConf: { job_id: '7' } }));
  expect(await agent.find(key, where, context())).toBeUndefined();
  expect(calls).toEqual([]);
});

test.each([
  [[], 'there is no job of this name'],
  [['7', '8'], 'several jobs have this name'],
])('DB11: a name of %j jobs is refused', async (found, reason) => {
  const { agent } = agentOf({ findJobs: async () => found });
  const created = agent.create(exampleTask({ databricksConf: { job_name: 'nightly' } }), context());
  await expect(created).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(reason) });
});

const repairing = { databricksConf: { job_id: '7' }, databricksRepair: true };
const repair = (id: string) => ({ id, type: 'REPAIR' });
const original = { id: null, type: 'ORIGINAL' };

test.each<{
  readonly name: string;
  readonly attempt: number;
  readonly run: Partial<Run>;
  readonly repairs: number;
  readonly call?: readonly unknown[];
}>([
  { name: 'the first attempt starts the run', attempt: 0, run: { state: { life_cycle_state: 'PENDING' } }, repairs: 0 },
  {
    name: 'a retry repairs the run that failed',
    attempt: 1,
    run: { state: failed, repair_history: [original] },
    repairs: 1,
    call: ['repairRun', '1', undefined],
  },
  {
    name: 'the next one names the latest repair',
    attempt: 2,
    run: { state: failed, repair_history: [original, repair('5')] },
    repairs: 2,
    call: ['repairRun', '1', '5'],
  },
  {
    name: 'a create that comes again repairs no second time',
    attempt: 1,
    run: { state: failed, repair_history: [original, repair('5')] },
    repairs: 1,
  },
  { name: 'a run that goes on is taken as it is', attempt: 1, run: { state: { life_cycle_state: 'RUNNING' } }, repairs: 0 },
  { name: 'a run that succeeded is taken as it is', attempt: 1, run: { state: done }, repairs: 0 },
])('DB18: $name', async ({ attempt, run, repairs, call }) => {
  const { agent, calls } = agentOf({
    runJob: async () => '1',
    getRun: async () => ({ run_id: '1', ...run }),
    repairRun: async () => undefined,
  });
  expect(await agent.create(exampleTask(repairing, { attempt }), context())).toMatchObject({ runId: '1', repairs });
  expect(calls.filter(([name]) => name === 'repairRun')).toEqual(call === undefined ? [] : [call]);
});

test('DB18, C4: the delete of an attempt whose run a later one repaired stops nothing', async () => {
  const run: Run = { run_id: '1', state: { life_cycle_state: 'RUNNING' }, repair_history: [original, repair('5')] };
  const { agent, calls } = agentOf({ getRun: async () => run, cancelRun: async () => undefined });
  await agent.delete({ ...ref, repairs: 0 }, context());
  expect(calls.map(([name]) => name)).toEqual(['getRun']);
  await agent.delete({ ...ref, repairs: 1 }, context());
  expect(calls.map(([name]) => name)).toContain('cancelRun');
});

test('C4: a run that ended while it was to be cancelled is no fault', async () => {
  const over = new DatabricksError('The run is over', { from: 'service', status: 400, reason: 'INVALID_STATE' });
  const cancelRun = async (): Promise<never> => Promise.reject(over);
  const { agent } = agentOf({ getRun: async () => ({ run_id: '1', state: { life_cycle_state: 'RUNNING' } }), cancelRun });
  await expect(agent.delete(ref, context())).resolves.toBeUndefined();
});

test('DB3, C26: tasks of type spark are taken only where an operator wants it', () => {
  const types = [{}, { spark: true }].map((options) => new DatabricksAgent(options).taskTypes.map(({ name }) => name));
  expect(types).toEqual([['databricks'], ['databricks', 'spark']]);
});

test('OP10: doctor asks the server’s workspace for its runs, and tasks can do without it', async () => {
  const { agent, calls } = agentOf({ listRuns: async () => [] });
  const [check] = agent.checks();
  expect(check).toMatchObject({ name: 'workspace', isOptional: true });
  expect(await check?.run(context())).toBe('acme.cloud.databricks.com answers, and lets runs be read');
  expect(calls).toEqual([['listRuns', { isActive: true }]]);
  expect(new DatabricksAgent().checks()).toEqual([]);
});
