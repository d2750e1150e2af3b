import { FaultyUpstream } from '@flyte-agents/testing';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect, type DatabricksClient } from './client.ts';
import { tokenSource } from './credentials.ts';
import { rethrow, toSubmitFault } from './errors.ts';

const runId = '1111222233334444555';
const { signal } = new AbortController();
let upstream: FaultyUpstream;
let client: DatabricksClient;

beforeEach(async () => {
  upstream = await FaultyUpstream.start({
    handler: ({ method, path }) => answer(`${method} ${path}`),
    refusal: ({ kind }) => ({ body: { error_code: 'REQUEST_LIMIT_EXCEEDED', message: kind } }),
  });
  vi.stubEnv('FLYTE_DATABRICKS_ENDPOINT', upstream.url);
  client = connect(
    'acme.cloud.databricks.com',
    tokenSource({ type: 'pat', token: 'dapi-made-up' }, upstream.url, () => undefined),
  );
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await upstream.close();
});

/** As text: JavaScript cannot write the ids. */
function answer(request: string): { readonly status?: number; readonly body: string } {
  if (request.includes('run_id=404')) {
    return { status: 400, body: '{"error_code":"INVALID_PARAMETER_VALUE","message":"Run 404 does not exist."}' };
  }
  if (request.includes('page_token=next')) {
    return { body: `{"run_id":${runId},"tasks":[{"run_id":3,"task_key":"c"}],"runs":[{"run_id":5,"run_name":"five"}]}` };
  }
  if (request.includes('/runs/get?')) {
    return {
      body: `{"run_id":${runId},"job_id":17,"state":{"life_cycle_state":"RUNNING"},"tasks":[{"run_id":2,"task_key":"b"}],"next_page_token":"next"}`,
    };
  }
  if (request.includes('run_type=JOB_RUN')) {
    const run = `{"run_id":${runId},"run_name":"nightly","job_parameters":[{"name":"attempt","default":"","value":"flyte-key"}]}`;
    return { body: `{"runs":[${run}],"next_page_token":"next"}` };
  }
  if (request.includes('/runs/list')) return { body: `{"runs":[{"run_id":${runId},"run_name":"etl"}],"next_page_token":"next"}` };
  if (request.includes('/jobs/list')) return { body: '{"jobs":[{"job_id":9007199254740999}]}' };
  if (request.includes('/get-output')) return { body: '{"error":"boom","notebook_output":{"result":"3"}}' };
  if (request.includes('main.sales.orders/exists')) return { body: '{"table_exists":true}' };
  if (request.includes('main.sales.gone/exists')) {
    return { status: 404, body: `{"error_code":"TABLE_DOES_NOT_EXIST","message":"Table 'main.sales.gone' does not exist."}` };
  }
  if (request.includes('/exists')) {
    return { status: 404, body: `{"error_code":"SCHEMA_DOES_NOT_EXIST","message":"Schema 'main.typo' does not exist."}` };
  }
  if (request.includes('/sql/warehouses/')) return { body: request.startsWith('GET') ? '{"id":"w1","state":"STOPPED"}' : '{}' };
  if (request.includes('/sql/history')) return { body: '{"res":[{"query_id":"s1","query_text":"SELECT 1"}]}' };
  if (request.includes('/sql/')) return { body: '{"statement_id":"s1","status":{"state":"PENDING"}}' };
  return { body: `{"run_id":${runId}}` };
}

test('DB1: a submit carries its token, and a 64-bit run id comes back whole', async () => {
  expect(await client.submitRun({ idempotency_token: 'flyte-key', existing_cluster_id: 'c' })).toBe(runId);
  expect(upstream.requests).toMatchObject([
    {
      method: 'POST',
      path: '/api/2.1/jobs/runs/submit',
      headers: { authorization: 'Bearer dapi-made-up' },
      body: '{"idempotency_token":"flyte-key","existing_cluster_id":"c"}',
    },
  ]);
});

test('DB10: requests name 64-bit ids whole', async () => {
  await client.cancelRun(runId);
  await client.repairRun(runId, '9007199254740999');
  expect(await client.runJob('9007199254740999', { job_parameters: { day: '1' } })).toBe(runId);
  expect(upstream.requests.map(({ path, body }) => [path, body])).toEqual([
    ['/api/2.2/jobs/runs/cancel', `{"run_id":${runId}}`],
    ['/api/2.2/jobs/runs/repair', `{"run_id":${runId},"latest_repair_id":9007199254740999,"rerun_all_failed_tasks":true}`],
    ['/api/2.2/jobs/run-now', '{"job_id":9007199254740999,"job_parameters":{"day":"1"}}'],
  ]);
});

test('DB12: a run of many tasks, and a long listing, are read page by page', async () => {
  const run = await client.getRun(runId, signal);
  expect(run.tasks?.map(({ task_key: key }) => key)).toEqual(['b', 'c']);
  expect(await client.listRuns({ isActive: true }, signal)).toEqual([
    { run_id: runId, run_name: 'etl' },
    { run_id: '5', run_name: 'five' },
  ]);
});

