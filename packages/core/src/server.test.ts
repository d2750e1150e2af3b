import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  create,
  fromBinary,
  toBinary,
  type DescMessage,
  type DescMethodUnary,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import { connect } from '@flyte-agents/proto/client';
import * as flyte1 from '@flyte-agents/proto/flyte1';
import * as flyte2 from '@flyte-agents/proto/flyte2';
import { methodDefinition } from '@flyte-agents/proto/grpc';
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  badConfig,
  contentOf,
  denied,
  EchoAgent,
  failing,
  FlagSensor,
  gate,
  JobAgent,
  recordingLogger,
  rejection,
} from './__fixtures__/agents.ts';
import { certificate, tlsFolder } from './__fixtures__/certificates.ts';
import { goldenRequest } from './__fixtures__/golden.ts';
import { AgentError } from './errors.ts';
import { Inputs } from './literals/inputs.ts';
import type { Literal } from './literals/model.ts';
import { unknownStates } from './phase.ts';
import { encodeLiterals, fromMapMessage } from './protocol/literals.ts';
import { startServer, type AgentServer, type ServerOptions } from './server.ts';
import type { Resource } from './task.ts';

const open: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const close of open.splice(0).toReversed()) await close();
});

async function harness(options: Partial<ServerOptions> = {}) {
  const [agent, echo, flag] = [new JobAgent(), new EchoAgent(), new FlagSensor()];
  const logger = recordingLogger();
  const server = await startServer({
    agents: [agent, echo, flag],
    host: '127.0.0.1',
    port: 0,
    metricsPort: 0,
    drainMs: 1000,
    logger,
    ...options,
  });
  open.push(() => server.stop());
  return { agent, echo, flag, logger, server, ...clients(server) };
}

function clients({ port }: AgentServer) {
  const connection = connect(`127.0.0.1:${port}`);
  open.push(() => connection.close());
  return {
    connection,
    one: connection.client(flyte1.AsyncAgentService),
    two: connection.client(flyte2.AsyncConnectorService),
    sync: connection.client(flyte1.SyncAgentService),
  };
}

/** A client that sends and takes bytes. */
function rawClient({ port }: AgentServer): Client {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  open.push(() => client.close());
  return client;
}

const same = (bytes: Buffer): Buffer => bytes;

function callRaw(client: Client, path: string, sent: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, same, same, Buffer.from(sent), { deadline: Date.now() + 5000 }, (error, response) => {
      if (error === null && response !== undefined) resolve(response);
      else reject(error ?? new Error('no response'));
    });
  });
}

/** Ten seconds on the server; the client itself waits on. */
const serverDeadline = new Metadata();
serverDeadline.set('grpc-timeout', '10S');

/** From now on, time passes by {@link inTime} only: which of two timers is first must not depend on how busy the machine is. Sockets are real. */
function stopClock(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
}

