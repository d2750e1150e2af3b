import { createFetch, createLogger, ObjectStore, SecretSource, type CreateContext } from '@flyte-agents/core';
import { expect, test, vi } from 'vitest';
import { custom, key, toTask } from './__fixtures__/task.ts';
import { SnowflakeAgent } from './agent.ts';
import type { Connect, SnowflakeClient, Statement } from './client.ts';
import { toRequestId, toTagStart } from './convert.ts';
import { SnowflakeError } from './errors.ts';
import type { SnowflakeAgentOptions } from './options.ts';

const taken: Statement = { handle: 'h1', state: 'RUNNING', handles: [], columns: [], rows: [], partitions: [], stats: {} };
const lost = new SnowflakeError('no answer (ECONNRESET)', {});

function toContext(
  secrets: Readonly<Record<string, string>> = { SNOWFLAKE_PRIVATE_KEY: 'key-of-flyte' },
  domain = 'development',
): CreateContext {
  const project = 'flytesnacks';
  return {
    signal: new AbortController().signal,
    deadline: Date.now() + 10_000,
    project,
    domain,
    secrets: new SecretSource(secrets, { files: false }).of({ project, domain }),
    fetch: createFetch(),
    store: new ObjectStore(),
    logger: createLogger({ level: 'silent' }),
    idempotencyKey: key,
  };
}

function harness(options: SnowflakeAgentOptions = {}) {
  const client = {
    submit: vi.fn<SnowflakeClient['submit']>().mockResolvedValue(taken),
    get: vi.fn<SnowflakeClient['get']>().mockResolvedValue(taken),
    rows: vi.fn<SnowflakeClient['rows']>(),
    progress: vi.fn<SnowflakeClient['progress']>(),
    findByTag: vi.fn<SnowflakeClient['findByTag']>(),
    cancel: vi.fn<SnowflakeClient['cancel']>().mockResolvedValue(),
    cancelQuery: vi.fn<SnowflakeClient['cancelQuery']>(),
  };
  const connect = vi.fn<Connect>().mockReturnValue(client);
  return { client, connect, agent: new SnowflakeAgent({ connect, ...options }) };
}

test('R2: a submit whose answer was lost is looked for by its tag before it is sent again', async () => {
  const { agent, client } = harness();
  client.submit.mockRejectedValueOnce(lost);
  client.findByTag.mockResolvedValueOnce('h0');
  expect(await agent.create(toTask(), toContext())).toMatchObject({ queryId: 'h0' });
  expect(client.submit).toHaveBeenCalledTimes(1);
  expect(client.findByTag.mock.calls[0]?.[0]).toBe(toTagStart(key));
});

test('SF1: what is not found is sent again with the same request id, and stays unclear when that fails too', async () => {
  const { agent, client } = harness();
  client.submit.mockRejectedValueOnce(lost);
  expect(await agent.create(toTask(), toContext())).toMatchObject({ queryId: 'h1' });
  expect(client.submit.mock.calls.map(([{ requestId }]) => requestId)).toEqual([toRequestId(key), toRequestId(key)]);
  client.submit.mockRejectedValueOnce(lost).mockRejectedValueOnce(new SnowflakeError('slow down', { status: 429, retryAfterMs: 1000 }));
  await expect(agent.create(toTask(), toContext())).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', submitted: 'unknown' });
  client.submit.mockRejectedValueOnce(lost);
  client.findByTag.mockRejectedValueOnce(new SnowflakeError('no such warehouse', { status: 422 }));
  await expect(agent.create(toTask(), toContext())).rejects.toMatchObject({ code: 'UNAVAILABLE', submitted: 'unknown' });
});

test('what Snowflake refused is not looked for', async () => {
  const { agent, client } = harness();
  client.submit.mockRejectedValueOnce(new SnowflakeError('bad', { status: 400 }));
  await expect(agent.create(toTask(), toContext())).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', submitted: 'no' });
  expect(client.findByTag).not.toHaveBeenCalled();
});

