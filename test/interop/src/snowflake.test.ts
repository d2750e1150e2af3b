import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fromBinary, toJson, type JsonValue } from '@bufbuild/protobuf';
import { createLogger, SecretSource, startServer, type AgentServer } from '@flyte-agents/core';
import { connect, type Connection } from '@flyte-agents/proto/client';
import * as flyte1 from '@flyte-agents/proto/flyte1';
import * as flyte2 from '@flyte-agents/proto/flyte2';
import { SnowflakeAgent } from '@flyte-agents/snowflake';
import { SnowflakeApi, SnowflakeStatement } from '@flyte-agents/test-upstreams';
import { FaultyUpstream } from '@flyte-agents/testing';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { fixturePath } from './fixtures.ts';

/** The requests of flytekit 1.16.31 and flyte-sdk 2.12.1, and what their Python agents make of them. */
const queryId = '01b2c3d4-0000-1111-0000-000000000001';
const taskCategory = { name: 'snowflake', version: 0 };
const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const api = new SnowflakeApi();
let upstream: FaultyUpstream;
let server: AgentServer;
let connection: Connection;

async function start(): Promise<AgentServer> {
  return startServer({
    agents: [new SnowflakeAgent({ url: upstream.url })],
    host: '127.0.0.1',
    port: 0,
    metricsPort: 0,
    secrets: new SecretSource({ SNOWFLAKE_PRIVATE_KEY: privateKey }, { files: false }),
    logger: createLogger({ level: 'silent' }),
  });
}

beforeAll(async () => {
  upstream = await FaultyUpstream.start({ handler: (request) => api.answer(request) });
  server = await start();
  connection = connect(`127.0.0.1:${server.port}`);
});
afterAll(async () => {
  connection.close();
  await server.stop();
  await upstream.close();
});
beforeEach(() => {
  api.nextHandle = queryId;
});
afterEach(() => {
  api.statements.length = 0;
});

function bytes(name: string): Uint8Array {
  return readFileSync(fixturePath(`${name}.binpb`));
}

function expected(name: string): Record<string, JsonValue> {
  return JSON.parse(readFileSync(fixturePath(`${name}.json`), 'utf8'));
}

let executions = 0;

/** Sends a request as an execution of its own; gives its reference. */
async function create1(name: string): Promise<Uint8Array> {
  const request = fromBinary(flyte1.CreateTaskRequestSchema, bytes(`v1/snowflake.${name}`));
  request.outputPrefix = `s3://my-s3-bucket/metadata/${++executions}/n0/data/0`;
  return (await connection.client(flyte1.AsyncAgentService).createTask(request)).resourceMeta;
}

async function get1(resourceMeta: Uint8Array): Promise<JsonValue> {
  const { resource } = await connection.client(flyte1.AsyncAgentService).getTask({ resourceMeta, taskCategory });
  return resource === undefined ? null : toJson(flyte1.ResourceSchema, resource);
}

async function create2(name: string): Promise<Uint8Array> {
  const request = fromBinary(flyte2.CreateTaskRequestSchema, bytes(`v2/snowflake.${name}`));
  request.outputPrefix = `s3://my-s3-bucket/${++executions}/a0/1`;
  // The fixtures' keys are none.
  if (request.connection !== undefined) request.connection.secrets = { snowflake_private_key: privateKey };
  return (await connection.client(flyte2.AsyncConnectorService).createTask(request)).resourceMeta;
}

async function get2(resourceMeta: Uint8Array): Promise<JsonValue> {
  const secrets = { snowflake_private_key: privateKey };
  const { resource } = await connection
    .client(flyte2.AsyncConnectorService)
    .getTask({ resourceMeta, taskCategory, connection: { secrets } });
  return resource === undefined ? null : toJson(flyte2.ResourceSchema, resource);
}

const noted = "id = 9007199254740993 AND name = 'O\\'Brien \\\\ 100%'";

