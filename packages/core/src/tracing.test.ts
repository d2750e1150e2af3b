import { create, toBinary } from '@bufbuild/protobuf';
import { connect } from '@flyte-agents/proto/client';
import * as flyte1 from '@flyte-agents/proto/flyte1';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-node';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { badConfig, EchoAgent, execution, JobAgent, rejection, unavailable } from './__fixtures__/agents.ts';
import { AgentError } from './errors.ts';
import { createLogger } from './logger.ts';
import { decodeReference } from './ref.ts';
import { hide } from './redact.ts';
import { startServer } from './server.ts';
import { attemptAttributes, CallSpan, continueTrace } from './tracing.ts';

const open: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).toReversed()) await close();
});

async function harness() {
  const [agent, echo] = [new JobAgent(), new EchoAgent()];
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({ level: 'debug', destination: { write: (line: string) => void lines.push(JSON.parse(line)) } });
  const server = await startServer({ agents: [agent, echo], host: '127.0.0.1', port: 0, metricsPort: 0, drainMs: 1000, logger });
  open.push(() => server.stop());
  const connection = connect(`127.0.0.1:${server.port}`);
  open.push(() => connection.close());
  const one = connection.client(flyte1.AsyncAgentService);
  const sync = connection.client(flyte1.SyncAgentService);
  return { agent, echo, lines, server, one, sync };
}

function request(type: string) {
  const { project, domain, name, node, attempt } = execution;
  return {
    template: { type, id: { project, domain, name: 'jobs.nightly', version: 'v1' } },
    outputPrefix: 's3://bucket/f3a/n0/data/0',
    taskExecutionMetadata: {
      taskExecutionId: { retryAttempt: attempt, nodeExecutionId: { nodeId: node, executionId: { project, domain, name } } },
    },
  };
}

const same = (bytes: Buffer): Buffer => bytes;
const job = { taskCategory: { name: 'job' } };

async function drain(messages: AsyncIterable<unknown>): Promise<void> {
  for await (const message of messages) void message;
}

function idsOf(span: ReadableSpan | undefined): { trace_id: unknown; span_id: unknown } {
  return { trace_id: span?.spanContext().traceId, span_id: span?.spanContext().spanId };
}

describe('C25: without an OpenTelemetry SDK', () => {
  test('a call is served, and no line of the log has the ids of a trace', async () => {
    const { lines, one } = await harness();
    await one.createTask(request('job'));
    expect(lines.map(({ msg }) => msg)).toEqual(['serving', 'create']);
    expect(lines.flatMap(Object.keys)).not.toContain('trace_id');
  });

  test('nothing is made for a span to say', () => {
    const attributes = vi.fn<() => Record<string, string>>(() => ({}));
    const span = new CallSpan({ operation: 'get', taskType: 'job', agent: undefined });
    span.describe(attributes);
    expect(span.within(() => 'done')).toBe('done');
    span.end(badConfig());
    expect(attributes).not.toHaveBeenCalled();
  });
});

