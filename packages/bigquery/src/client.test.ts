import { createServer, type Socket } from 'node:net';
import { FaultyUpstream, type FaultKind } from '@flyte-agents/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import jobs from './__fixtures__/jobs.json' with { type: 'json' };
import { connect, type BigQueryClient, type NewJob, type TableClient } from './client.ts';
import { rethrow, toSubmitFault } from './errors.ts';

const { signal } = new AbortController();
const name = { project: 'p1', jobId: 'flyte_1', location: 'EU' };
const newJob: NewJob = {
  ...name,
  configuration: { query: { query: "SELECT '{{projectId}}'" }, labels: {} },
  userAgent: 'Flytekit/1.16.31 (GPN:Union;d)',
};
let upstream: FaultyUpstream;
let client: BigQueryClient & TableClient;

beforeEach(async () => {
  upstream = await FaultyUpstream.start({ handler: ({ method, path, body }) => answer(method, path, body) });
  vi.stubEnv('BIGQUERY_EMULATOR_HOST', upstream.url);
  client = await connect('p1', {});
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await upstream.close();
});

function answer(method: string, path: string, body: string) {
  if (body.includes('"dryRun":true'))
    return { body: { jobReference: { projectId: 'p1', location: 'EU' }, statistics: { totalBytesProcessed: '7' } } };
  if (path.includes('/jobs/unknown')) return refused(404, 'notFound', 'Not found: Job p1:unknown');
  if (path.includes('/jobs/denied')) return refused(403, 'accessDenied', 'Access Denied: Job p1:denied');
  if (path.includes('/tables/absent')) return refused(404, 'notFound', 'Not found: Table p1:d.absent');
  if (path.endsWith('/projects')) return { body: { projects: [{ id: 'p1' }, { id: 'p2' }] } };
  if (path.includes('/data?')) return { body: { rows: [{ f: [{ v: '20260101' }] }, { f: [{ v: '20260102' }] }] } };
  if (path.endsWith('/tables/t')) return { body: { kind: 'bigquery#table', numRows: '5', schema: {} } };
  if (path.includes('/queries/'))
    return { body: { jobComplete: true, schema: { fields: [{ name: 'x', type: 'INTEGER' }] }, rows: [{ f: [{ v: '1' }] }] } };
  if (method === 'GET' && /\/jobs\?/.test(path))
    return { body: { jobs: [{ ...jobs.running, jobReference: { jobId: 'elsewhere', location: 'asia-east1' } }] } };
  return { body: path.endsWith('/cancel') ? { job: jobs.running } : jobs.running };
}

function refused(status: number, reason: string, message: string) {
  return { status, body: { error: { code: status, message, errors: [{ reason, message }] } } };
}

/** What the upstream was asked last. */
function asked() {
  const { method, path, headers, body } = upstream.requests.at(-1) ?? { method: '', path: '', headers: {}, body: '' };
  const { pathname, searchParams } = new URL(path, 'http://localhost');
  return {
    method,
    path: pathname,
    query: Object.fromEntries(searchParams),
    userAgent: headers['user-agent'],
    body: body === '' ? undefined : JSON.parse(body),
  };
}