test.each([
  ['v1.minimal', () => create1('minimal'), 'SELECT 1'],
  ['v1.insert', () => create1('insert'), "INSERT INTO FLYTE.PUBLIC.TEST (ID, NAME, AGE) VALUES (123, 'Kevin', 30)"],
  [
    'v1.params-and-output',
    () => create1('params-and-output'),
    `SELECT * FROM ORDERS WHERE ${noted} AND ok = TRUE AND r > 0.25 AND t < '2026-01-02 03:04:05.678901+00:00' AND note LIKE '10%'`,
  ],
  ['v2.minimal', () => create2('minimal'), 'SELECT 1'],
  ['v2.batch-insert', () => create2('batch-insert'), "INSERT INTO T (A, B) VALUES (1, 'x'), (2, 'y\\'z'), (3, '')"],
  [
    'v2.params-secret-group-output',
    () => create2('params-secret-group-output'),
    `SELECT * FROM T WHERE ${noted} AND r > 0.25 AND ok = TRUE`,
  ],
] as const)('C19, SF6, SF15: %s asks Snowflake for the same as the Python agent', async (name, create, statement) => {
  const { connection: asked, resource_meta: stored } = expected(`${name.replace('.', '/expected/snowflake.')}.upstream`);
  const reference = new TextDecoder().decode(await create());
  const { account, user, login_timeout: _ignored, session_parameters: parameters, ...names } = Object(asked);
  expect(api.only.body).toMatchObject({ statement, ...names });
  expect(JSON.parse(api.only.tag)).toMatchObject({
    project: 'flytesnacks',
    domain: 'development',
    ...(parameters !== undefined && { tag: 'flyte' }),
  });
  // What the Python agents store is stored, but no options.
  const { query_id: storedId, has_output: hasOutput, connection_kwargs: _options, ...place } = Object(stored);
  const outputs = hasOutput ? { results: 'TABLE' } : {};
  expect(JSON.parse(reference)).toMatchObject({ ref: { ...place, account, user, queryId: storedId, outputs } });
  expect(reference).not.toContain('PRIVATE KEY');
});

/** In ours, the message names the query, and the link of Flyte 1 is that of Flyte 2. */
const message = expect.stringContaining(queryId);
const link = { name: 'Snowflake Dashboard', uri: `https://app.snowflake.com/FZFPPDI/FNB02854/#/compute/history/queries/${queryId}/detail` };

test.each(['running', 'success'])('SF9, SF10: flytekit’s task that is %s is answered as by the Python agent', async (state) => {
  const reference = await create1('params-and-output');
  Object.assign(api.only, { state: state === 'success' ? 'SUCCESS' : 'RUNNING' });
  expect(await get1(reference)).toMatchObject({ ...expected(`v1/expected/snowflake.${state}.resource`), message, logLinks: [link] });
});

test.each(['running', 'success', 'failed'])(
  'SF7, SF9, SF10: flyte-sdk’s task that is %s is answered as by the Python agent',
  async (state) => {
    const reference = await create2('params-secret-group-output');
    const states: Readonly<Record<string, string>> = { running: 'RUNNING', success: 'SUCCESS', failed: 'FAILED_WITH_ERROR' };
    const answer = { code: '000904', sqlState: '42000', message: 'SQL compilation error: error line 1 at position 7' };
    Object.assign(api.only, { state: states[state], ...(state === 'failed' && { answer }) });
    const { message: said = '', ...resource } = expected(`v2/expected/snowflake.${state}.resource`);
    expect(await get2(reference)).toMatchObject({ ...resource, message: expect.stringContaining(typeof said === 'string' ? said : '') });
  },
);

test('SF2, SF16: where the Python agents end with an error, a queued query waits', async () => {
  const [one, two] = [await create1('minimal'), await create2('minimal')];
  for (const statement of api.statements) Object.assign(statement, { state: 'QUEUED' });
  expect(await get1(one)).toMatchObject({ phase: 'WAITING_FOR_RESOURCES' });
  expect(await get2(two)).toMatchObject({ phase: 'WAITING_FOR_RESOURCES' });
});

