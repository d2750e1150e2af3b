import { readFileSync } from 'node:fs';
import { fromBinary, toJson } from '@bufbuild/protobuf';
import { BigQueryAgent } from '@flyte-agents/bigquery';
import { createLogger, startServer, type AgentServer } from '@flyte-agents/core';
import { connect, type Connection } from '@flyte-agents/proto/client';
import * as flyte1 from '@flyte-agents/proto/flyte1';
import * as flyte2 from '@flyte-agents/proto/flyte2';
import type { BigQueryRequest } from '@flyte-agents/test-upstreams';
import { FaultyUpstream } from '@flyte-agents/testing';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { startBigQueryAgent, type BigQueryAgentServer } from './bigquery-server.ts';
import { fixturePath } from './fixtures.ts';

/** What a Python agent asked of BigQuery; that of Flyte 2 tells its client's settings apart. */
interface PythonRequest {
  readonly project?: string;
  readonly location?: string | null;
  readonly user_agent?: string;
  readonly client?: { readonly project: string; readonly location: string | null; readonly user_agent: string };
  readonly job_config: { readonly query?: { readonly queryParameters?: readonly QueryParameter[] } } | null;
  readonly sql: string;
}

interface QueryParameter {
  readonly name?: string | null;
  readonly parameterValue: object & { readonly value?: string | number | null };
}

/** A recorded task's template, as far as it is read here. */
interface QuerySettings {
  readonly template: { readonly custom: { readonly [setting: string]: unknown; readonly ProjectID: string } };
}

/** By name, every value as a text: Python writes floats as numbers. */
function sorted(parameters: readonly QueryParameter[] = []): readonly QueryParameter[] {
  const texts = parameters.map((parameter) => {
    const { value } = parameter.parameterValue;
    return typeof value === 'number' ? { ...parameter, parameterValue: { value: String(value) } } : parameter;
  });
  return texts.toSorted((one, other) => ((one.name ?? '') < (other.name ?? '') ? -1 : 1));
}

const taskCategory = { name: 'bigquery_query_job_task', version: 0 };

/** A task of either Flyte on our server; answers are protobuf JSON. */
interface Remote {
  create(fixture: string): Promise<Uint8Array>;
  get(resourceMeta: Uint8Array): Promise<object>;
  delete(resourceMeta: Uint8Array): Promise<unknown>;
}

function toFlyte1(connection: Connection): Remote {
  const agents = connection.client(flyte1.AsyncAgentService);
  return {
    create: async (fixture) => {
      const request = fromBinary(flyte1.CreateTaskRequestSchema, readFileSync(fixturePath(`v1/${fixture}.binpb`)));
      // The fixtures share one execution; here, each is one of its own.
      request.outputPrefix = `s3://b/${fixture}/n0/data/0`;
      return (await agents.createTask(request)).resourceMeta;
    },
    get: async (resourceMeta) => {
      const { resource } = await agents.getTask({ resourceMeta, taskCategory });
      return resource === undefined ? {} : asObject(toJson(flyte1.ResourceSchema, resource));
    },
    delete: (resourceMeta) => agents.deleteTask({ resourceMeta, taskCategory }),
  };
}

function toFlyte2(connection: Connection): Remote {
  const agents = connection.client(flyte2.AsyncConnectorService);
  return {
    create: async (fixture) => {
      const request = fromBinary(flyte2.CreateTaskRequestSchema, readFileSync(fixturePath(`v2/${fixture}.binpb`)));
      request.outputPrefix = `s3://b/${fixture}/a0/1`;
      return (await agents.createTask(request)).resourceMeta;
    },
    get: async (resourceMeta) => {
      const { resource } = await agents.getTask({ resourceMeta, taskCategory });
      return resource === undefined ? {} : asObject(toJson(flyte2.ResourceSchema, resource));
    },
    delete: (resourceMeta) => agents.deleteTask({ resourceMeta, taskCategory }),
  };
}

function asObject(json: unknown): object {
  return typeof json === 'object' && json !== null ? json : {};
}

function readText(name: string): string {
  return readFileSync(fixturePath(name), 'utf8');
}

const versions = [
  ['v1', toFlyte1],
  ['v2', toFlyte2],
] as const;