/** Lets time pass until there is an answer. */
async function inTime<Value>(answer: Promise<Value>): Promise<Value> {
  const state = { settled: false };
  const settle = (): void => {
    state.settled = true;
  };
  answer.then(settle, settle);
  while (!state.settled) {
    vi.advanceTimersByTime(100);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  return answer;
}

/** A call with a deadline on the server only. */
function callUntil<Input extends DescMessage, Output extends DescMessage>(
  server: AgentServer,
  method: DescMethodUnary<Input, Output>,
  message: MessageInitShape<Input>,
): Promise<MessageShape<Output>> {
  const { path } = methodDefinition(method);
  return new Promise((resolve, reject) => {
    rawClient(server).makeUnaryRequest(
      path,
      (value: MessageInitShape<Input>) => Buffer.from(toBinary(method.input, create(method.input, value))),
      (bytes) => fromBinary(method.output, bytes),
      message,
      serverDeadline,
      (error, response) => {
        if (error === null && response !== undefined) resolve(response);
        else reject(error ?? new Error('no response'));
      },
    );
  });
}

const createPath = '/flyteidl.service.AsyncAgentService/CreateTask';

const syncPath = '/flyteidl.service.SyncAgentService/ExecuteTaskSync';

function request(type: string, attempt: number = 0) {
  return {
    template: { type, id: { project: 'flytesnacks', domain: 'development', name: 'jobs.nightly', version: 'v1' } },
    outputPrefix: `s3://bucket/f3a/n0/data/${attempt}`,
    taskExecutionMetadata: {
      taskExecutionId: {
        retryAttempt: attempt,
        nodeExecutionId: { nodeId: 'n0', executionId: { project: 'flytesnacks', domain: 'development', name: 'f3a' } },
      },
    },
  };
}

const running = 2;
const succeeded = 3;
const failed = 5;
const retryableFailed = 8;

async function all<Message>(messages: AsyncIterable<Message>): Promise<readonly Message[]> {
  const read: Message[] = [];
  for await (const message of messages) read.push(message);
  return read;
}

describe('C20: on one port', () => {
  test('Flyte 1 creates, polls and deletes', async () => {
    const { agent, one } = await harness();
    const { resourceMeta } = await one.createTask(request('job'));
    expect(agent.created).toMatchObject([{ context: { project: 'flytesnacks', domain: 'development' } }]);
    const taskCategory = { name: 'job', version: 0 };
    const { resource } = await one.getTask({ taskType: 'job', taskCategory, resourceMeta, outputPrefix: 's3://b' });
    expect(resource).toMatchObject({ phase: running, logLinks: [{ name: 'Console' }] });
    await one.deleteTask({ taskType: 'job', taskCategory, resourceMeta });
    expect(agent.deleted).toHaveLength(1);
  });

  test('Flyte 1’s old engines name the type in the deprecated field', async () => {
    const { one } = await harness();
    const { resourceMeta } = await one.createTask(request('job'));
    expect((await one.getTask({ taskType: 'job', resourceMeta })).resource?.phase).toBe(running);
  });

  test('Flyte 2 creates, polls and deletes', async () => {
    const { agent, two } = await harness();
    const { resourceMeta } = await two.createTask(request('job'));
    const { resource } = await two.getTask({ taskCategory: { name: 'job' }, resourceMeta });
    expect(resource).toMatchObject({ phase: running, logLinks: [{ name: 'Console' }] });
    await two.deleteTask({ taskCategory: { name: 'job' }, resourceMeta });
    expect(agent.deleted).toHaveLength(1);
  });

  test('both give one task the same job', async () => {
    const { agent, one, two } = await harness();
    const [first, second] = [await one.createTask(request('job')), await two.createTask(request('job'))];
    expect(second.resourceMeta).toEqual(first.resourceMeta);
    expect(agent.created).toHaveLength(1);
  });

  test('both read a job’s log', async () => {
    const { agent, one, two } = await harness();
    agent.pages = [{ lines: [{ message: 'one\n' }, { message: 'two' }], nextToken: 'n' }];
    const { resourceMeta } = await one.createTask(request('job'));
    const query = { taskCategory: { name: 'job' }, resourceMeta, lines: 10n, token: 't' };
    expect(await all(one.getTaskLogs([query]))).toMatchObject([
      { part: { case: 'body', value: { results: ['one\n', 'two'] } } },
      { part: { case: 'header', value: { token: 'n' } } },
    ]);
    expect(await all(two.getTaskLogs([query]))).toMatchObject([
      { part: { case: 'body', value: { lines: [{ message: 'one\n' }, { message: 'two' }] } } },
      { part: { case: 'header', value: { token: 'n' } } },
    ]);
  });

  test('both read a job’s metrics', async () => {
    const { agent, one, two } = await harness();
    const getMetrics = vi.spyOn(agent, 'getMetrics');
    const { resourceMeta } = await one.createTask(request('job'));
    const query = { taskCategory: { name: 'job' }, resourceMeta, queries: ['cpu'], startTime: { seconds: 5n }, step: { seconds: 60n } };
    const results = [{ metric: 'cpu', data: { resultType: 'matrix' } }];
    expect(await one.getTaskMetrics(query)).toMatchObject({ results });
    expect(await two.getTaskMetrics(query)).toMatchObject({ results });
    expect(getMetrics.mock.calls.map(([, asked]) => asked)).toMatchObject([
      { queries: ['cpu'], start: { seconds: 5n }, step: { seconds: 60n }, end: undefined },
      { queries: ['cpu'] },
    ]);
  });

  test('C23: a log that cannot be read is an error of that call', async () => {
    const { agent, one, two } = await harness();
    const { resourceMeta } = await one.createTask(request('job'));
    agent.before.logs = failing(denied());
    const query = { taskCategory: { name: 'job' }, resourceMeta };
    for (const read of [all(one.getTaskLogs([query])), all(two.getTaskLogs([query]))])
      expect(await rejection(read)).toMatchObject({ code: status.PERMISSION_DENIED, details: 'access denied: grant jobs.run' });
  });

  test('C23: a long log is read no faster than the caller takes it, and no further than that', async () => {
    const { agent, one } = await harness();
    const { resourceMeta } = await one.createTask(request('job'));
    const line = { message: 'x'.repeat(100_000) };
    let pages = 0;
    let ended = false;
    vi.spyOn(agent, 'getLogs').mockImplementation(async function* () {
      try {
        for (; pages < 1000; pages++) yield { lines: [line] };
      } finally {
        ended = true;
      }
    });
    const controller = new AbortController();
    const stream = one.getTaskLogs([{ taskCategory: { name: 'job' }, resourceMeta }], { signal: controller.signal });
    await stream[Symbol.asyncIterator]().next();
    // As soon as its buffers are full, the server waits.
    let before = -1;
    await vi.waitFor(() => {
      const now = pages;
      const stands = now === before;
      before = now;
      expect(stands).toBe(true);
    }, 20_000);
    expect(pages).toBeLessThan(500);
    controller.abort();
    await vi.waitFor(() => expect(ended).toBe(true), 20_000);
    expect(pages).toBeLessThan(500);
  });

  test('R6: a sync type is answered on the async paths of both', async () => {
    const { one, two } = await harness();
    const { resourceMeta } = await one.createTask({ ...request('echo'), inputs: { literals: { x: text('v') } } });
    const answer = await one.getTask({ taskCategory: { name: 'echo' }, resourceMeta });
    expect(answer.resource).toMatchObject({ phase: succeeded });
    expect(answer.resource?.outputs && [...fromMapMessage(answer.resource.outputs)]).toEqual([['text', { kind: 'string', value: 'x' }]]);

    const second = await two.createTask({ ...request('echo', 1), inputs: { literals: [{ name: 'y', value: text2('v') }] } });
    const { resource } = await two.getTask({ taskCategory: { name: 'echo' }, resourceMeta: second.resourceMeta });
    expect(resource).toMatchObject({ phase: succeeded, outputs: { literals: [{ name: 'text' }] } });
    await two.deleteTask({ taskCategory: { name: 'echo' }, resourceMeta: second.resourceMeta });
  });

  test('R6: a result that is not for the reference is in outputs.pb, where the engine reads it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'flyte-agents-outputs-'));
    open.push(() => rm(folder, { recursive: true }));
    const { one } = await harness({ agents: [new EchoAgent({ resultsMayBeStored: false })], storeRoots: [folder] });
    const outputPrefix = `${pathToFileURL(folder).href}/n0/data/0`;
    const { resourceMeta } = await one.createTask({ ...request('echo'), outputPrefix, inputs: { literals: { x: text('v') } } });
    const { resource } = await one.getTask({ taskCategory: { name: 'echo' }, resourceMeta });
    expect(resource).toMatchObject({ phase: succeeded });
    expect(resource?.outputs).toBeUndefined();
    const written = fromBinary(flyte1.LiteralMapSchema, await readFile(join(folder, 'n0/data/0/outputs.pb')));
    expect([...fromMapMessage(written)]).toEqual([['text', { kind: 'string', value: 'x' }]]);
  });

  test('SE1: flytekit’s own sensor request is served without importing what it names', async () => {
    const flag = new FlagSensor('File', { classes: [{ module: 'flytekit.sensor.file_sensor', name: 'FileSensor' }] });
    const { server, one } = await harness({ agents: [flag] });
    const { resourceMeta } = flyteCreateResponse(await callRaw(rawClient(server), createPath, goldenRequest('sensor-file')));
    expect((await one.getTask({ taskCategory: { name: 'sensor' }, resourceMeta })).resource?.phase).toBe(running);
    expect(flag.poked[0]?.task.inputs.string('path')).toBe('s3://example-bucket/in/_SUCCESS');
  });
});

