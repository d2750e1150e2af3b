import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { createLogger, startServer, type AgentServer } from '@flyte-agents/core';
import { DatabricksAgent, DatabricksSqlAgent } from '@flyte-agents/databricks';
import { connect, type Client, type Connection } from '@flyte-agents/proto/client';
import { AsyncAgentService, CreateTaskRequestSchema, TaskExecution_Phase, type Resource } from '@flyte-agents/proto/flyte1';
import {
  AsyncConnectorService,
  CreateTaskRequestSchema as CreateTaskRequest2Schema,
  TaskExecution_Phase as Phase2,
} from '@flyte-agents/proto/flyte2';
import { finish, installTimeoutMs, pythonTool, requirement, startDatabricks, type DatabricksServer } from '@flyte-agents/test-upstreams';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { acceptanceCases } from './accept.ts';
import { fixturePath, readFixture } from './fixtures.ts';
import { buildPropellerDrive, drive } from './propeller.ts';

const python = requirement('python3');
const go = requirement('go');
const scripts = join(import.meta.dirname, '../python');

let workspace: DatabricksServer;
let server: AgentServer;
let connection: Connection;
let agents: Client<typeof AsyncAgentService.method>;
let connectors: Client<typeof AsyncConnectorService.method>;

beforeAll(async () => {
  workspace = await startDatabricks({ takesAnyToken: true, queuedMs: 100, pendingMs: 100, runningMs: 200 });
  for (const [name, value] of Object.entries(workspace.environment)) vi.stubEnv(name, value);
  vi.stubEnv('DATABRICKS_CLIENT_SECRET', 'made-up-client-secret');
  const folder = mkdtempSync(join(tmpdir(), 'databricks-'));
  writeFileSync(join(folder, 'token'), 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl');
  const agent = new DatabricksAgent({ spark: true, instance: 'acme.cloud.databricks.com', oidcTokenFolders: [folder] });
  const logger = createLogger({ level: 'error' });
  const sql = new DatabricksSqlAgent({ instance: 'acme.cloud.databricks.com' });
  server = await startServer({ agents: [agent, sql], host: '127.0.0.1', port: 0, metricsPort: 0, logger });
  connection = connect(`127.0.0.1:${server.port}`);
  agents = connection.client(AsyncAgentService);
  connectors = connection.client(AsyncConnectorService);
  tokenFile = join(folder, 'token');
});
afterAll(async () => {
  connection.close();
  await server.stop();
  await workspace.stop();
  vi.unstubAllEnvs();
});
let tokenFile = '';
let created: { readonly resourceMeta: Uint8Array; readonly name: string } | undefined;
afterEach(() => {
  created = undefined;
});

/** Sends a fixture as it came over the wire, but for what only the place of the tests knows. */
async function create(name: string, execution: string = name): Promise<void> {
  const request = fromBinary(CreateTaskRequestSchema, readFixture(`v1/databricks.${name}`).bytes);
  const custom = request.template?.custom;
  if (custom?.['databricksOidcTokenFile'] !== undefined) custom['databricksOidcTokenFile'] = tokenFile;
  // The fixtures share one attempt; each test is a task of its own.
  request.outputPrefix += `/${execution}/0`;
  const { resourceMeta } = await agents.createTask(request);
  created = { resourceMeta, name: request.template?.type ?? '' };
}

async function get(): Promise<Resource | undefined> {
  if (created === undefined) throw new TypeError('nothing was created');
  const { resourceMeta, name } = created;
  return (await agents.getTask({ resourceMeta, taskCategory: { name, version: 0 } })).resource;
}

function submits() {
  return workspace.requests.filter(({ path }) => path === '/api/2.1/jobs/runs/submit');
}

/** What the Python agent sent for the same request. */
function expected(path: string): object {
  const read: { readonly body: object } = JSON.parse(readFileSync(fixturePath(`${path}.upstream.json`), 'utf8'));
  return read.body;
}

/** Without what is added to every run: a token and a mark, both with the attempt's key, and tags on a new cluster. */
function withoutOurs({
  idempotency_token: _token,
  run_name: name,
  new_cluster: cluster,
  ...rest
}: Readonly<Record<string, unknown>>): object {
  const { custom_tags: _tags, ...others }: { readonly custom_tags?: unknown } =
    typeof cluster === 'object' && cluster !== null ? cluster : {};
  const run_name = typeof name === 'string' ? name.replace(/ \[flyte-[0-9a-f]{32}\]$/, '') : name;
  return { ...rest, run_name, ...(cluster !== undefined && { new_cluster: others }) };
}

describe("flytekit's requests", () => {
  test.each([
    'v1-type-spark',
    'v2-existing-cluster',
    'v2-fast-registered',
    'v2-new-cluster',
    'v2-notebook',
    'v2-notebook-serverless-git',
    'v2-oauth-m2m',
    'v2-oidc-federation',
    'v2-serverless-inline',
    'v2-serverless-key',
  ])('C19, DB3, DB4, DB7: %s is submitted as the Python agent did', async (name) => {
    const before = submits().length;
    await create(name);
    const sent = submits().slice(before);
    expect(sent).toHaveLength(1);
    expect(withoutOurs(sent[0]?.body ?? {})).toEqual(expected(`v1/expected/databricks.${name}`));
    const [, key] = /^flyte-([0-9a-f]{32})$/.exec(String(sent[0]?.body['idempotency_token'])) ?? [];
    expect(sent[0]?.body['run_name']).toMatch(new RegExp(`^.+ \\[flyte-${key}\\]$`));
  });

  test.each([
    ['plain-spark-not-for-us', 'Spark plugin'],
    ['v2-no-compute-invalid', 'existing_cluster_id'],
  ])('C10: %s is refused before anything is submitted', async (name, reason) => {
    const before = workspace.requests.length;
    await create(name);
    expect(await get()).toMatchObject({ phase: TaskExecution_Phase.FAILED, message: expect.stringContaining(reason) });
    expect(workspace.requests).toHaveLength(before);
  });

  test('DB10: a run goes its way to success, with its page', async () => {
    await create('v2-new-cluster');
    const link = { name: 'Databricks Console', uri: expect.stringContaining('#job/11/run/') };
    await expect.poll(async () => (await get())?.phase, { timeout: 5000 }).toBe(TaskExecution_Phase.SUCCEEDED);
    const resource = await get();
    expect(resource).toMatchObject({ logLinks: [link] });
    // The function writes its outputs itself.
    expect(resource?.outputs).toBeUndefined();
  });

  test('R1: the same create, twice, is one run', async () => {
    const before = workspace.runs();
    await create('v1-type-spark', 'twice');
    const first = created?.resourceMeta;
    await create('v1-type-spark', 'twice');
    expect(created?.resourceMeta).toEqual(first);
    expect(workspace.runs()).toBe(before + 1);
  });

  test('DB10: a delete cancels the run', async () => {
    await create('v2-serverless-key');
    if (created === undefined) throw new TypeError('nothing was created');
    await agents.deleteTask({ resourceMeta: created.resourceMeta, taskCategory: { name: created.name, version: 0 } });
    await expect.poll(get).toMatchObject({ phase: TaskExecution_Phase.FAILED, message: expect.stringContaining('CANCELED') });
  });
});

test.each([
  ['new-cluster', 'dapi-not-a-real-token'],
  ['existing-cluster-no-token', 'dapi-made-up-for-tests'],
])("C12, C20: flyte-sdk's %s is submitted as the Python agent did, with the token of its connection", async (name, token) => {
  const before = submits().length;
  const request = fromBinary(CreateTaskRequest2Schema, readFixture(`v2/databricks.${name}`).bytes);
  const { resourceMeta } = await connectors.createTask(request);
  const [sent] = submits().slice(before);
  const body = structuredClone(expected(`v2/expected/databricks.${name}`));
  // A failing function fails its run on Flyte 2 too.
  if ('new_cluster' in body) Object.assign(body.new_cluster ?? {}, { spark_env_vars: { FOO: 'bar', FLYTE_FAIL_ON_ERROR: 'true' } });
  expect(withoutOurs(sent?.body ?? {})).toEqual(body);
  expect(sent?.authorization).toBe(`Bearer ${token}`);
  const { resource } = await connectors.getTask({
    resourceMeta,
    taskCategory: { name: 'databricks', version: 0 },
    ...(request.connection && { connection: request.connection }),
  });
  expect([Phase2.WAITING_FOR_RESOURCES, Phase2.INITIALIZING, Phase2.RUNNING]).toContain(resource?.phase);
});

test.each(['v2-oauth-m2m', 'v2-oidc-federation'])('DB14: %s gets a token, which is sent in place of a personal one', async (name) => {
  const before = submits().length;
  await create(name, `${name}-token`);
  expect(submits().slice(before)).toMatchObject([{ authorization: 'Bearer issued-by-oauth' }]);
});

test.each([
  ["flytekit's", { databricks_instance: 'acme.cloud.databricks.com', auth_token: 'dapi-old', auth_type: 'pat', namespace: 'x' }],
  ["flyte-sdk's", { databricks_instance: 'acme.cloud.databricks.com' }],
])('C5: a run of %s agent that is in flight is taken over', async (_whose, stored) => {
  await create('v2-existing-cluster');
  const [sent] = submits().slice(-1);
  expect(sent).toBeDefined();
  const runId = runIdOf(created?.resourceMeta);
  const resourceMeta = Buffer.from(JSON.stringify({ ...stored, run_id: runId }));
  const ask = async () => (await agents.getTask({ resourceMeta, taskCategory: { name: 'databricks', version: 0 } })).resource;
  await expect.poll(async () => (await ask())?.phase, { timeout: 5000 }).toBe(TaskExecution_Phase.SUCCEEDED);
  expect(workspace.requests.map(({ authorization }) => authorization)).not.toContain('Bearer dapi-old');
});

test('R7: a reference of the first release is read', async () => {
  await create('v2-existing-cluster');
  const frozen = {
    v: 1,
    type: 'databricks',
    project: 'flytesnacks',
    domain: 'development',
    key: '0123456789abcdef0123456789abcdef',
    at: 1_767_225_600_000,
    ref: {
      host: 'acme.cloud.databricks.com',
      auth: { tokenSecret: 'team-a' },
      kind: 'python',
      outputs: {},
      runId: runIdOf(created?.resourceMeta),
    },
  };
  const resourceMeta = Buffer.from(JSON.stringify(frozen));
  const { resource } = await agents.getTask({ resourceMeta, taskCategory: { name: 'databricks', version: 0 } });
  expect(resource?.message).toContain(`Databricks run ${frozen.ref.runId}: `);
});

test('DB13: a short statement has ended when the engine first asks, right after the create', async () => {
  const { resourceMeta } = await agents.createTask({
    template: {
      type: 'databricks_sql',
      custom: { databricksWarehouseId: 'w1' },
      target: { case: 'sql', value: { statement: 'SELECT 42 AS answer' } },
    },
    outputPrefix: 's3://bucket/short/0',
  });
  const { resource } = await agents.getTask({ resourceMeta, taskCategory: { name: 'databricks_sql', version: 0 } });
  expect(resource).toMatchObject({ phase: TaskExecution_Phase.SUCCEEDED, message: expect.stringContaining('SUCCEEDED') });
});

test('DB11, R2: a run of a job whose submit was lost is found by the key in its parameters', async () => {
  const { resourceMeta } = await agents.createTask({
    template: { type: 'databricks', custom: { databricksConf: { job_name: 'nightly' }, databricksKeyParameter: 'attempt' } },
    outputPrefix: 's3://bucket/lost/0',
  });
  // What is stored of a create whose submit had no answer.
  const { ref, ...envelope }: { readonly ref: { readonly runId: string } } = JSON.parse(Buffer.from(resourceMeta).toString());
  const { runId, ...pending } = ref;
  const { resource } = await agents.getTask({
    resourceMeta: Buffer.from(JSON.stringify({ ...envelope, pending })),
    taskCategory: { name: 'databricks', version: 0 },
  });
  expect(resource?.message).toContain(`Databricks run ${runId}: `);
});

function runIdOf(reference: Uint8Array | undefined): string {
  const { ref }: { readonly ref: { readonly runId: string } } = JSON.parse(Buffer.from(reference ?? []).toString());
  return ref.runId;
}

/** Runs a script's tasks on our server. */
async function run(tool: string, script: string) {
  const before = submits().length;
  const interpreter = await pythonTool(tool, join(scripts, `${tool}.txt`));
  const { ended, stdout, output } = await finish(interpreter, [join(scripts, script), `127.0.0.1:${server.port}`]);
  expect({ ended, output }).toMatchObject({ ended: 'exit code 0' });
  const { ranHere }: { readonly ranHere: readonly string[] } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  return { ranHere, output, sent: submits().slice(before) };
}

describe.skipIf(!python.available)(`tasks run from Python${python.note}`, () => {
  test(
    "C19, DB8: flytekit's own DatabricksV2 tasks run on this server, and tell why they failed",
    { timeout: installTimeoutMs },
    async () => {
      const { ranHere, output, sent } = await run('flytekit-databricks', 'flytekit_databricks.py');
      expect(ranHere).toEqual(['broken']);
      expect(output.replaceAll(/\s+/g, ' ')).toContain('ZeroDivisionError: division by zero');
      expect(sent.map(({ body }) => body)).toMatchObject([
        {
          run_name: expect.stringMatching(/^from flytekit \[flyte-/),
          new_cluster: {
            spark_version: '13.3.x-scala2.12',
            num_workers: 2,
            docker_image: { url: 'ghcr.io/acme/spark:v1' },
            spark_conf: { 'spark.driver.memory': '1000M' },
            spark_env_vars: { FOO: 'bar', FLYTE_FAIL_ON_ERROR: 'true' },
          },
          spark_python_task: { parameters: expect.arrayContaining(['pyflyte-execute', '--output-prefix']) },
        },
        { existing_cluster_id: 'c1', spark_python_task: { python_file: '/Workspace/broken.py' } },
      ]);
    },
  );

  test("C19, C20: flyte-sdk's own Databricks tasks run on this server, with the task's secret", { timeout: installTimeoutMs }, async () => {
    const { ranHere, sent } = await run('flyte2-databricks', 'flyte2_databricks.py');
    expect(ranHere).toEqual([]);
    expect(sent).toMatchObject([
      {
        authorization: 'Bearer dapi-from-flyte2',
        body: {
          run_name: expect.stringMatching(/^from flyte-sdk \[flyte-/),
          spark_python_task: { parameters: expect.arrayContaining(['a0', '--outputs-path']) },
        },
      },
    ]);
  });
});

describe.skipIf(!go.available)(`driven by the plugin of Flyte 1.16.8's engine${go.note}`, () => {
  const value = { region: 'emea', rows: 3 };
  const task = {
    type: 'databricks',
    metadata: { runtime: { type: 'FLYTE_SDK', version: '1.16.31', flavor: 'python' }, retries: {} },
    interface: {
      inputs: { variables: {} },
      outputs: { variables: { region: { type: { simple: 'STRING' } }, rows: { type: { simple: 'INTEGER' } } } },
    },
    custom: { notebookPath: '/Shared/report', notebookBaseParameters: value, databricksConf: { environment_key: 'default' } },
  };
  let binary: string;
  beforeAll(async () => {
    binary = await buildPropellerDrive();
  }, installTimeoutMs);

  acceptanceCases({
    subject: () => ({ binary, endpoint: `127.0.0.1:${server.port}`, task }),
    forbid: ['dapi-made-up-for-tests'],
  });

  test('DB16: the engine stores what the notebook ended with', { timeout: 60_000 }, async () => {
    const report = await drive(binary, { endpoint: `127.0.0.1:${server.port}`, task });
    expect(report.executions?.[0]?.attempts[0]?.outputs).toMatchObject({
      literals: { region: { scalar: { primitive: { stringValue: 'emea' } } }, rows: { scalar: { primitive: { integer: '3' } } } },
    });
  });

  test('DB8: code that fails fails the task, with its own error', { timeout: 60_000 }, async () => {
    const broken = { ...task, interface: {}, custom: { ...task.custom, notebookPath: '/Shared/broken' } };
    const report = await drive(binary, { endpoint: `127.0.0.1:${server.port}`, task: broken });
    expect(report.executions?.[0]?.attempts).toMatchObject([{ final_phase: 'PermanentFailure' }]);
    expect(JSON.stringify(report)).toContain('ZeroDivisionError: division by zero');
  });
});