describe('C25: with an OpenTelemetry SDK', () => {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const sdkOfAService = trace.getTracer('a service’s SDK');
  const upstream = (name: string) => () => sdkOfAService.startActiveSpan(name, (span) => span.end());

  beforeAll(() => provider.register());
  afterEach(() => exporter.reset());
  afterAll(async () => {
    await provider.shutdown();
    trace.disable();
    context.disable();
    propagation.disable();
  });

  function spans(): readonly ReadableSpan[] {
    return exporter.getFinishedSpans();
  }

  async function spanOf(name: string): Promise<ReadableSpan> {
    return vi.waitFor(() => {
      const [span, ...more] = spans().filter((each) => each.name === name);
      expect(more).toEqual([]);
      expect(span).toBeDefined();
      // Seen a line above.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion
      return span as ReadableSpan;
    }, 20_000);
  }

  test('every operation is one span of the server, with task type, agent, tenant, method and phase', async () => {
    const { agent, one, sync } = await harness();
    agent.pages = [{ lines: [{ message: 'line' }] }];
    const { resourceMeta } = await one.createTask(request('job'));
    await one.getTask({ ...job, resourceMeta });
    await one.getTaskMetrics({ ...job, resourceMeta });
    await drain(one.getTaskLogs([{ ...job, resourceMeta }]));
    await one.deleteTask({ ...job, resourceMeta });
    await drain(sync.executeTaskSync([{ part: { case: 'header', value: request('echo') } }]));
    await spanOf('do echo');
    const { key } = decodeReference(resourceMeta);
    const tenant = { 'flyte.project': 'flytesnacks', 'flyte.domain': 'development' };
    const attempt = { ...tenant, 'flyte.execution': 'f3a', 'flyte.node': 'n0', 'flyte.attempt': 0 };
    const ofJob = { 'flyte.task_type': 'job', 'flyte.agent': 'Job Agent', 'flyte.idempotency_key': key, 'rpc.system.name': 'grpc' };
    const service = 'flyteidl.service.AsyncAgentService';
    expect(spans().map(({ name, kind, attributes }) => ({ name, kind, attributes }))).toEqual([
      { name: 'create job', kind: SpanKind.SERVER, attributes: { ...ofJob, ...attempt, 'rpc.method': `${service}/CreateTask` } },
      {
        name: 'get job',
        kind: SpanKind.SERVER,
        attributes: { ...ofJob, ...tenant, 'rpc.method': `${service}/GetTask`, 'flyte.phase': 'RUNNING' },
      },
      { name: 'get_metrics job', kind: SpanKind.SERVER, attributes: { ...ofJob, ...tenant, 'rpc.method': `${service}/GetTaskMetrics` } },
      { name: 'get_logs job', kind: SpanKind.SERVER, attributes: { ...ofJob, ...tenant, 'rpc.method': `${service}/GetTaskLogs` } },
      { name: 'delete job', kind: SpanKind.SERVER, attributes: { ...ofJob, ...tenant, 'rpc.method': `${service}/DeleteTask` } },
      {
        name: 'do echo',
        kind: SpanKind.SERVER,
        attributes: {
          'flyte.task_type': 'echo',
          'flyte.agent': 'Echo Agent',
          'flyte.idempotency_key': expect.stringMatching(/^[0-9a-f]{32}$/),
          ...attempt,
          'flyte.phase': 'SUCCEEDED',
          'rpc.system.name': 'grpc',
          'rpc.method': 'flyteidl.service.SyncAgentService/ExecuteTaskSync',
        },
      },
    ]);
  });

  test('the key of a span is the one that the agent is given', async () => {
    const { agent, one } = await harness();
    await one.createTask(request('job'));
    const { attributes } = await spanOf('create job');
    expect(attributes['flyte.idempotency_key']).toBe(agent.created[0]?.context.idempotencyKey);
  });

  test('an attempt that has no key because nobody can ask for it again has none in its span', () => {
    const id = { org: '', project: 'p', domain: 'd', name: 't', version: 'v' };
    const attributes = attemptAttributes({ template: { id }, execution, outputPrefix: '', instance: undefined });
    expect(attributes['flyte.idempotency_key']).toBeUndefined();
  });

  test('a caller’s trace goes on in the span, and in what the agent’s SDK makes of its calls', async () => {
    const { agent, server } = await harness();
    agent.before.create = upstream('POST jobs.example');
    const client = new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
    open.push(() => client.close());
    const metadata = new Metadata();
    metadata.set('traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
    const message = toBinary(flyte1.CreateTaskRequestSchema, create(flyte1.CreateTaskRequestSchema, request('job')));
    await new Promise((resolve, reject) => {
      const answered = (error: unknown): void => (error === null ? resolve(undefined) : reject(error));
      client.makeUnaryRequest('/flyteidl.service.AsyncAgentService/CreateTask', same, same, Buffer.from(message), metadata, answered);
    });
    const span = await spanOf('create job');
    expect(span.spanContext().traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    expect(span.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true });
    const inner = await spanOf('POST jobs.example');
    expect(inner.parentSpanContext?.spanId).toBe(span.spanContext().spanId);
  });

  test('what an SDK makes is a part of the span, whichever method of the agent calls it', async () => {
    const { agent, echo, one, sync } = await harness();
    agent.before = {
      get: upstream('upstream get'),
      delete: upstream('upstream delete'),
      metrics: upstream('upstream metrics'),
      logs: upstream('upstream logs'),
    };
    agent.after = { logs: upstream('upstream logs again') };
    echo.before = upstream('upstream do');
    const { resourceMeta } = await one.createTask(request('job'));
    await one.getTask({ ...job, resourceMeta });
    await one.getTaskMetrics({ ...job, resourceMeta });
    await drain(one.getTaskLogs([{ ...job, resourceMeta }]));
    await one.deleteTask({ ...job, resourceMeta });
    await drain(sync.executeTaskSync([{ part: { case: 'header', value: request('echo') } }]));
    for (const [inner, outer] of [
      ['upstream get', 'get job'],
      ['upstream metrics', 'get_metrics job'],
      ['upstream logs', 'get_logs job'],
      ['upstream logs again', 'get_logs job'],
      ['upstream delete', 'delete job'],
      ['upstream do', 'do echo'],
    ] as const)
      expect((await spanOf(inner)).parentSpanContext?.spanId).toBe((await spanOf(outer)).spanContext().spanId);
  });

  test('every line of the log that is about a call has the ids of its span', async () => {
    const { agent, lines, one } = await harness();
    agent.before.create = ({ logger }) => logger.info({}, 'said by the agent');
    await one.createTask(request('job'));
    agent.before.delete = () => {
      throw unavailable();
    };
    const { resourceMeta } = await one.createTask(request('job'));
    await rejection(one.deleteTask({ ...job, resourceMeta }));
    const ofDelete = idsOf(await spanOf('delete job'));
    const ofCreate = idsOf(spans().find(({ name }) => name === 'create job'));
    const [serving, said, created] = lines;
    expect(serving).not.toHaveProperty('trace_id');
    expect(said).toMatchObject({ msg: 'said by the agent', ...ofCreate });
    expect(created).toMatchObject({ msg: 'create', ...ofCreate });
    expect(lines.at(-1)).toMatchObject({ msg: expect.stringMatching(/^delete: /), ...ofDelete });
  });

  test('a fault is told by code and reason, also where the answer absorbed it', async () => {
    const { agent, one } = await harness();
    agent.before.create = () => {
      throw badConfig();
    };
    const { resourceMeta } = await one.createTask(request('job'));
    expect(await spanOf('create job')).toMatchObject({
      attributes: { 'error.type': 'INVALID_ARGUMENT' },
      status: { code: SpanStatusCode.ERROR, message: 'no such machine type: xxl' },
    });
    await rejection(one.getTaskMetrics({ ...job, resourceMeta }));
    expect(await spanOf('get_metrics job')).toMatchObject({ attributes: { 'error.type': 'UNIMPLEMENTED' } });
    await rejection(drain(one.getTaskLogs([{ ...job, resourceMeta }])));
    expect(await spanOf('get_logs job')).toMatchObject({ attributes: { 'error.type': 'UNIMPLEMENTED' } });
  });

  test('a type that nobody serves, and a reference that nobody reads, make no names and stop nothing', async () => {
    const { one } = await harness();
    await rejection(one.createTask(request('made-up')));
    expect((await spanOf('create unknown')).attributes).toMatchObject({ 'flyte.task_type': 'unknown', 'error.type': 'NOT_FOUND' });
    await one.getTask({ ...job, resourceMeta: new Uint8Array([1, 2, 3]) });
    expect((await spanOf('get job')).attributes).toMatchObject({ 'flyte.phase': 'FAILED', 'error.type': 'INVALID_ARGUMENT' });
  });

  test('R8: a secret that an agent was given is in no span', async () => {
    const { agent, one } = await harness();
    // Made before the secret was known, as an agent with a copy of this package of its own makes it.
    const error = new AgentError({ code: 'PERMISSION_DENIED', message: 'token s3cr3t-of-the-service was refused' });
    hide('s3cr3t-of-the-service');
    agent.before.create = () => {
      throw error;
    };
    await one.createTask(request('job'));
    const { attributes, status, events, name } = await spanOf('create job');
    expect(status.message).toMatch(/^token .* was refused$/);
    expect(JSON.stringify({ attributes, status, events, name })).not.toContain('s3cr3t');
  });

  test('within the span of an instrumentation of gRPC it is a part of that, and no second server span', async () => {
    const metadata = new Metadata();
    metadata.set('traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01');
    const call = { metadata, getPath: () => '/flyteidl.service.AsyncAgentService/GetTask' };
    sdkOfAService.startActiveSpan('grpc.flyteidl.service.AsyncAgentService/GetTask', { kind: SpanKind.SERVER }, (outer) => {
      continueTrace(call, () => new CallSpan({ operation: 'get', taskType: 'job', agent: undefined }).end());
      outer.end();
    });
    const [span, outer] = spans();
    expect(span).toMatchObject({ name: 'get job', kind: SpanKind.INTERNAL });
    expect(span?.parentSpanContext?.spanId).toBe(outer?.spanContext().spanId);
    expect(span?.attributes).not.toHaveProperty('rpc.method');
  });
});