function flyteCreateResponse(bytes: Buffer): flyte1.CreateTaskResponse {
  return create(flyte1.CreateTaskResponseSchema, { resourceMeta: bytes.subarray(bytes[1] !== undefined && bytes[1] > 127 ? 3 : 2) });
}

function text(value: string): MessageInitShape<typeof flyte1.LiteralSchema> {
  return { value: { case: 'scalar', value: { value: { case: 'primitive', value: { value: { case: 'stringValue', value } } } } } };
}

function text2(value: string): MessageInitShape<typeof flyte2.LiteralSchema> {
  return { value: { case: 'scalar', value: { value: { case: 'primitive', value: { value: { case: 'stringValue', value } } } } } };
}

describe('R9: the listing', () => {
  test('of Flyte 1 has every type once, at version 0, in the old and the new field', async () => {
    const { connection } = await harness();
    const { agents } = await connection.client(flyte1.AgentMetadataService).listAgents({});
    expect(
      agents.map(({ name, isSync, supportedTaskTypes, supportedTaskCategories }) => ({
        name,
        isSync,
        supportedTaskTypes,
        supportedTaskCategories,
      })),
    ).toMatchObject([
      { name: 'Job Agent', isSync: false, supportedTaskTypes: ['job'], supportedTaskCategories: [{ name: 'job', version: 0 }] },
      { name: 'Echo Agent', isSync: true, supportedTaskTypes: ['echo'], supportedTaskCategories: [{ name: 'echo', version: 0 }] },
      {
        name: 'Sensor',
        isSync: false,
        supportedTaskTypes: ['sensor', 'file_sensor'],
        supportedTaskCategories: [
          { name: 'sensor', version: 0 },
          { name: 'file_sensor', version: 0 },
        ],
      },
    ]);
  });

  test('of Flyte 2 has the same', async () => {
    const { connection } = await harness();
    const { connectors } = await connection.client(flyte2.ConnectorMetadataService).listConnectors({});
    expect(
      connectors.map(({ name, supportedTaskCategories }) => [
        name,
        ...supportedTaskCategories.map((each) => `${each.name}@${each.version}`),
      ]),
    ).toEqual([
      ['Job Agent', 'job@0'],
      ['Echo Agent', 'echo@0'],
      ['Sensor', 'sensor@0', 'file_sensor@0'],
    ]);
  });

  test('C26: has only allowed types', async () => {
    const { connection } = await harness({ taskTypes: ['echo', 'sensor'] });
    const { agents } = await connection.client(flyte1.AgentMetadataService).listAgents({});
    expect(agents.flatMap(({ supportedTaskTypes }) => supportedTaskTypes)).toEqual(['echo', 'sensor']);
  });

  test('asks no agent, and answers while they are all stuck', async () => {
    const { agent, connection, one } = await harness();
    const { wait, open: letGo } = gate();
    agent.before.create = wait;
    const stuck = one.createTask(request('job'));
    const prepare = vi.spyOn(agent, 'prepare');
    expect((await connection.client(flyte1.AgentMetadataService).listAgents({}, { timeoutMs: 1000 })).agents).toHaveLength(3);
    expect(prepare).not.toHaveBeenCalled();
    letGo();
    await stuck;
  });

  test('of one agent by its name is that agent, or NOT_FOUND', async () => {
    const { connection } = await harness();
    const [one, two] = [connection.client(flyte1.AgentMetadataService), connection.client(flyte2.ConnectorMetadataService)];
    expect((await one.getAgent({ name: 'Echo Agent' })).agent).toMatchObject({ name: 'Echo Agent', isSync: true });
    expect((await two.getConnector({ name: 'Echo Agent' })).connector).toMatchObject({ name: 'Echo Agent' });
    await expect(one.getAgent({ name: 'nobody' })).rejects.toMatchObject({ code: status.NOT_FOUND });
    await expect(two.getConnector({ name: 'nobody' })).rejects.toMatchObject({ code: status.NOT_FOUND });
  });
});

/** The fields of a message that are one byte or a short text each. */
function field(number: number, value: string): Buffer {
  return Buffer.concat([Buffer.from([number * 8 + 2, value.length]), Buffer.from(value)]);
}