describe("the SDK's requests", () => {
  test('BQ1: an insert has the id, the location and the configuration as they are', async () => {
    expect(await client.insert(newJob)).toMatchObject({ jobReference: { jobId: 'job-1' }, status: { state: 'RUNNING' } });
    expect(asked()).toMatchObject({
      method: 'POST',
      path: '/bigquery/v2/projects/p1/jobs',
      userAgent: expect.stringMatching(/^Flytekit\/1\.16\.31 \(GPN:Union;d\) /),
      body: { jobReference: { projectId: 'p1', jobId: 'flyte_1', location: 'EU' }, configuration: newJob.configuration },
    });
  });

  test('BQ5: a location that nobody chose is left to BigQuery', async () => {
    await client.insert({ ...newJob, location: null });
    expect(asked().body).toHaveProperty('jobReference', { projectId: 'p1', jobId: 'flyte_1' });
    await client.get({ ...name, location: null }, signal);
    expect(asked()).toMatchObject({ path: '/bigquery/v2/projects/p1/jobs/flyte_1', query: {} });
  });

  test('BQ12: a dry run takes no id, and gives none', async () => {
    expect(await client.dryRun(newJob, signal)).toMatchObject({ statistics: { totalBytesProcessed: '7' } });
    expect(asked().body).toMatchObject({
      jobReference: { projectId: 'p1', location: 'EU' },
      configuration: { ...newJob.configuration, dryRun: true },
    });
    expect(asked().body).not.toHaveProperty('jobReference.jobId');
  });

  test('a job is asked for where it is, whatever its project is called', async () => {
    await client.get({ ...name, project: 'example.com:p1' }, signal);
    expect(asked()).toMatchObject({
      method: 'GET',
      path: '/bigquery/v2/projects/example.com%3Ap1/jobs/flyte_1',
      query: { location: 'EU' },
    });
  });

  test('a listing is one page with all that is known', async () => {
    expect(await client.list({ project: 'p1', parentJobId: 'script' }, signal)).toHaveLength(1);
    expect(asked()).toMatchObject({
      path: '/bigquery/v2/projects/p1/jobs',
      query: { projection: 'full', maxResults: '1000', parentJobId: 'script' },
    });
  });

  test('BQ14: of a result, two rows are read, with times as whole numbers', async () => {
    expect(await client.firstRows(name, signal)).toEqual({
      schema: { fields: [{ name: 'x', type: 'INTEGER' }] },
      rows: [{ f: [{ v: '1' }] }],
    });
    expect(asked()).toMatchObject({
      path: '/bigquery/v2/projects/p1/queries/flyte_1',
      query: { location: 'EU', maxResults: '2', 'formatOptions.useInt64Timestamp': 'true' },
    });
  });

  test('BQ8: a cancel names the job', async () => {
    await client.cancel(name);
    expect(asked()).toMatchObject({ method: 'POST', path: '/bigquery/v2/projects/p1/jobs/flyte_1/cancel', query: { location: 'EU' } });
  });

  test('OP10: projects are those that the account may see', async () => {
    expect(await client.countProjects(signal)).toBe(2);
    expect(asked()).toMatchObject({ method: 'GET', path: '/bigquery/v2/projects' });
  });

  test('BQ1: a job of unknown location is found wherever it is, if it is among the latest', async () => {
    expect(await client.find(name, signal)).toMatchObject({ jobReference: { jobId: 'job-1' } });
    expect(await client.find({ ...name, jobId: 'unknown' }, signal)).toBeUndefined();
    expect(upstream.requests.filter(({ path }) => path.includes('/jobs?'))).toEqual([]);
    expect(await client.find({ project: 'p1', jobId: 'unknown', location: null }, signal)).toBeUndefined();
    expect(upstream.requests.filter(({ path }) => path.includes('/jobs?'))).toHaveLength(1);
    await expect(client.find({ ...name, jobId: 'denied' }, signal)).rejects.toThrow('Access Denied');
  });

  test('BQ15: a table is looked at, and its partitions in the table that lists them', async () => {
    const table = { projectId: 'p1', datasetId: 'd', tableId: 't' };
    expect(await client.table(table, signal)).toEqual({ numRows: '5' });
    expect(asked()).toMatchObject({ method: 'GET', path: '/bigquery/v2/projects/p1/datasets/d/tables/t' });
    expect(await client.table({ ...table, tableId: 'absent' }, signal)).toBeUndefined();
    expect(await client.partitions(table, signal)).toEqual(['20260101', '20260102']);
    expect(asked()).toMatchObject({
      path: '/bigquery/v2/projects/p1/datasets/d/tables/t%24__PARTITIONS_SUMMARY__/data',
      query: { selectedFields: 'partition_id' },
    });
  });

  test('SDK, C15: nothing is tried twice: the core retries', async () => {
    upstream.fault({ kind: 'unavailable' });
    await expect(client.get(name, signal)).rejects.toThrow('unavailable');
    expect(upstream.requests).toHaveLength(1);
  });
});