describe.each(versions)('C19: the requests of %s', (version, toRemote) => {
  let server: BigQueryAgentServer;
  let connection: Connection;
  let remote: Remote;
  beforeAll(async () => {
    server = await startBigQueryAgent();
    connection = connect(server.endpoint);
    remote = toRemote(connection);
  });
  afterAll(async () => {
    connection.close();
    await server.stop();
  });

  /** Takes a fixture's task to its end; gives what was inserted, and the last answer. */
  async function run(fixture: string): Promise<{ readonly inserted: BigQueryRequest; readonly resource: object }> {
    const resourceMeta = await remote.create(fixture);
    const inserted = server.bigquery.requests.findLast(({ operation }) => operation === 'jobs.insert');
    if (inserted === undefined) throw new Error('nothing was inserted');
    await expect.poll(async () => await remote.get(resourceMeta), { timeout: 10_000 }).toMatchObject({ phase: 'SUCCEEDED' });
    return { inserted, resource: await remote.get(resourceMeta) };
  }

  test.for(version === 'v1' ? ['minimal', 'params-and-output', 'query-job-config', 'second-attempt'] : ['minimal', 'params-secret-output'])(
    'ask for the same job and give the same outputs as with the Python agent: %s',
    async (name) => {
      const python: PythonRequest = JSON.parse(readText(`${version}/expected/bigquery.${name}.upstream.json`));
      const { project, location, user_agent: userAgent } = python.client ?? python;
      const { inserted, resource } = await run(`bigquery.${name}`);
      const { jobReference, configuration } = inserted.body;
      const asked = { project: jobReference?.projectId, location: jobReference?.location ?? null, sql: configuration?.query?.query };
      expect(asked).toEqual({ project, location, sql: python.sql });
      expect(String(inserted.headers['user-agent']).startsWith(`${userAgent} `)).toBe(true);
      const expected = sorted(python.job_config?.query?.queryParameters);
      expect(sorted(configuration?.query?.queryParameters).filter((parameter) => parameter.name !== 'static')).toEqual(expected);

      const job = server.bigquery.jobs.find(({ reference }) => reference.jobId === jobReference?.jobId);
      const table = job?.destinationTable;
      const done: { readonly outputs: object } = JSON.parse(
        readText(`${version}/expected/bigquery.done${version === 'v1' ? '-with-destination' : ''}.resource.json`),
      );
      const uri = `bq://${table?.projectId}:${table?.datasetId}.${table?.tableId}`;
      const outputs: object = JSON.parse(JSON.stringify(done.outputs).replace('bq://p1:_d1.anon1', uri));
      const isDeclared = name.startsWith('params') || name === 'query-job-config';
      expect('outputs' in resource ? resource.outputs : undefined).toEqual(isDeclared ? outputs : undefined);
      expect(JSON.stringify(resource)).toContain(`&j=bq:${job?.reference.location}:${jobReference?.jobId}&page=queryresults`);
    },
  );
});

describe('C19: what a Python agent never did, ours does (docs/migration.md)', () => {
  let server: BigQueryAgentServer;
  let connection: Connection;
  let inserted: BigQueryRequest | undefined;
  beforeAll(async () => {
    server = await startBigQueryAgent();
    connection = connect(server.endpoint);
  });
  afterAll(async () => {
    connection.close();
    await server.stop();
  });

  async function run(fixture: string): Promise<object> {
    const remote = toFlyte1(connection);
    const resourceMeta = await remote.create(fixture);
    inserted = server.bigquery.requests.findLast(({ operation }) => operation === 'jobs.insert');
    await expect.poll(async () => await remote.get(resourceMeta), { timeout: 10_000 }).toMatchObject({ phase: 'SUCCEEDED' });
    return remote.get(resourceMeta);
  }

  test('BQ2: the settings of the task apply', async () => {
    const { template }: QuerySettings = JSON.parse(readText('v1/bigquery.query-job-config.json'));
    const resource = await run('bigquery.query-job-config');
    const { Domain: _domain, Location: _location, ProjectID: project, queryParameters: _parameters, ...settings } = template.custom;
    expect(inserted?.body.configuration?.query).toMatchObject(settings);
    expect(inserted?.body.configuration?.query?.queryParameters).toHaveLength(2);
    expect(resource).toMatchObject({
      outputs: { literals: { results: { scalar: { structuredDataset: { uri: `bq://${project}:out.results` } } } } },
    });
    // With the parameter of the settings and that of the input, one row is found.
    const job = server.bigquery.jobs.at(-1);
    const { rows } = await queryResults(server, job?.reference.projectId ?? '', job?.reference.jobId ?? '');
    expect(rows).toEqual([['2026-01-02', 'from-config', '7']]);
  });

  test('BQ3: dates, durations, lists and optional inputs are parameters', async () => {
    await run('bigquery.edge-inputs');
    const { rows } = await queryResults(server, 'p', server.bigquery.jobs.at(-1)?.reference.jobId ?? '');
    expect(rows).toEqual([
      ['2026-01-02T00:00:00', '0-0 0 1:0:0.005000', '7', null, [{ v: '1' }, { v: '2' }, { v: '3' }], [{ v: 'a' }, { v: 'b' }]],
    ]);
  });

  test('C21: jobs are labelled with whose they are', async () => {
    await run('bigquery.minimal');
    expect(inserted?.body.configuration?.labels).toEqual({
      'flyte-project': 'flytesnacks',
      'flyte-domain': 'development',
      'flyte-execution': 'f3a9c1d2e4b5a6978c0d',
      'flyte-node': 'n0',
      'flyte-attempt': '0',
      'flyte-key': expect.stringMatching(/^[0-9a-f]{32}$/),
    });
  });
});

