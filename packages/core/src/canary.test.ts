/** A secret goes through a careless agent, over the wire: it is nowhere in what the server says. */
import { randomBytes } from 'node:crypto';
import { connect } from '@flyte-agents/proto/client';
import * as flyte1 from '@flyte-agents/proto/flyte1';
import * as flyte2 from '@flyte-agents/proto/flyte2';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { rejection } from './__fixtures__/agents.ts';
import { AsyncAgent, SyncAgent, type LogPage, type MetricSeries } from './agent.ts';
import { AgentError } from './errors.ts';
import { randomKey } from './idempotency.ts';
import type { JsonObject } from './literals/model.ts';
import { createLogger } from './logger.ts';
import { encodeReference } from './ref.ts';
import { startServer, type AgentServer } from './server.ts';
import type { AgentContext, LogLink, Resource, Task } from './task.ts';

const name = 'CANARY_OF_CORE';
const argument = 'canary';
/** What the engine sends with every call of Flyte 2. */
const ofCall = canary();
const connection = { taskType: 'careless', secrets: { [argument]: ofCall }, configs: { role: 'reader' } };
/** What is in the server's environment. */
const ofServer = canary();

const config = z.object({ how: z.enum(['reference', 'place', 'error', 'job']).default('job') });
type Config = z.infer<typeof config>;

/** Puts its secret wherever an agent can put anything. */
class CarelessAgent extends AsyncAgent<Config, JsonObject> {
  readonly name = 'Careless Agent';
  readonly taskTypes = [{ name: 'careless' }];
  readonly config = config;
  readonly ref = z.record(z.string(), z.json());
  readonly connections: unknown[] = [];
  #secret = '';

  async create({ config: { how } }: Task<Config>, context: AgentContext): Promise<JsonObject> {
    await this.#use(context);
    if (how === 'error') throw new AgentError({ code: 'PERMISSION_DENIED', message: `refused: key ${this.#secret}` });
    // Its outcome is unknown: a reference to where the job may be is answered.
    if (how === 'place') throw new AgentError({ code: 'UNAVAILABLE', message: 'reset', submitted: 'unknown' });
    return { job: how === 'reference' ? Buffer.from(`user:${this.#secret}`).toString('base64') : 'job-1' };
  }