const serviceNames = [
  'flyteidl.service.AsyncAgentService',
  'flyteidl.service.SyncAgentService',
  'flyteidl.service.AgentMetadataService',
  'flyteidl2.connector.AsyncConnectorService',
  'flyteidl2.connector.ConnectorMetadataService',
];

describe('C18: health', () => {
  const serving = Buffer.from([8, 1]);

  test.each(['', 'grpc.health.v1.Health', ...serviceNames])('of %j is SERVING', async (service) => {
    const { server } = await harness();
    expect(await callRaw(rawClient(server), '/grpc.health.v1.Health/Check', service === '' ? new Uint8Array() : field(1, service))).toEqual(
      serving,
    );
  });

  test('of every service is listed', async () => {
    const { server } = await harness();
    const listed = (await callRaw(rawClient(server), '/grpc.health.v1.Health/List', Buffer.alloc(0))).toString('latin1');
    for (const name of serviceNames) expect(listed).toContain(name);
  });

  test('of an unknown service is NOT_FOUND', async () => {
    const { server } = await harness();
    await expect(callRaw(rawClient(server), '/grpc.health.v1.Health/Check', field(1, 'nobody'))).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
  });
});

function reflect(client: Client, asked: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = client.makeBidiStreamRequest('/grpc.reflection.v1.ServerReflection/ServerReflectionInfo', same, same);
    stream.on('data', (bytes: Buffer) => {
      resolve(bytes.toString('latin1'));
      stream.cancel();
    });
    stream.on('error', reject);
    stream.write(asked);
  });
}

describe('reflection', () => {
  test('lists every service, and has the files of their messages', async () => {
    const { server } = await harness({ reflection: true });
    const client = rawClient(server);
    const listed = await reflect(client, field(7, ''));
    for (const name of serviceNames) expect(listed).toContain(name);
    const file = await reflect(client, field(4, 'flyteidl2.connector.AsyncConnectorService'));
    expect(file).toContain('GetTaskLogs');
    expect(await reflect(client, field(4, 'flyteidl.core.LiteralMap'))).toContain('LiteralCollection');
  });

  test('is off unless it is asked for', async () => {
    const { server } = await harness();
    await expect(reflect(rawClient(server), field(7, ''))).rejects.toMatchObject({ code: status.UNIMPLEMENTED });
  });
});