/** A result's rows, through the jobs API. */
async function queryResults(server: BigQueryAgentServer, project: string, jobId: string): Promise<{ readonly rows: readonly unknown[] }> {
  const location = server.bigquery.jobs.find(({ reference }) => reference.jobId === jobId)?.reference.location;
  const response = await fetch(`${server.bigquery.endpoint}/bigquery/v2/projects/${project}/queries/${jobId}?location=${location}`);
  const answer: { readonly rows?: readonly { readonly f: readonly { readonly v: unknown }[] }[] } = JSON.parse(await response.text());
  return { rows: (answer.rows ?? []).map(({ f }) => f.map(({ v }) => v)) };
}

/** The jobs that the Python agents' recorded answers are about. */
const destinationTable = { projectId: 'p1', datasetId: '_d1', tableId: 'anon1' };
const syntaxError = { reason: 'invalidQuery', location: 'query', message: 'Syntax error: Unexpected end of script' };
const states: Readonly<Record<string, object>> = {
  pending: { status: { state: 'PENDING' }, configuration: { query: {} } },
  running: { status: { state: 'RUNNING' }, configuration: { query: {} } },
  done: { status: { state: 'DONE' }, configuration: { query: { destinationTable } } },
  'done-with-destination': { status: { state: 'DONE' }, configuration: { query: { destinationTable } } },
  'done-without-destination': { status: { state: 'DONE' }, configuration: { query: {} } },
  failed: { status: { state: 'DONE', errorResult: syntaxError, errors: [syntaxError] }, configuration: { query: {} } },
};

describe.each([
  ['v1', toFlyte1, { job_id: 'job-1', project: 'p1', location: 'EU' }],
  ['v2', toFlyte2, { job_id: 'job-1', project: 'p1', location: 'EU', user_agent: 'Flyte/2.12.1 (GPN:Union;development)' }],
] as const)('R7, BQ5: tasks that the Python agent of %s started', (version, toRemote, reference) => {
  const resourceMeta = new TextEncoder().encode(JSON.stringify(reference));
  let upstream: FaultyUpstream;
  let server: AgentServer;
  let connection: Connection;
  let remote: Remote;
  let state = 'running';
  beforeAll(async () => {
    upstream = await FaultyUpstream.start({
      handler: () => ({ body: { jobReference: { jobId: 'job-1', location: 'EU' }, ...states[state] } }),
    });
    vi.stubEnv('BIGQUERY_EMULATOR_HOST', upstream.url);
    const logger = createLogger({ level: 'error' });
    server = await startServer({ agents: [new BigQueryAgent()], host: '127.0.0.1', port: 0, metricsPort: 0, logger });
    connection = connect(`127.0.0.1:${server.port}`);
    remote = toRemote(connection);
  });
  afterAll(async () => {
    connection.close();
    await server.stop();
    await upstream.close();
    vi.unstubAllEnvs();
  });

  /** A task's end is remembered; each look is at another one. */
  let looks = 0;
  async function look(name: string): Promise<object> {
    state = name;
    const other = new TextEncoder().encode(JSON.stringify({ ...reference, look: looks++ }));
    return remote.get(other);
  }

  test.each(version === 'v1' ? ['running', 'done-with-destination', 'done-without-destination'] : ['running', 'done'])(
    'are told as it told them: %s',
    async (name) => {
      const { customInfo: _ours, ...resource }: { readonly customInfo?: object } = await look(name);
      expect(resource).toEqual(JSON.parse(readText(`${version}/expected/bigquery.${name}.resource.json`)));
    },
  );

  test('are told what failed as a sentence, not as a Python list', async () => {
    const recorded: { readonly message: string } = JSON.parse(readText(`${version}/expected/bigquery.failed.resource.json`));
    const { message, ...expected } = recorded;
    const failed = await look('failed');
    expect(failed).toMatchObject(expected);
    expect(failed).toMatchObject({
      message: expect.stringMatching(/^BigQuery job job-1: invalidQuery: Syntax error: .* \(location query\); see https:/),
    });
    expect(message).toMatch(/^\[\{'reason'/);
  });

  test('wait for resources while they are pending', async () => {
    expect(await look('pending')).toMatchObject({ phase: 'WAITING_FOR_RESOURCES', message: 'PENDING' });
  });

  test('C4: are cancelled', async () => {
    state = 'running';
    await remote.delete(resourceMeta);
    expect(upstream.requests.map(({ method, path }) => `${method} ${path}`)).toContain(
      'POST /bigquery/v2/projects/p1/jobs/job-1/cancel?location=EU',
    );
  });

  test('R7: so is one that the first version of this agent started, in its own form', async () => {
    state = 'done-with-destination';
    const ref = '{"project":"p1","location":"EU","outputs":{"results":"TABLE"},"jobId":"flyte_0123456789abcdef0123456789abcdef"}';
    const frozen = `{"v":1,"type":"bigquery_query_job_task","project":"flytesnacks","domain":"development","key":"0123456789abcdef0123456789abcdef","at":1767225600000,"ref":${ref}}`;
    expect(await remote.get(new TextEncoder().encode(frozen))).toMatchObject({ phase: 'SUCCEEDED', outputs: expect.anything() });
    expect(upstream.requests.at(-1)?.path).toBe('/bigquery/v2/projects/p1/jobs/flyte_0123456789abcdef0123456789abcdef?location=EU');
  });
});