test('SF1: the same request from two servers starts one statement', async () => {
  const other = await start();
  const second = connect(`127.0.0.1:${other.port}`);
  const request = fromBinary(flyte1.CreateTaskRequestSchema, bytes('v1/snowflake.minimal'));
  await Promise.all([connection, second].map((each) => each.client(flyte1.AsyncAgentService).createTask(request)));
  expect(api.only.body.statement).toBe('SELECT 1');
  second.close();
  await other.stop();
});

const names = { account: 'ORG-ACC', user: 'FLYTE', database: 'DB', schema: 'PUBLIC', warehouse: 'WH' };
const references = {
  'flytekit’s agent': { ...names, query_id: queryId, has_output: true },
  'flyte-sdk’s agent': { ...names, query_id: queryId, has_output: true, connection_kwargs: { login_timeout: 30 } },
};

test.each(Object.entries(references))('C19, R7: a query in flight of %s goes on, and is cancelled', async (of, reference) => {
  api.statements.push(Object.assign(new SnowflakeStatement('', { statement: 'SELECT 1' }, queryId), { state: 'RUNNING' }));
  const resourceMeta = new TextEncoder().encode(JSON.stringify(reference));
  expect(await get1(resourceMeta)).toMatchObject({ phase: 'RUNNING' });
  await connection.client(flyte1.AsyncAgentService).deleteTask({ resourceMeta, taskCategory });
  expect(upstream.requests.at(-1)?.body).toContain(`SYSTEM$CANCEL_QUERY('${queryId}')`);
  Object.assign(api.only, { state: 'SUCCESS' });
  const uri = `snowflake://FLYTE${of.startsWith('flytekit') ? ':' : '/'}ORG-ACC/WH/DB/PUBLIC/${queryId}`;
  expect(JSON.stringify(await get1(resourceMeta))).toContain(uri);
});

/** Stored by the first release: later ones must read it. */
const frozen = {
  v: 1,
  type: 'snowflake',
  project: 'flytesnacks',
  domain: 'development',
  key: '0123456789abcdef0123456789abcdef',
  at: 1_790_000_000_000,
  ref: { ...names, role: null, authenticator: null, origin: null, sdk: 'flytekit', outputs: { results: 'TABLE' }, queryId, by: 'api' },
};

test('R7: a reference of the first release is read', async () => {
  api.statements.push(Object.assign(new SnowflakeStatement('', { statement: 'SELECT 1' }, queryId), { state: 'SUCCESS' }));
  const resource = await get1(new TextEncoder().encode(JSON.stringify(frozen)));
  expect(resource).toMatchObject({ phase: 'SUCCEEDED' });
  const { ref }: { ref: object } = JSON.parse(new TextDecoder().decode(await create1('minimal')));
  expect(Object.keys(ref).toSorted()).toEqual(Object.keys(frozen.ref).toSorted());
});

test('SF7: a query that fails between the two questions of a poll is told with its reason', async () => {
  const reference = await create1('minimal');
  Object.assign(api.only, { answer: { code: '000904', sqlState: '42000', message: 'invalid identifier' } });
  const states = ['RUNNING', 'FAILED_WITH_ERROR', 'FAILED_WITH_ERROR'];
  const spy = vi.spyOn(api, 'answer').mockImplementation(function (this: SnowflakeApi, request) {
    if (!request.path.startsWith('/session')) Object.assign(api.only, { state: states.shift() ?? 'FAILED_WITH_ERROR' });
    return SnowflakeApi.prototype.answer.call(api, request);
  });
  expect(await get1(reference)).toMatchObject({ phase: 'FAILED', message: expect.stringContaining('000904 (42000): invalid identifier') });
  spy.mockRestore();
});
