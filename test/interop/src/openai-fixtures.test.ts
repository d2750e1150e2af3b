import { readFileSync } from 'node:fs';
import { create, fromBinary, toJson } from '@bufbuild/protobuf';
import { toJson as toPlainJson } from '@flyte-agents/core';
import * as flyte1 from '@flyte-agents/proto/flyte1';
import { startOpenAI, type OpenAIServer } from '@flyte-agents/test-upstreams';
import { FaultyUpstream } from '@flyte-agents/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fixturePath } from './fixtures.ts';
import { startOpenAIAgents, type OpenAIAgentServer } from './openai-server.ts';

const answer = 'I am a model.';
const chats = ['openai.chatgpt', 'openai.chatgpt-no-org', 'alias.openai_chat_completion_task'];
const batches = ['openai.batch', 'openai.batch-embeddings-no-org'];
const batchType = 'openai-batch';

/** What a Python agent asked of OpenAI. */
interface PythonRequest {
  readonly client: { readonly organization: string | null };
  readonly request: { readonly [setting: string]: unknown; readonly metadata?: object };
}

/** A resource of a Python agent, of a batch. */
interface PythonResource {
  readonly phase: string;
  readonly message?: string;
  readonly outputs: { readonly literals: { readonly result: { readonly scalar: { readonly binary: { readonly value: string } } } } };
}

function readText(name: string): string {
  return readFileSync(fixturePath(`v1/expected/${name}.json`), 'utf8');
}

/** A resource as protobuf JSON says it. */
function told(resource: flyte1.Resource): { readonly phase?: unknown; readonly outputs?: unknown } {
  const json = toJson(flyte1.ResourceSchema, resource);
  return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : {};
}

/** The two messages of a sync call as one request, of an execution of its own. */
function syncRequest(name: string): flyte1.CreateTaskRequest {
  const part = (kind: string) =>
    fromBinary(flyte1.ExecuteTaskSyncRequestSchema, readFileSync(fixturePath(`v1/${name}.${kind}.binpb`))).part;
  const [header, inputs] = [part('header'), part('inputs')];
  if (header.case !== 'header' || inputs.case !== 'inputs') throw new Error(`${name} is no sync call`);
  const { template, taskExecutionMetadata } = header.value;
  return create(flyte1.CreateTaskRequestSchema, {
    ...(template && { template }),
    ...(taskExecutionMetadata && { taskExecutionMetadata }),
    inputs: inputs.value,
    outputPrefix: `s3://b/${name}/n0/data/0`,
  });
}

function asyncRequest(name: string): flyte1.CreateTaskRequest {
  const request = fromBinary(flyte1.CreateTaskRequestSchema, readFileSync(fixturePath(`v1/${name}.binpb`)));
  request.outputPrefix = `s3://b/${name}/n0/data/0`;
  return request;
}

/** Which batch a reference is to. */
function idOf(meta: Uint8Array): string | undefined {
  return /"batchId":"[^"]+"/.exec(Buffer.from(meta).toString())?.[0];
}