test('DB11: runs of a job are listed with their parameters', async () => {
  expect(await client.listRuns({ isActive: false, jobId: '9007199254740999' }, signal)).toMatchObject([
    { run_id: runId, job_parameters: [{ name: 'attempt', value: 'flyte-key' }] },
    { run_id: '5' },
  ]);
  expect(upstream.requests[0]?.path).toBe('/api/2.2/jobs/runs/list?run_type=JOB_RUN&job_id=9007199254740999&limit=25');
});

test('jobs, outputs and statements are read', async () => {
  expect(await client.findJobs('etl', signal)).toEqual(['9007199254740999']);
  expect(await client.getOutput('2', signal)).toMatchObject({ error: 'boom', notebook_output: { result: '3' } });
  expect(await client.executeStatement({ statement: 'SELECT 1' })).toMatchObject({ statement_id: 's1' });
  expect(await client.getStatement('s1', signal)).toMatchObject({ status: { state: 'PENDING' } });
  expect(await client.listStatements('w', signal)).toEqual([{ query_id: 's1', query_text: 'SELECT 1' }]);
  await client.cancelStatement('s1');
  expect(upstream.requests.at(-1)).toMatchObject({ method: 'POST', path: '/api/2.0/sql/statements/s1/cancel' });
});

test('DB17: Unity Catalog is asked for a table, and a missing schema is not a missing table', async () => {
  expect(await client.hasTable('main.sales.orders', signal)).toBe(true);
  expect(upstream.requests).toMatchObject([{ method: 'GET', path: '/api/2.1/unity-catalog/tables/main.sales.orders/exists' }]);
  expect(await client.hasTable('main.sales.gone', signal)).toBe(false);
  await expect(client.hasTable('main.typo.orders', signal)).rejects.toThrow('does not exist');
});

test('DB13: a warehouse is looked at, started and stopped', async () => {
  expect(await client.warehouseState('w1', signal)).toBe('STOPPED');
  await client.changeWarehouse('w1', 'start');
  await client.changeWarehouse('w1', 'stop');
  expect(upstream.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'GET /api/2.0/sql/warehouses/w1',
    'POST /api/2.0/sql/warehouses/w1/start',
    'POST /api/2.0/sql/warehouses/w1/stop',
  ]);
});

test('C8: a run that is not there is said so', async () => {
  await expect(client.getRun('404', signal).catch(rethrow('run 404'))).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: 'Databricks run 404: 400 INVALID_PARAMETER_VALUE Run 404 does not exist.',
  });
});

test.each([
  ['throttled', { code: 'RESOURCE_EXHAUSTED', submitted: 'no', retryAfterMs: 2000, passes: true }],
  ['unavailable', { code: 'UNAVAILABLE', submitted: 'unknown', passes: true }],
  ['refused', { code: 'RESOURCE_EXHAUSTED', submitted: 'no' }],
  ['lost-before', { code: 'UNAVAILABLE', submitted: 'unknown', passes: true }],
  ['lost-after', { code: 'UNAVAILABLE', submitted: 'unknown' }],
  ['malformed', { code: 'UNAVAILABLE', submitted: 'unknown' }],
  ['truncated', { code: 'UNAVAILABLE', submitted: 'unknown' }],
] as const)('DB9, C15: a submit that is %s is said so', async (kind, error) => {
  upstream.fault({ kind, retryAfterMs: 2000 });
  const fault = await client.submitRun({}).catch((thrown: unknown) => toSubmitFault(thrown, 'submit'));
  expect(fault).toMatchObject(error);
});

test('C15: a server that is not there has certainly taken nothing', async () => {
  await upstream.close();
  const fault = await client.submitRun({}).catch((thrown: unknown) => toSubmitFault(thrown, 'submit'));
  expect(fault).toMatchObject({ code: 'UNAVAILABLE', submitted: 'no' });
  upstream = await FaultyUpstream.start({ handler: () => ({ body: '{}' }) });
});

test('R5: a read ends with its signal', async () => {
  upstream.fault({ kind: 'stall-before' });
  const controller = new AbortController();
  const answered = client.getRun(runId, controller.signal).catch(rethrow('run'));
  controller.abort();
  await expect(answered).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('DB6: a redirect is not followed, for it would take the token along', async () => {
  await upstream.close();
  upstream = await FaultyUpstream.start({
    handler: ({ path }) => ({ status: path === '/elsewhere' ? 200 : 307, headers: { location: '/elsewhere' }, body: '{}' }),
  });
  vi.stubEnv('FLYTE_DATABRICKS_ENDPOINT', upstream.url);
  const redirected = connect(
    'acme.cloud.databricks.com',
    tokenSource({ type: 'pat', token: 'dapi-made-up' }, upstream.url, () => undefined),
  );
  await expect(redirected.getRun(runId, signal)).rejects.toMatchObject({ facts: { status: 307 } });
  expect(upstream.requests).toHaveLength(1);
});