  async get({ job }: JsonObject, context: AgentContext): Promise<Resource> {
    await this.#use(context);
    // Long enough to be cut in the middle of the secret.
    if (job === 'broken') throw new Error(`${'x'.repeat(965)}${this.#secret}`);
    if (job === 'refused') throw new AgentError({ code: 'UNAUTHENTICATED', message: `token ${this.#secret} is not valid` });
    return {
      phase: 'RUNNING',
      message: `Authorization: Basic ${Buffer.from(`user:${this.#secret}`).toString('base64')}`,
      customInfo: { request: { headers: [`Bearer ${this.#secret}`] }, [this.#secret]: 1 },
      links: [{ name: this.#secret, uri: `https://jobs.example/?key=${encodeURIComponent(this.#secret)}` }],
    };
  }

  async delete(_ref: JsonObject, context: AgentContext): Promise<void> {
    await this.#use(context);
    throw new AgentError({ code: 'UNAVAILABLE', message: `cannot cancel with ${this.#secret}` });
  }

  override links(): readonly LogLink[] {
    return [{ name: 'Console', uri: `https://${this.#secret}@jobs.example` }];
  }

  override async *getLogs(_ref: JsonObject, _request: unknown, context: AgentContext): AsyncIterable<LogPage> {
    await this.#use(context);
    yield { lines: [{ message: `GET / with ${this.#secret}` }] };
    throw new Error(`the log ends with ${this.#secret}`);
  }

  override async getMetrics(_ref: JsonObject, _request: unknown, context: AgentContext): Promise<readonly MetricSeries[]> {
    await this.#use(context);
    return [{ metric: this.#secret, data: { label: this.#secret } }];
  }

  locate({ config: { how } }: Task<Config>): JsonObject {
    return how === 'place' ? { url: `https://jobs.example/?key=${this.#secret}` } : {};
  }

  async find(): Promise<undefined> {}

  async #use({ secrets, connection: sent, logger }: AgentContext): Promise<void> {
    this.connections.push(sent);
    this.#secret = await secrets.require({ name, argument });
    const error = new Error(`key ${this.#secret}`, { cause: new Error(`deep ${this.#secret}`) });
    logger.child({ key: this.#secret }).warn({ err: error, hex: Buffer.from(this.#secret).toString('hex') }, `has ${this.#secret}`);
  }
}

class CarelessSyncAgent extends SyncAgent<object> {
  readonly name = 'Careless Sync Agent';
  readonly taskTypes = [{ name: 'careless-sync' }];
  readonly config = z.looseObject({});
  override readonly resultsMayBeStored = true;

  async do({ config: given }: Task<object>, { secrets }: AgentContext): Promise<Resource> {
    const secret = await secrets.require({ name, argument });
    if ('fails' in given) return { phase: 'FAILED', message: `no page for ${secret}`, customInfo: { secret } };
    return { phase: 'SUCCEEDED', outputs: { text: { kind: 'string', value: secret } } };
  }
}

function canary(): string {
  return `canary-${randomBytes(20).toString('hex')}`;
}

const careless = new CarelessAgent();
const lines: string[] = [];
let server: AgentServer;
let clients: ReturnType<typeof connect>;
beforeAll(async () => {
  process.env[name] = ofServer;
  const logger = createLogger({ level: 'debug', destination: { write: (line) => void lines.push(line) } });
  server = await startServer({ agents: [careless, new CarelessSyncAgent()], host: '127.0.0.1', port: 0, metricsPort: 0, logger });
  clients = connect(`127.0.0.1:${server.port}`);
});
afterAll(async () => {
  delete process.env[name];
  clients.close();
  await server.stop();
});

/** Answers and errors as text, bytes and all. */
function said(answer: unknown): string {
  return JSON.stringify(answer, (_key, value: unknown) => {
    if (typeof value === 'bigint') return String(value);
    if (value instanceof Error) return [value.message, Object.entries(value), value.cause];
    return value;
  });
}

/** Whether a secret can be read out of a text; twelve characters of it are as bad as all. */
function tells(text: string, secret: string): boolean {
  const parts = [secret.slice(7, 19), secret.slice(-12)];
  // Whatever stands before them: the first characters of base64 depend on it.
  const encoded = parts.flatMap((part) => ['', '-', '--'].map((before) => Buffer.from(`${before}${part}`).toString('base64').slice(4, 15)));
  return [...parts, ...encoded, ...parts.map((part) => Buffer.from(part).toString('hex'))].some((part) => text.includes(part));
}

function stored(job: string) {
  const content = { kind: 'ref', ref: { job } } as const;
  const resourceMeta = encodeReference({ type: 'careless', project: 'p', domain: 'd', key: randomKey(), at: Date.now(), content });
  return { taskCategory: { name: 'careless', version: 0 }, resourceMeta };
}

type Custom = Record<string, string | boolean>;

function task(type: string, custom: Custom) {
  const id = { project: 'p', domain: 'd', name: randomKey(), version: 'v' };
  const taskExecutionId = { taskId: id, nodeExecutionId: { nodeId: 'n0', executionId: { project: 'p', domain: 'd', name: id.name } } };
  return { template: { id, type, custom }, outputPrefix: `s3://b/${id.name}/0`, taskExecutionMetadata: { taskExecutionId } };
}

/** The calls of both versions of Flyte. The second sends its secrets, but not when logs and metrics are asked for. */
function callsOf(version: 'Flyte 1' | 'Flyte 2') {
  if (version === 'Flyte 1') return clients.client(flyte1.AsyncAgentService);
  const two = clients.client(flyte2.AsyncConnectorService);
  return {
    createTask: (message: ReturnType<typeof task>) => two.createTask({ ...message, connection }),
    getTask: (message: ReturnType<typeof stored>) => two.getTask({ ...message, connection }),
    deleteTask: (message: ReturnType<typeof stored>) => two.deleteTask({ ...message, connection }),
    getTaskMetrics: two.getTaskMetrics,
    getTaskLogs: two.getTaskLogs,
  };
}

test.each([
  ['as it is', ofServer],
  ['in base64', Buffer.from(`user:${ofServer}`).toString('base64')],
  ['in hex', Buffer.from(ofServer).toString('hex')],
])('a secret that is there %s would be noticed', (_how, text) => {
  expect(tells(`{"a":"${text}"}`, ofServer)).toBe(true);
});

/** Which secrets an answer tells, and whether it has what stands there instead. */
function judge(answer: unknown, instead: string = '[redacted]'): { readonly told: readonly string[]; readonly isMarked: boolean } {
  const text = said(answer);
  return { told: [ofServer, ofCall].filter((secret) => tells(text, secret)), isMarked: text.includes(instead) };
}

const clean = { told: [], isMarked: true };

describe.each(['Flyte 1', 'Flyte 2'] as const)('R8, C12: over %s, no secret is in', (version) => {
  test.each<[string, string, Custom, string?]>([
    ['a job that says all it knows', 'careless', {}],
    ['a refused submit', 'careless', { how: 'error' }],
    ['a job whose reference tells it', 'careless', { how: 'reference' }, 'would hold a secret'],
    ['a lost submit whose place tells it', 'careless', { how: 'place' }, 'would hold a secret'],
    ['work that fails', 'careless-sync', { fails: true }],
    ['work whose result is a secret, without a store', 'careless-sync', {}, 'there is no store for it'],
  ])('the reference to %s, and the answer to its poll', async (_what, type, custom, instead) => {
    const { createTask, getTask } = callsOf(version);
    // From then on, the agent knows its secret before it is asked for a place.
    await getTask(stored('job-1'));
    const { resourceMeta } = await createTask(task(type, custom));
    const { resource } = await getTask({ taskCategory: { name: type, version: 0 }, resourceMeta });
    expect(judge([Buffer.from(resourceMeta).toString(), resource], instead)).toEqual(clean);
  });

  test.each(['refused', 'broken'])('the answer to a poll of a job that is %s', async (job) => {
    expect(judge(await callsOf(version).getTask(stored(job)))).toEqual(clean);
  });

  test('the error of a delete', async () => {
    expect(judge(await rejection(callsOf(version).deleteTask(stored('job-1'))))).toEqual(clean);
  });

  test('a log and the error at its end', async () => {
    const parts: unknown[] = [];
    const read = async (): Promise<void> => {
      for await (const part of callsOf(version).getTaskLogs([stored('job-1')])) parts.push(part);
    };
    const error = await rejection(read());
    expect([judge(parts), judge(error)]).toEqual([clean, clean]);
  });

  test('metrics of a job', async () => {
    expect(judge(await callsOf(version).getTaskMetrics(stored('job-1')))).toEqual(clean);
  });

  test('what the server logs and counts', async () => {
    await callsOf(version).getTask(stored('broken'));
    const metrics = await (await fetch(`http://127.0.0.1:${server.metricsPort}/metrics`)).text();
    expect(metrics).toContain('careless');
    expect(judge([lines, metrics])).toEqual(clean);
  });
});

test('R8: a secret that is a task’s result is the user’s, and answered', async () => {
  const messages = [{ part: { case: 'header', value: task('careless-sync', {}) } } as const];
  const answers: unknown[] = [];
  for await (const answer of clients.client(flyte1.SyncAgentService).executeTaskSync(messages)) answers.push(answer);
  expect(said(answers)).toContain(ofServer);
});

test('C12: an agent is told the settings of the connection, and no secret of it but by name', () => {
  expect(careless.connections).toContainEqual({ configs: connection.configs });
  expect(careless.connections).toContainEqual(undefined);
  expect(tells(said(careless.connections), ofCall)).toBe(false);
});