describe('C19: the requests of flytekit', () => {
  let openAi: OpenAIServer;
  let server: OpenAIAgentServer;
  beforeAll(async () => {
    openAi = await startOpenAI({ answer: () => answer, stepMs: 20 });
    openAi.putFile('{"custom_id":"1","method":"POST","url":"/v1/chat/completions","body":{}}', 'file-abc123');
    server = await startOpenAIAgents(openAi.baseUrl);
  });
  afterAll(async () => {
    await server.stop();
    await openAi.stop();
  });

  test.each(chats)('OA1: ask the same question and give the same answer as with the Python agent: %s', async (name) => {
    const python: PythonRequest = JSON.parse(readText(`${name}.upstream`));
    const { phase, outputs } = told(await server.execute(syncRequest(name)));
    expect({ phase, outputs }).toEqual(JSON.parse(readText(`${name}.resource`)));
    const asked = openAi.requests.at(-1);
    expect(asked?.path).toBe('/v1/chat/completions');
    expect(asked?.body).toEqual(python.request);
    expect(asked?.headers['openai-organization'] ?? null).toBe(python.client.organization);
  });

  test.each(batches)('OA5: make the same batch as the Python agent: %s', async (name) => {
    const python: PythonRequest = JSON.parse(readText(`${name}.upstream`));
    const meta = await server.create(asyncRequest(name));
    const asked = openAi.requests.findLast(({ method, path }) => method === 'POST' && path === '/v1/batches');
    // What the Python agent does not send (docs/migration.md): whose batch it is, and the key to find it by.
    const ours = {
      flyte_request: expect.stringMatching(/^[0-9a-f]{32}$/),
      flyte_project: 'flytesnacks',
      flyte_domain: 'development',
      flyte_execution: 'f3a9c1d2e4b5a6978c0d',
      flyte_node: 'n0',
      flyte_attempt: '0',
    };
    expect(asked?.body).toEqual({ ...python.request, metadata: { ...python.request.metadata, ...ours } });
    expect(asked?.headers['openai-organization'] ?? null).toBe(python.client.organization);
    await expect
      .poll(async () => (await server.get(batchType, meta)).phase, { timeout: 10_000 })
      .toBe(flyte1.TaskExecution_Phase.SUCCEEDED);
  });

  test.each(batches)('R1, OA6: that come again make no second batch: %s', async (name) => {
    const made = () => openAi.requests.filter(({ method, path }) => method === 'POST' && path === '/v1/batches').length;
    const before = made();
    const other = await startOpenAIAgents(openAi.baseUrl);
    const [first, again] = [await server.create(asyncRequest(name)), await other.create(asyncRequest(name))];
    expect(idOf(first)).toBeDefined();
    expect(idOf(again)).toBe(idOf(first));
    expect(made()).toBe(before);
    await other.stop();
  });
});

describe('C19: what OpenAI says of a batch', () => {
  let upstream: FaultyUpstream;
  let server: OpenAIAgentServer;
  let batch: unknown;
  beforeAll(async () => {
    upstream = await FaultyUpstream.start({
      handler: ({ path }) => ({ body: path.includes('?') ? { data: [], has_more: false } : batch }),
    });
    server = await startOpenAIAgents(`${upstream.url}/v1`);
  });
  afterAll(async () => {
    await server.stop();
    await upstream.close();
  });

  /** How a task stands whose batch is what the Python agent was told. */
  async function look(status: string): Promise<{ readonly python: PythonResource; readonly resource: flyte1.Resource }> {
    const python: PythonResource = JSON.parse(readText(`openai.batch-${status}.resource`));
    const value = Buffer.from(python.outputs.literals.result.scalar.binary.value, 'base64');
    const recorded = toPlainJson({ kind: 'binary', tag: 'msgpack', value }, 'result');
    // The recorded one says that it is validated, and also since when it is in progress.
    batch = Object.assign({}, recorded, status === 'validating' && { in_progress_at: null });
    const request = asyncRequest('openai.batch');
    request.outputPrefix = `s3://b/${status}/n0/data/0`;
    return { python, resource: await server.get(batchType, await server.create(request)) };
  }

  test.each(['completed', 'in-progress', 'finalizing'])('OA5: is told as by the Python agent: %s', async (status) => {
    const { python, resource } = await look(status);
    expect(told(resource).phase).toBe(python.phase);
  });

  test('OA5: is the same result, byte for byte', async () => {
    const { python, resource } = await look('completed');
    expect(told(resource)).toMatchObject({ outputs: python.outputs });
  });

  // Where ours differs, with the reason in docs/migration.md.
  test.each([
    ['validating', 'INITIALIZING', /validating/],
    ['cancelling', 'RUNNING', /cancelling/],
    ['failed', 'FAILED', /invalid_json: line 1: bad line/],
    ['expired', 'FAILED', /expired after 24h, 95\/100 requests, 5 failed; results in file file-out/],
    ['cancelled', 'FAILED', /it was cancelled, 95\/100 requests, 5 failed/],
  ] as const)('OA5: has no result and says why while or because it is %s', async (status, phase, message) => {
    const { resource } = await look(status);
    expect(told(resource)).toMatchObject({ phase, message: expect.stringMatching(message) });
    expect(resource.outputs).toBeUndefined();
  });
});