test('SF5: look-ups run on the operator’s warehouse, else on the task’s', async () => {
  for (const [options, warehouse] of [
    [{}, 'WH'],
    [{ lookupWarehouse: 'lookups' }, 'LOOKUPS'],
  ] as const) {
    const { agent, client } = harness(options);
    await agent.find(key, agent.locate(toTask()), toContext());
    expect(client.findByTag.mock.calls[0]?.[1]).toEqual({ database: 'DB', warehouse, role: null });
  }
});

test('SF4, C16: one client serves a user of a tenant, and another one another tenant, user or key', async () => {
  const { agent, connect } = harness();
  const ref = { ...agent.locate(toTask()), queryId: 'h1', by: 'api' } as const;
  for (let poll = 0; poll < 3; poll++) await agent.delete(ref, toContext());
  expect(connect).toHaveBeenCalledTimes(1);
  expect(connect.mock.calls[0]?.[0]).toMatchObject({
    origin: 'https://org-acc.snowflakecomputing.com',
    credentials: { authenticator: 'SNOWFLAKE_JWT', privateKey: 'key-of-flyte' },
  });
  await agent.delete(ref, toContext(undefined, 'production'));
  await agent.delete({ ...ref, user: 'OTHER' }, toContext());
  await agent.delete(ref, toContext({ SNOWFLAKE_PRIVATE_KEY: 'another-key' }));
  expect(connect).toHaveBeenCalledTimes(4);
});

test('C11: connection_kwargs without effect are warned of once, by name', async () => {
  const { agent } = harness();
  const context = toContext();
  const warn = vi.spyOn(context.logger, 'warn').mockReturnValue();
  await agent.create(toTask({ custom: { ...custom, connection_kwargs: { odd: 1, login_timeout: 30 } } }), context);
  expect(warn.mock.calls).toEqual([[{ keys: ['odd'] }, 'these connection_kwargs have no effect']]);
});

test('SF14: partitions are read for lists alone, of the last statement, and none of a result that is too large', async () => {
  const { agent, client } = harness();
  const context = { ...toContext(), createdAt: Date.now(), outputPrefix: '' };
  const outputs = { a: { kind: 'collection', items: { kind: 'simple', simple: 'STRING' } } } as const;
  const ref = { ...agent.locate(toTask({ outputs })), queryId: 'h1', by: 'api' } as const;
  const last: Statement = { ...taken, handle: 'h2', state: 'SUCCESS', columns: [{ name: 'A', type: 'text' }], rows: [['x']], rowCount: 2 };
  const parent: Statement = { ...taken, state: 'SUCCESS', handles: ['h2'] };
  client.rows.mockResolvedValue([['y']]);
  client.get.mockResolvedValueOnce(parent).mockResolvedValueOnce({ ...last, partitions: [3, 3] });
  expect(await agent.get(ref, context)).toMatchObject({ outputs: { a: { items: [{ value: 'x' }, { value: 'y' }] } } });
  expect(client.rows.mock.calls.map(([handle, partition]) => [handle, partition])).toEqual([['h2', 1]]);
  client.get.mockResolvedValueOnce(parent).mockResolvedValueOnce({ ...last, partitions: [3, 3_000_000] });
  await expect(agent.get(ref, context)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  client.get.mockResolvedValueOnce({ ...last, partitions: [3, 3], rowCount: 1 });
  await agent.get({ ...ref, outputs: { a: 'STRING' } }, context);
  expect(client.rows).toHaveBeenCalledTimes(1);
});

test('SF16: where a session cannot be had, a query that runs is running; a fault that passes is the poll’s', async () => {
  const { agent, client } = harness();
  const ref = { ...agent.locate(toTask()), queryId: 'h1', by: 'api' } as const;
  const context = { ...toContext(), createdAt: Date.now(), outputPrefix: '' };
  client.progress.mockRejectedValueOnce(new SnowflakeError('refused', { status: 401 }));
  expect(await agent.get(ref, context)).toMatchObject({ phase: 'RUNNING' });
  client.progress.mockRejectedValueOnce(lost);
  await expect(agent.get(ref, context)).rejects.toMatchObject({ code: 'UNAVAILABLE', passes: true });
});
