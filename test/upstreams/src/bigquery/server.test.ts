import { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startBigQuery, type BigQueryServer } from './server.ts';

interface JobResource {
  readonly id: string;
  readonly jobReference: { readonly jobId: string; readonly location: string };
  readonly status: { readonly state: string; readonly errorResult?: { readonly reason: string; readonly message: string } };
  readonly configuration: { readonly query?: { readonly destinationTable?: object } };
  readonly statistics: { readonly query?: Readonly<Record<string, unknown>>; readonly totalBytesProcessed?: string };
}

/** Whatever an answer may hold that tests read. */
interface Answer extends JobResource {
  readonly jobs: readonly JobResource[];
  readonly nextPageToken: string;
  readonly rows?: readonly { readonly f: readonly { readonly v: unknown }[] }[];
}

describe("the stand-in for BigQuery's REST API", () => {
  let buckets: string;
  let server: BigQueryServer;
  beforeAll(async () => {
    buckets = mkdtempSync(join(tmpdir(), 'flyte-agents-buckets-'));
    server = await startBigQuery({ pendingMs: 50, runningMs: 50, buckets });
    await server.execute('CREATE SCHEMA shop; CREATE TABLE shop.orders AS SELECT * FROM (VALUES (1, 2.5), (2, 7.5)) AS t(id, amount)');
  });
  afterAll(async () => {
    await server.stop();
    rmSync(buckets, { recursive: true });
  });

  async function ask(method: string, path: string, body?: object): Promise<{ readonly status: number; readonly answer: Answer }> {
    const response = await fetch(`${server.endpoint}/bigquery/v2/projects/p/${path}`, {
      method,
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer: Answer = JSON.parse(await response.text());
    return { status: response.status, answer };
  }

  async function insert(configuration: object, jobReference: object = {}): Promise<JobResource> {
    const { status, answer } = await ask('POST', 'jobs', { jobReference, configuration });
    expect(answer).toMatchObject({ kind: 'bigquery#job' });
    expect(status).toBe(200);
    return answer;
  }

  async function done({ jobReference: { jobId, location } }: JobResource): Promise<JobResource> {
    let job: JobResource | undefined;
    await expect
      .poll(async () => {
        job = (await ask('GET', `jobs/${jobId}?location=${location}`)).answer;
        return job.status.state;
      })
      .toBe('DONE');
    if (job === undefined) throw new Error('no job');
    return job;
  }

  async function rowsOf(query: string, settings: object = {}): Promise<unknown> {
    const job = await done(await insert({ query: { query, ...settings } }));
    expect(job.status.errorResult).toBeUndefined();
    const { answer } = await ask('GET', `queries/${job.jobReference.jobId}?location=US`);
    return (answer.rows ?? []).map(({ f }) => f.map(({ v }) => v));
  }

  async function failure(configuration: object): Promise<object | undefined> {
    return (await done(await insert(configuration))).status.errorResult;
  }

  test('a job waits, runs and is done', async () => {
    const job = await insert({ query: { query: 'SELECT 1' } });
    const states = new Set([job.status.state]);
    await expect
      .poll(async () => states.add((await ask('GET', `jobs/${job.jobReference.jobId}`)).answer.status.state).has('DONE'), { interval: 10 })
      .toBe(true);
    expect([...states]).toEqual(['PENDING', 'RUNNING', 'DONE']);
  });

  test('an id is taken once, in a location', async () => {
    const reference = { jobId: 'once', location: 'EU' };
    await insert({ query: { query: 'SELECT 1' } }, reference);
    const again = await ask('POST', 'jobs', { jobReference: reference, configuration: { query: { query: 'SELECT 2' } } });
    expect(again).toMatchObject({
      status: 409,
      answer: { error: { message: 'Already Exists: Job p:EU.once', errors: [{ reason: 'duplicate' }] } },
    });
    await insert({ query: { query: 'SELECT 3' } }, { ...reference, location: 'US' });
  });

  test('a job outside of US and EU is found only with its location', async () => {
    await insert({ query: { query: 'SELECT 1' } }, { jobId: 'far', location: 'asia-east1' });
    expect((await ask('GET', 'jobs/far')).status).toBe(404);
    expect((await ask('GET', 'jobs/far?location=asia-east1')).status).toBe(200);
    expect(await ask('GET', 'jobs/unknown')).toMatchObject({ status: 404, answer: { error: { errors: [{ reason: 'notFound' }] } } });
  });

  test('SQL is run: parameters of every type come back as they were sent', async () => {
    const queryParameters = [
      parameter('i', 'INT64', '9007199254740993'),
      parameter('f', 'FLOAT64', '0.1'),
      parameter('s', 'STRING', `it's "quoted"`),
      parameter('b', 'BOOL', 'true'),
      parameter('y', 'BYTES', 'AP8='),
      parameter('d', 'DATE', '2026-01-02'),
      parameter('t', 'TIME', '03:04:05.678901'),
      parameter('dt', 'DATETIME', '2026-01-02T03:04:05.678901'),
      parameter('ts', 'TIMESTAMP', '2026-01-02T03:04:05.678901Z'),
      parameter('n', 'NUMERIC', '12345678901234567890.123456789'),
      parameter('v', 'INTERVAL', '0-0 0 1:0:0.005000'),
      parameter('none', 'INT64', null),
      parameter('j', 'JSON', '{"a":[1,9007199254740993]}'),
      {
        name: 'list',
        parameterType: { type: 'ARRAY', arrayType: { type: 'INT64' } },
        parameterValue: { arrayValues: [{ value: '1' }, { value: '2' }] },
      },
      {
        name: 'st',
        parameterType: { type: 'STRUCT', structTypes: [{ name: 'x', type: { type: 'INT64' } }] },
        parameterValue: { structValues: { x: { value: '7' } } },
      },
    ];
    const names = queryParameters.map(({ name }) => `@${name}`).join(', ');
    expect(await rowsOf(`SELECT ${names}, @st.x -- @none`, { queryParameters })).toEqual([
      [
        '9007199254740993',
        '0.1',
        `it's "quoted"`,
        'true',
        'AP8=',
        '2026-01-02',
        '03:04:05.678901',
        '2026-01-02T03:04:05.678901',
        '1767323045678901',
        '12345678901234567890.123456789',
        '0-0 0 1:0:0.005000',
        null,
        '{"a":[1,9007199254740993]}',
        [{ v: '1' }, { v: '2' }],
        { f: [{ v: '7' }] },
        '7',
      ],
    ]);
  });

  test('names in backticks, UNNEST and positional parameters are understood', async () => {
    const queryParameters = [{ parameterType: { type: 'INT64' }, parameterValue: { value: '2' } }];
    expect(await rowsOf('SELECT amount FROM `p.shop.orders` WHERE id = ?', { queryParameters })).toEqual([['7.5']]);
    expect(await rowsOf('SELECT SUM(x) FROM UNNEST(GENERATE_ARRAY(1, 4)) AS x WHERE x IN UNNEST([1, 4])')).toEqual([['5']]);
    expect(await rowsOf('SELECT COUNT(*) FROM orders', { defaultDataset: { datasetId: 'shop' } })).toEqual([['2']]);
  });

  test('a table is written as the dispositions say', async () => {
    const destinationTable = { projectId: 'p', datasetId: 'shop', tableId: 'written' };
    const write = async (query: string, how: object = {}): Promise<JobResource> =>
      done(await insert({ query: { query, destinationTable, ...how } }));
    expect((await write('SELECT 1 AS x')).configuration.query?.destinationTable).toEqual(destinationTable);
    expect((await write('SELECT 2 AS x')).status.errorResult).toMatchObject({ reason: 'duplicate' });
    await write('SELECT 2 AS x', { writeDisposition: 'WRITE_APPEND' });
    expect(await rowsOf('SELECT x FROM shop.written ORDER BY x')).toEqual([['1'], ['2']]);
    await write('SELECT 3 AS x', { writeDisposition: 'WRITE_TRUNCATE' });
    expect(await rowsOf('SELECT x FROM shop.written')).toEqual([['3']]);
    const never = { destinationTable: { ...destinationTable, tableId: 'absent' }, createDisposition: 'CREATE_NEVER' };
    expect((await write('SELECT 1 AS x', never)).status.errorResult).toMatchObject({ reason: 'notFound' });
  });

  test.each([
    ['SELECT FROM', 'invalidQuery', /^Syntax error/],
    ['SELECT * FROM shop.absent', 'notFound', /^Not found/],
    ["SELECT ERROR('boom')", 'invalidQuery', /^boom$/],
    ['SELECT nothing FROM shop.orders', 'invalidQuery', /nothing/],
  ])('%s fails with %s', async (query, reason, message) => {
    expect(await failure({ query: { query } })).toMatchObject({ reason, message: expect.stringMatching(message) });
  });

  test('statements that give no table have none', async () => {
    const created = await done(await insert({ query: { query: 'CREATE TABLE shop.made (x INT64)' } }));
    const filled = await done(await insert({ query: { query: 'INSERT INTO shop.made VALUES (1), (2)' } }));
    expect([created, filled].map(({ configuration }) => configuration.query?.destinationTable)).toEqual([undefined, undefined]);
    expect([created, filled].map(({ statistics }) => statistics.query?.['statementType'])).toEqual(['CREATE_TABLE', 'INSERT']);
    expect(await rowsOf('SELECT SUM(x) FROM shop.made')).toEqual([['3']]);
  });

  test("a script's statements are jobs of their own, and its result is the last one", async () => {
    const query = 'CREATE TABLE shop.scripted AS SELECT 5 AS x; SELECT x FROM shop.scripted; INSERT INTO shop.scripted VALUES (6);';
    const script = await done(await insert({ query: { query } }));
    expect(script).toMatchObject({ statistics: { numChildJobs: '3', query: { statementType: 'SCRIPT' } } });
    const { answer } = await ask('GET', `jobs?parentJobId=${script.jobReference.jobId}`);
    expect(answer.jobs.map((job) => job.statistics.query?.['statementType'])).toEqual(['INSERT', 'SELECT', 'CREATE_TABLE_AS_SELECT']);
    expect((await ask('GET', `queries/${script.jobReference.jobId}`)).answer.rows).toEqual([{ f: [{ v: '5' }] }]);
    expect(await failure({ query: { query: "SELECT 1; SELECT ERROR('boom'); SELECT 2" } })).toMatchObject({ message: 'boom' });
  });

  test('a query that runs is stopped', async () => {
    const job = await insert({
      query: { query: 'SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 100000)) a, UNNEST(GENERATE_ARRAY(1, 1000000)) b' },
    });
    await expect.poll(async () => (await ask('GET', `jobs/${job.jobReference.jobId}`)).answer.status.state).toBe('RUNNING');
    await ask('POST', `jobs/${job.jobReference.jobId}/cancel`, {});
    expect((await done(job)).status.errorResult).toMatchObject({ reason: 'stopped', message: expect.stringContaining('cancelled') });
    expect((await ask('POST', `jobs/${job.jobReference.jobId}/cancel`, {})).status).toBe(200);
  });

  test('a dry run tells what would be read, and does nothing', async () => {
    const { length } = server.jobs;
    const { answer } = await ask('POST', 'jobs', { configuration: { dryRun: true, query: { query: 'SELECT * FROM shop.orders' } } });
    expect(Number(answer.statistics.totalBytesProcessed)).toBeGreaterThan(0);
    expect(server.jobs).toHaveLength(length);
    const wrong = await ask('POST', 'jobs', { configuration: { dryRun: true, query: { query: 'SELECT FROM' } } });
    expect(wrong).toMatchObject({ status: 400, answer: { error: { errors: [{ reason: 'invalidQuery' }] } } });
  });

  test('more bytes than may be billed are not read, and results are kept', async () => {
    expect(await failure({ query: { query: 'SELECT * FROM shop.orders', maximumBytesBilled: '1' } })).toMatchObject({
      reason: 'bytesBilledLimitExceeded',
    });
    const query = { query: 'SELECT id FROM shop.orders' };
    expect((await done(await insert({ query }))).statistics.query).toMatchObject({ cacheHit: false, totalBytesBilled: '10485760' });
    expect((await done(await insert({ query }))).statistics.query).toMatchObject({ cacheHit: true, totalBytesBilled: '0' });
  });

  test('files are loaded and written, tables copied', async () => {
    mkdirSync(join(buckets, 'bucket'));
    writeFileSync(join(buckets, 'bucket/in.csv'), 'a,b\n1,x\n2,y\n');
    const destinationTable = { projectId: 'p', datasetId: 'shop', tableId: 'loaded' };
    await done(await insert({ load: { sourceUris: ['gs://bucket/in.csv'], destinationTable } }));
    const copied = { ...destinationTable, tableId: 'copied' };
    await done(await insert({ copy: { sourceTable: destinationTable, destinationTable: copied } }));
    await done(await insert({ extract: { sourceTable: copied, destinationUris: ['gs://bucket/out/part-*.csv'] } }));
    expect(readFileSync(join(buckets, 'bucket/out/part-000000000000.csv'), 'utf8')).toBe('a,b\n1,x\n2,y\n');
    expect((await ask('GET', 'datasets/shop/tables/copied')).answer).toMatchObject({
      numRows: '2',
      schema: { fields: [{ name: 'a' }, { name: 'b' }] },
    });
    expect(await failure({ load: { sourceUris: ['/etc/passwd'], destinationTable } })).toMatchObject({ reason: 'invalid' });
  });

  test('labels that BigQuery would refuse are refused', async () => {
    const query = { query: 'SELECT 1' };
    expect((await ask('POST', 'jobs', { configuration: { query, labels: { 'flyte-Node': 'n0' } } })).status).toBe(400);
    expect((await ask('POST', 'jobs', { configuration: { query, labels: { 'flyte-node': 'n0.1' } } })).status).toBe(400);
  });

  test('pages are as long as they may be', async () => {
    const { answer } = await ask('GET', 'jobs?maxResults=2');
    expect(answer.jobs).toHaveLength(2);
    const next = await ask('GET', `jobs?maxResults=2&pageToken=${answer.nextPageToken}`);
    expect(next.answer.jobs[0]?.id).not.toBe(answer.jobs[0]?.id);
  });

  test('what a test refuses is refused', async () => {
    server.refuse({ operation: 'jobs.list', status: 403, reason: 'accessDenied' });
    expect(await ask('GET', 'jobs')).toMatchObject({ status: 403, answer: { error: { errors: [{ reason: 'accessDenied' }] } } });
    expect((await ask('GET', 'jobs')).status).toBe(200);
  });
});

function parameter(name: string, type: string, value: string | null) {
  return { name, parameterType: { type }, parameterValue: { value } };
}