describe('what goes wrong', () => {
  test.each<[FaultKind, object]>([
    ['throttled', { code: 'RESOURCE_EXHAUSTED', passes: true, submitted: 'no', retryAfterMs: 2000 }],
    ['unavailable', { code: 'UNAVAILABLE', passes: true, submitted: 'unknown' }],
    ['refused', { code: 'PERMISSION_DENIED', passes: false, submitted: 'no' }],
    ['lost-before', { code: 'UNAVAILABLE', submitted: 'unknown', message: 'BigQuery job flyte_1: no answer (ECONNRESET)' }],
    ['lost-after', { code: 'UNAVAILABLE', submitted: 'unknown', message: 'BigQuery job flyte_1: no answer (ECONNRESET)' }],
    ['malformed', { code: 'UNAVAILABLE', submitted: 'unknown', message: 'BigQuery job flyte_1: the answer is not one of BigQuery' }],
    ['truncated', { code: 'UNAVAILABLE', submitted: 'unknown' }],
  ])('C15, R2: a submit that is %s is said so, and does no harm to the process', async (kind, fault) => {
    upstream.fault({ kind, retryAfterMs: 2000 });
    const error: unknown = await client.insert(newJob).catch((caught: unknown) => toSubmitFault(caught, 'job flyte_1'));
    expect(error).toMatchObject(fault);
  });

  test('a server that is not there has taken nothing', async () => {
    await upstream.close();
    const error: unknown = await client.insert(newJob).catch((caught: unknown) => toSubmitFault(caught, 'job flyte_1'));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', submitted: 'no', message: 'BigQuery job flyte_1: no answer (ECONNREFUSED)' });
  });

  test('a submit that is not answered within a minute is given up', async () => {
    const abort = new AbortController();
    const limit = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(abort.signal);
    upstream.fault({ kind: 'stall-after' });
    const ended = client.insert(newJob).catch((caught: unknown) => toSubmitFault(caught, 'job flyte_1'));
    await expect.poll(() => upstream.requests.length).toBe(1);
    abort.abort(new DOMException('', 'TimeoutError'));
    expect(await ended).toMatchObject({ code: 'UNAVAILABLE', submitted: 'unknown' });
    expect(limit).toHaveBeenCalledExactlyOnceWith(60_000);
    limit.mockRestore();
  });

  test.each([
    ['unknown', { code: 'NOT_FOUND', message: 'BigQuery job: 404 notFound Not found: Job p1:unknown' }],
    [
      'denied',
      {
        code: 'PERMISSION_DENIED',
        origin: 'system',
        message: expect.stringContaining('403 accessDenied Access Denied: Job p1:denied (grant its account'),
      },
    ],
  ])('C9: an %s job is told in the words of BigQuery', async (jobId, fault) => {
    await expect(client.get({ ...name, jobId }, signal).catch(rethrow('job'))).rejects.toMatchObject(fault);
  });

  test('R5: a read ends with its signal, and so does its connection', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer(
      (socket) =>
        void sockets.add(
          socket
            .on('close', () => sockets.delete(socket))
            .on('error', () => {})
            .resume(),
        ),
    );
    await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    vi.stubEnv('BIGQUERY_EMULATOR_HOST', `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
    const controller = new AbortController();
    const answered = (await connect('p1', {})).get(name, controller.signal).catch(rethrow('job flyte_1'));
    await expect.poll(() => sockets.size).toBe(1);
    controller.abort();
    await expect(answered).rejects.toMatchObject({ code: 'UNAVAILABLE', message: 'BigQuery job flyte_1: no answer (AbortError)' });
    await expect.poll(() => sockets.size).toBe(0);
    silent.close();
  });
});