describe('C18: the metrics endpoint', () => {
  test('OP6: tells the lag of the event loop, and what the process uses', async () => {
    const { server } = await harness();
    const metrics = await (await fetch(`http://127.0.0.1:${server.metricsPort}/metrics`)).text();
    expect(metrics).toMatch(/^nodejs_eventloop_lag_p99_seconds \d/m);
    expect(metrics).toMatch(/^process_resident_memory_bytes \d/m);
  });

  test('has the metrics as text', async () => {
    const { server, one } = await harness();
    await one.createTask(request('job'));
    const response = await fetch(`http://127.0.0.1:${server.metricsPort}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await response.text()).toContain('flyte_connector_requests_success_total{task_type="job",operation="create"} 1');
    expect((await fetch(`http://127.0.0.1:${server.metricsPort}/`)).status).toBe(404);
  });

  test('C7: counts unknown states, and warns once for each', async () => {
    const { agent, logger, server, one } = await harness();
    const { resourceMeta } = await one.createTask(request('job'));
    agent.before.get = () => unknownStates.publish({ state: 'PAUSED', fallback: 'RUNNING' });
    for (let i = 0; i < 3; i++) await one.getTask({ taskCategory: { name: 'job' }, resourceMeta });
    expect(await (await fetch(`http://127.0.0.1:${server.metricsPort}/metrics`)).text()).toContain('flyte_agents_unknown_states_total 3');
    expect(logger.lines.filter(({ message }) => message.includes('no table knows'))).toHaveLength(1);
  });
});

describe('R3: a poll', () => {
  const unsendable: [string, Record<string, Literal>, RegExp][] = [
    [
      'has an integer of more than 64 bits',
      { n: { kind: 'integer', value: 2n ** 64n } },
      /result cannot be sent: output n: expected an integer of 64 bits/,
    ],
    [
      'is larger than the engine takes',
      { text: { kind: 'string', value: 'x'.repeat(5_000_000) } },
      /outputs of 50000\d\d bytes do not fit into an answer/,
    ],
  ];
  test.each(unsendable)('whose result %s is FAILED, not an error, on both protocols', async (_name, outputs, message) => {
    const { agent, one, two } = await harness();
    const { resourceMeta } = await one.createTask(request('job'));
    agent.jobs.set(agent.created[0]?.context.idempotencyKey ?? '', { phase: 'SUCCEEDED', outputs });
    for (const { resource } of [
      await one.getTask({ taskCategory: { name: 'job' }, resourceMeta }),
      await two.getTask({ taskCategory: { name: 'job' }, resourceMeta }),
    ])
      expect(resource).toMatchObject({ phase: failed, message: expect.stringMatching(message) });
  });

  const untellable: [string, Partial<Resource>][] = [
    ['a custom info that is no JSON', { customInfo: JSON.parse('{"a":1}', () => 2n ** 64n) }],
    ['a custom info with a hole', { customInfo: Object.assign({}, { a: undefined }) }],
    ['a custom info with no number', { customInfo: { cost: Number.NaN } }],
    ['a link with half a character', { links: [{ name: '\ud800', uri: 'https://x/\udfff' }] }],
  ];
  test.each(untellable)('of a job that runs with %s is RUNNING, never FAILED nor an error', async (_name, told) => {
    const { agent, one, two } = await harness();
    const { resourceMeta } = await one.createTask(request('job'));
    agent.jobs.set(agent.created[0]?.context.idempotencyKey ?? '', { phase: 'RUNNING', ...told });
    const stored = { taskCategory: { name: 'job' }, resourceMeta };
    for (const { resource } of [await one.getTask(stored), await two.getTask(stored)]) expect(resource?.phase).toBe(running);
  });

  test.each([
    ['garbage', Buffer.from('garbage')],
    ['nothing', Buffer.alloc(0)],
    ['a pickle', Buffer.from([0x80, 4])],
  ])('with %s as its reference is FAILED, not an error', async (_name, resourceMeta) => {
    const { one, two } = await harness();
    expect((await one.getTask({ taskCategory: { name: 'job' }, resourceMeta })).resource?.phase).toBe(failed);
    expect((await two.getTask({ taskCategory: { name: 'job' }, resourceMeta })).resource?.phase).toBe(failed);
  });

  test('of nothing at all is answered', async () => {
    const { one, two } = await harness();
    expect((await one.getTask({})).resource?.phase).toBe(running);
    expect((await two.getTask({})).resource?.phase).toBe(running);
  });

  test('R5: whose service does not answer is RUNNING before the deadline', async () => {
    const { agent, one, server } = await harness();
    const { resourceMeta } = await one.createTask(request('job'));
    agent.before.get = () => new Promise(() => {});
    stopClock();
    const stored = { taskCategory: { name: 'job' }, resourceMeta };
    const { resource } = await inTime(callUntil(server, flyte1.AsyncAgentService.method.getTask, stored));
    expect(resource).toMatchObject({ phase: running, message: 'the service has not answered yet, will ask again' });
  });
});

describe('R2: a create', () => {
  test('that answers in time with a pending submit does not cancel it when the call ends', async () => {
    const { agent, one, server } = await harness();
    const { wait, open: letGo } = gate();
    agent.before.create = wait;
    stopClock();
    const { resourceMeta } = await inTime(callUntil(server, flyte1.AsyncAgentService.method.createTask, request('job')));
    vi.useRealTimers();
    expect(contentOf(resourceMeta).kind).toBe('pending');
    // The end of the call has reached the server when the next one is answered.
    await one.getTask({ taskCategory: { name: 'job' }, resourceMeta });
    letGo();
    await vi.waitFor(() => expect(agent.jobs.size).toBe(1), 20_000);
    expect((await one.getTask({ taskCategory: { name: 'job' }, resourceMeta })).resource?.phase).toBe(running);
    expect(agent.deleted).toHaveLength(0);
  });

  test('C5: whose caller hung up leaves its job to the engine that comes again', async () => {
    const { agent, one } = await harness();
    const { wait, open: letGo } = gate();
    agent.before.create = wait;
    const controller = new AbortController();
    const left = rejection(one.createTask(request('job'), { signal: controller.signal }));
    await vi.waitFor(() => expect(agent.created).toHaveLength(1), 20_000);
    controller.abort();
    expect(await left).toMatchObject({ code: status.CANCELLED });
    const again = one.createTask(request('job'));
    letGo();
    expect(contentOf((await again).resourceMeta).kind).toBe('ref');
    expect([agent.created.length, agent.deleted.length]).toEqual([1, 0]);
  });
});

describe('an error', () => {
  test('has the code and one line that fits into a header', async () => {
    const { agent, one } = await harness();
    agent.before.create = failing(
      new AgentError({ code: 'UNAVAILABLE', message: 'no answer (503)\nat line 2', submitted: 'no', retryAfterMs: 60_000 }),
    );
    await expect(one.createTask(request('job'))).rejects.toMatchObject({ code: status.UNAVAILABLE, details: 'no answer (503)' });
    const error = await rejection(one.createTask(request('€'.repeat(10_000))));
    expect(error).toMatchObject({ details: expect.stringMatching(/^no agent on this server serves task type €+…$/) });
  });

  test('with half a character where it is cut does not end the server', async () => {
    const { one } = await harness();
    for (let length = 930; length < 960; length++)
      await expect(one.createTask(request(`${'x'.repeat(length)}${'😀'.repeat(20)}`))).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  test('R4: found in create is no error, but for faults that pass', async () => {
    const { agent, one } = await harness();
    agent.before.create = failing(badConfig());
    const { resourceMeta } = await one.createTask(request('job'));
    expect((await one.getTask({ taskCategory: { name: 'job' }, resourceMeta })).resource).toMatchObject({
      phase: failed,
      message: 'no such machine type: xxl',
    });
    agent.before.delete = failing(denied());
    await one.deleteTask({ taskCategory: { name: 'job' }, resourceMeta });
  });

  test('without a template is INVALID_ARGUMENT', async () => {
    const { one, two } = await harness();
    await expect(one.createTask({})).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    await expect(two.createTask({})).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });
});

describe('a request', () => {
  test('larger than the limit is refused, and the next is served', async () => {
    const { one } = await harness({ maxRequestBytes: 10_000 });
    const large = { ...request('job'), inputs: { literals: { x: text('x'.repeat(20_000)) } } };
    await expect(one.createTask(large)).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect((await one.createTask(request('job'))).resourceMeta.byteLength).toBeGreaterThan(0);
  });

  test('of 10 MiB is taken by default', async () => {
    const { one } = await harness();
    const large = { ...request('job'), inputs: { literals: { x: text('x'.repeat(10 * 1024 * 1024)) } } };
    expect((await one.createTask(large)).resourceMeta.byteLength).toBeGreaterThan(0);
  });

  test.each([
    ['CreateTask of Flyte 1', createPath],
    ['GetTask of Flyte 1', '/flyteidl.service.AsyncAgentService/GetTask'],
    ['CreateTask of Flyte 2', '/flyteidl2.connector.AsyncConnectorService/CreateTask'],
    ['GetAgent', '/flyteidl.service.AgentMetadataService/GetAgent'],
  ])('to %s that is no message is an error of that call alone', async (_name, path) => {
    const { server, one } = await harness();
    const client = rawClient(server);
    for (const bytes of [Buffer.from([0x0a, 0xff]), Buffer.from([0x12, 0x80]), Buffer.alloc(100, 0xff)])
      await expect(callRaw(client, path, bytes)).rejects.toMatchObject({ code: status.INTERNAL });
    expect((await one.createTask(request('job'))).resourceMeta.byteLength).toBeGreaterThan(0);
  });

  test('nested to overflow the stack is an error of that call alone', async () => {
    const { server, one } = await harness();
    let template = Buffer.alloc(0);
    // A struct in a list in a struct …, as the template's custom.
    for (let i = 0; i < 20_000; i++) template = delimited(i % 2 === 0 ? 0x32 : 0x0a, template);
    await expect(callRaw(rawClient(server), createPath, delimited(0x12, delimited(0x32, template)))).rejects.toMatchObject({
      code: expect.any(Number),
    });
    expect((await one.createTask(request('job'))).resourceMeta.byteLength).toBeGreaterThan(0);
  });

  test('with a list of 60,000 numbers is not decoded when nobody reads it', async () => {
    const { server, agent, echo } = await harness();
    const reads = vi.spyOn(Inputs.prototype, 'literals', 'get');
    const items = Array.from({ length: 60_000 }, (_, index): Literal => ({ kind: 'float', value: index / 7 }));
    const rest = toBinary(flyte1.CreateTaskRequestSchema, create(flyte1.CreateTaskRequestSchema, request('job')));
    const list = encodeLiterals({ numbers: { kind: 'collection', items } });
    await callRaw(rawClient(server), createPath, Buffer.concat([delimited(0x0a, list), rest]));
    expect(reads).not.toHaveBeenCalled();
    expect(agent.created[0]?.task.inputs.byteLength).toBe(list.byteLength);
    // The same bytes broken: whoever decoded them would have noticed.
    const broken = Buffer.from(list).fill(0xff, 100);
    const other = toBinary(flyte1.CreateTaskRequestSchema, create(flyte1.CreateTaskRequestSchema, request('job', 1)));
    await callRaw(rawClient(server), createPath, Buffer.concat([delimited(0x0a, broken), other]));
    expect(agent.created).toHaveLength(2);
    expect(agent.created[0]?.task.inputs.literals.get('numbers')).toMatchObject({ kind: 'collection', items: { length: 60_000 } });
    reads.mockRestore();
    expect(echo.done).toHaveLength(0);
  });
});

function delimited(tag: number, content: Uint8Array): Buffer<ArrayBuffer> {
  const length: number[] = [];
  let left = content.byteLength;
  for (; left > 127; left >>>= 7) length.push((left & 127) | 128);
  return Buffer.concat([Buffer.from([tag, ...length, left]), content]);
}

type Part = MessageInitShape<typeof flyte1.ExecuteTaskSyncRequestSchema>;

function inputs(...names: readonly string[]): Part {
  const literals = Object.fromEntries(names.map((name) => [name, text(`value of ${name}`)]));
  return { part: { case: 'inputs', value: { literals } } };
}

describe('ExecuteTaskSync', () => {
  const header: Part = { part: { case: 'header', value: request('echo') } };

  async function execute(connected: Awaited<ReturnType<typeof harness>>, ...parts: readonly Part[]) {
    const answers = await all(connected.sync.executeTaskSync(parts, { timeoutMs: 5000 }));
    expect(answers).toHaveLength(1);
    const [answer] = answers;
    return answer?.res.case === 'header' ? answer.res.value.resource : undefined;
  }

  test('answers exactly one message, a header whose resource is terminal', async () => {
    const resource = await execute(await harness(), header, inputs('x'));
    expect(resource).toMatchObject({ phase: succeeded });
    expect(resource?.outputs && [...fromMapMessage(resource.outputs)]).toEqual([['text', { kind: 'string', value: 'x' }]]);
  });

  test('merges several messages of inputs', async () => {
    const connected = await harness();
    const resource = await execute(connected, header, inputs('x', 'z'), inputs('y'), inputs('x'));
    expect(resource?.outputs && [...fromMapMessage(resource.outputs)]).toEqual([['text', { kind: 'string', value: 'x y z' }]]);
  });

  test.each([
    ['without inputs', [header]],
    ['with an empty map', [header, inputs()]],
  ])('does a task %s', async (_name, parts) => {
    expect(await execute(await harness(), ...parts)).toMatchObject({ phase: succeeded });
  });

  test('takes no second header', async () => {
    const connected = await harness();
    await execute(connected, header, inputs('x'), { part: { case: 'header', value: request('job') } });
    expect(connected.echo.done).toHaveLength(1);
  });

  test.each([
    ['ends at once', []],
    ['begins with inputs', [inputs('x'), header]],
    ['begins with an empty message', [{}, header]],
  ])('of a stream that %s is INVALID_ARGUMENT', async (_name, parts) => {
    const { sync } = await harness();
    await expect(all(sync.executeTaskSync(parts))).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: 'the stream must begin with a header',
    });
  });

  test('of an unknown type is NOT_FOUND', async () => {
    const { sync } = await harness();
    await expect(all(sync.executeTaskSync([{ part: { case: 'header', value: request('made-up') } }]))).rejects.toMatchObject({
      code: status.NOT_FOUND,
    });
  });

  test('R6: of an async type, and of work that fails, is terminal', async () => {
    const connected = await harness();
    expect(await execute(connected, { part: { case: 'header', value: request('job') } })).toMatchObject({ phase: failed });
    connected.echo.work = () => ({ phase: 'RUNNING' });
    expect(await execute(connected, header)).toMatchObject({ phase: failed });
    connected.echo.work = () => ({ phase: 'SUCCEEDED', outputs: { n: { kind: 'integer', value: 2n ** 64n } } });
    expect(await execute(connected, header)).toMatchObject({ phase: failed, message: expect.stringContaining('cannot be sent') });
  });

  test('R5: of a stream that never ends its half is DEADLINE_EXCEEDED, from the server and in time', async () => {
    const { server } = await harness();
    stopClock();
    const stream = rawClient(server).makeBidiStreamRequest(syncPath, same, same, serverDeadline);
    stream.write(Buffer.from(toBinary(flyte1.ExecuteTaskSyncRequestSchema, create(flyte1.ExecuteTaskSyncRequestSchema, header))));
    expect(await inTime(rejection(all(stream)))).toMatchObject({
      code: status.DEADLINE_EXCEEDED,
      details: 'the stream of the request did not end in time',
    });
  });

  test('R5: of work that does not end is RETRYABLE_FAILED in time', async () => {
    const { echo, server } = await harness();
    echo.work = () => new Promise(() => {});
    stopClock();
    const stream = rawClient(server).makeBidiStreamRequest(syncPath, same, same, serverDeadline);
    stream.end(Buffer.from(toBinary(flyte1.ExecuteTaskSyncRequestSchema, create(flyte1.ExecuteTaskSyncRequestSchema, header))));
    const [answer] = await inTime(all<Buffer>(stream));
    expect(fromBinary(flyte1.ExecuteTaskSyncResponseSchema, answer ?? Buffer.alloc(0)).res).toMatchObject({
      value: { resource: { phase: retryableFailed } },
    });
  });

  test('of a stream that is no message is an error of that call alone', async () => {
    const connected = await harness();
    const stream = rawClient(connected.server).makeBidiStreamRequest(syncPath, same, same);
    stream.end(Buffer.from([0x0a, 0xff]));
    const error = await new Promise<ServiceError>((resolve) => {
      stream.on('error', resolve);
      stream.resume();
    });
    expect(error.code).toBe(status.INTERNAL);
    expect(await execute(connected, header)).toMatchObject({ phase: succeeded });
  });
});

describe('C17: stopping', () => {
  const check = '/grpc.health.v1.Health/Check';

  test('says NOT_SERVING, finishes the call under way, and refuses new connections', async () => {
    const { agent, logger, server, one } = await harness();
    const { wait, open: letGo } = gate();
    agent.before.create = wait;
    const watched = rawClient(server);
    const states: Buffer[] = [];
    const watch = watched.makeServerStreamRequest('/grpc.health.v1.Health/Watch', same, same, Buffer.from(field(1, serviceNames[0] ?? '')));
    watch.on('data', (bytes: Buffer) => states.push(bytes)).on('error', () => undefined);
    await vi.waitFor(() => expect(states).toEqual([Buffer.from([8, 1])]), 20_000);
    const underWay = one.createTask(request('job'));
    await vi.waitFor(() => expect(agent.created).toHaveLength(1), 20_000);

    const stopped = server.stop();
    await vi.waitFor(() => expect(states).toEqual([Buffer.from([8, 1]), Buffer.from([8, 2])]), 20_000);
    watch.cancel();
    await expect(callRaw(rawClient(server), check, Buffer.alloc(0))).rejects.toMatchObject({ code: status.UNAVAILABLE });
    letGo();
    expect(contentOf((await underWay).resourceMeta).kind).toBe('ref');
    await stopped;
    await expect(fetch(`http://127.0.0.1:${server.metricsPort}/metrics`)).rejects.toThrow('fetch failed');
    expect(logger.lines.at(-1)?.message).toBe('stopped');
    expect(logger.lines.some(({ level }) => level === 'warn')).toBe(false);
  });

  test('cuts calls off at the end of the time', async () => {
    const { agent, logger, server, one } = await harness({ drainMs: 30 });
    agent.before.create = () => new Promise(() => {});
    const underWay = rejection(one.createTask(request('job')));
    await vi.waitFor(() => expect(agent.created).toHaveLength(1), 20_000);
    await server.stop();
    expect(await underWay).toMatchObject({ code: expect.any(Number) });
    expect(logger.lines).toContainEqual({
      level: 'warn',
      fields: { drainMs: 30 },
      message: 'some calls did not end in time and were cut off',
    });
  });

  test('twice is stopping once', async () => {
    const { logger, server } = await harness();
    await Promise.all([server.stop(), server.stop()]);
    expect(logger.lines.filter(({ message }) => message === 'stopped')).toHaveLength(1);
    expect(unknownStates.hasSubscribers).toBe(false);
  });
});

describe('P9: TLS', () => {
  test('is what gRPC speaks with a certificate, while metrics stay plain', async () => {
    const pair = await certificate('server');
    const { folder, files } = await tlsFolder(pair);
    open.push(() => rm(folder, { recursive: true }));
    const { server } = await harness({ tls: files });
    const client = new Client(`localhost:${server.port}`, credentials.createSsl(Buffer.from(pair.cert)));
    open.push(() => client.close());
    expect(await callRaw(client, '/grpc.health.v1.Health/Check', Buffer.alloc(0))).toEqual(Buffer.from([8, 1]));
    await expect(callRaw(rawClient(server), '/grpc.health.v1.Health/Check', Buffer.alloc(0))).rejects.toMatchObject({
      code: status.UNAVAILABLE,
    });
    const metrics = await (await fetch(`http://127.0.0.1:${server.metricsPort}/metrics`)).text();
    expect(metrics).toMatch(/^flyte_agents_tls_certificate_expiry_timestamp_seconds \d/m);
  });

  test('with a certificate that cannot be used is no start, and leaves nothing open', async () => {
    const { folder, files } = await tlsFolder({ cert: 'garbage', key: 'garbage' });
    open.push(() => rm(folder, { recursive: true }));
    await expect(harness({ tls: files })).rejects.toThrow(`${files.cert} has no certificate in PEM`);
    expect(unknownStates.hasSubscribers).toBe(false);
  });
});

describe('C18: /healthz', () => {
  test('is 200 while the server serves, and 503 while it stops', async () => {
    const { agent, server, one } = await harness();
    const ask = async (): Promise<number> => (await fetch(`http://127.0.0.1:${server.metricsPort}/healthz`)).status;
    expect(await ask()).toBe(200);
    const { wait, open: letGo } = gate();
    agent.before.create = wait;
    const underWay = one.createTask(request('job'));
    await vi.waitFor(() => expect(agent.created).toHaveLength(1), 20_000);
    const stopped = server.stop();
    expect(await ask()).toBe(503);
    letGo();
    await underWay;
    await stopped;
  });
});

describe('starting', () => {
  test('R7: needs no credential, and loads an agent that is alone', async () => {
    const agent = new JobAgent();
    await harness({ agents: [agent] });
    expect(agent.prepared).toBe(1);
  });

  test('is refused when the port is taken, and leaves nothing open', async () => {
    const { server } = await harness();
    const metricsPort = server.metricsPort;
    await server.stop();
    const other = await harness();
    await expect(
      startServer({ agents: [], host: '127.0.0.1', port: other.server.port, metricsPort, logger: other.logger }),
    ).rejects.toThrow('No address added');
    await expect(fetch(`http://127.0.0.1:${metricsPort}/metrics`)).rejects.toThrow('fetch failed');
    await other.server.stop();
    expect(unknownStates.hasSubscribers).toBe(false);
  });

  test('is refused when the port of the metrics is taken', async () => {
    const { server, logger } = await harness();
    await expect(startServer({ agents: [], host: '127.0.0.1', port: 0, metricsPort: server.metricsPort, logger })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
  });

  test('is refused when an agent cannot be loaded', async () => {
    const agent = new JobAgent();
    vi.spyOn(agent, 'prepare').mockRejectedValue(new Error('no SDK'));
    await expect(startServer({ agents: [agent], host: '127.0.0.1', port: 0, metricsPort: 0, logger: recordingLogger() })).rejects.toThrow(
      'no SDK',
    );
    expect(unknownStates.hasSubscribers).toBe(false);
  });
});

/** What an agent on a server with these settings hears from the metrics port of another one, which is on this machine. */
async function heard(options: (port: number) => Partial<ServerOptions>): Promise<unknown> {
  const { server: target } = await harness();
  const { one, echo } = await harness(options(target.metricsPort));
  let answer: unknown;
  echo.before = async (context) => {
    answer = await context.fetch(`http://127.0.0.1:${target.metricsPort}/healthz`).then(
      ({ status: found }) => found,
      (error: unknown) => error,
    );
  };
  await one.createTask(request('echo'));
  return answer;
}

describe('SW5: what an agent fetches from', () => {
  test('is public, if the server’s settings say nothing else', async () => {
    expect(await heard(() => ({}))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('in the setting allowPorts'),
    });
    expect(await heard((port) => ({ allowPorts: [port] }))).toMatchObject({ message: expect.stringContaining('a loopback address') });
  });

  test('is what the server’s settings allow', async () => {
    expect(await heard((port) => ({ allowHosts: [`127.0.0.1:${port}`] }))).toBe(200);
  });

  test.each<[string, Partial<ServerOptions>]>([
    ['allowHosts', { allowHosts: ['http://example.com'] }],
    ['denyHosts', { denyHosts: ['10.0.0.0/99'] }],
    ['allowPorts', { allowPorts: [0] }],
  ])('is not left to a wrong word in %s: the server does not start', async (setting, options) => {
    await expect(harness(options)).rejects.toThrow(`${setting}: `);
  });
});

test.each([
  [{ storeRoots: ['http://example.com/data'] }, 'storeRoots: "http://example.com/data": the location is a http:// URL'],
  [{ sensors: [{ module: 'users', name: 'Mine', use: 'kafka' }] }, 'no installed sensor is of kind kafka'],
])('a server does not start with %j', async (options, message) => {
  await expect(harness(options)).rejects.toThrow(message);
});

test('SE1: a Python class that an operator maps is served by the sensor of that kind', async () => {
  const { one, flag } = await harness({ sensors: [{ module: 'users', name: 'Mine', use: 'flag', config: { flag: 'up' } }] });
  const template = { type: 'sensor', custom: { sensor_module: 'users', sensor_name: 'Mine' } };
  const { resourceMeta } = await one.createTask({ template, outputPrefix: 's3://b/mapped' });
  await one.getTask({ taskCategory: { name: 'sensor' }, resourceMeta });
  expect(flag.poked[0]?.task.config).toEqual({ flag: 'up' });
});
