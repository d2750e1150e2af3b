import { randomUUID } from 'node:crypto';
import { create, toJson } from '@bufbuild/protobuf';
import * as flyte1 from '@flyte-agents/proto/flyte1';
import { installTimeoutMs, requirement, startAimock, startLlmock, startOpenAI } from '@flyte-agents/test-upstreams';
import type { JsonObject, Literal } from '@flyte-agents/core';
import { TaskRequests } from '@flyte-agents/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startOpenAIAgents, type OpenAIAgentServer } from './openai-server.ts';

const python = requirement('python3');
/** A phase, and what the message says. */
type Told = readonly [string, RegExp];

/** What a stand-in does in the cases below. */
interface Upstream {
  readonly name: string;
  readonly start: () => Promise<{ readonly baseUrl: string; stop(): Promise<void> }>;
  readonly isSkipped?: boolean;
  readonly answer: RegExp;
  readonly unknownModel: Told;
  readonly unknownFile: Told;
  /** Why an answer of at most two tokens ended. */
  readonly cut: string;
  /** The first poll of a response in the background. */
  readonly background: Told;
}

const ours = {
  answer: /^I am a model\.$/,
  unknownModel: ['FAILED', /404 model_not_found .*gpt-99/],
  unknownFile: ['FAILED', /file-nowhere/],
  cut: 'length',
  background: ['WAITING_FOR_RESOURCES', /queued/],
} as const;
const upstreams: readonly Upstream[] = [
  { name: 'our stand-in', start: () => startOpenAI({ answer: () => 'I am a model.', stepMs: 100 }), ...ours },
  {
    name: 'aimock',
    start: () => startAimock('I am a model.'),
    ...ours,
    // Whatever the model is called, it answers, and as long as it likes.
    unknownModel: ['SUCCEEDED', /the model answered/],
    cut: 'end',
    // It takes a batch of a file that is not there, and then finds nothing in it.
    unknownFile: ['RUNNING', /in_progress/],
    // It answers at once, and does not know the response afterwards.
    background: ['RUNNING', /does not show the job yet/],
  },
  {
    name: `llmock${python.note}`,
    start: startLlmock,
    isSkipped: !python.available,
    ...ours,
    // Likewise, with answers of its own.
    answer: /./,
    unknownModel: ['SUCCEEDED', /the model answered/],
    cut: 'end',
    background: ['RUNNING', /does not show the job yet/],
  },
];

const question: Literal = { kind: 'string', value: 'Who are you?' };
const text: Literal = { kind: 'string', value: '' };

interface Asked {
  readonly settings: JsonObject;
  readonly inputs?: Readonly<Record<string, Literal>>;
  readonly outputs?: Readonly<Record<string, Literal>>;
}

/** A task of an execution of its own. */
function toRequest(type: string, custom: JsonObject, { inputs, outputs }: Pick<Asked, 'inputs' | 'outputs'>): flyte1.CreateTaskRequest {
  const requests = new TaskRequests({ type, custom, inputs: inputs ?? { message: question }, outputs: outputs ?? { o0: text } }, 'flyte1');
  return requests.message({ execution: `f${randomUUID()}`, node: 'n0', number: 0 });
}

function toChat({ settings, ...rest }: Asked): flyte1.CreateTaskRequest {
  return toRequest('chatgpt', { openai_organization: null, chatgpt_config: { model: 'gpt-4o-mini', ...settings } }, rest);
}

function toBatch(file: string): flyte1.CreateTaskRequest {
  return toRequest('openai-batch', { config: {} }, { inputs: { input_file_id: { kind: 'string', value: file } }, outputs: {} });
}

function told(resource: flyte1.Resource): object {
  const json = toJson(flyte1.ResourceSchema, resource);
  return typeof json === 'object' && json !== null ? json : {};
}

function outcomeOf(resource: flyte1.Resource): unknown {
  return { phase: '', ...told(resource), message: resource.message };
}

function matching([phase, message]: Told): unknown {
  return expect.objectContaining({ phase, message: expect.stringMatching(message) });
}

function answerOf(resource: object): string {
  const [, value = ''] = /"stringValue":"([^"]*)"/.exec(JSON.stringify(resource)) ?? [];
  return value;
}

describe.each(upstreams)('OpenAI as $name has it', ({ start, isSkipped = false, ...expected }) => {
  let upstream: { readonly baseUrl: string; stop(): Promise<void> };
  let server: OpenAIAgentServer;
  beforeAll(async () => {
    if (isSkipped) return;
    upstream = await start();
    server = await startOpenAIAgents(upstream.baseUrl);
  }, installTimeoutMs);
  afterAll(async () => {
    await server?.stop();
    await upstream?.stop();
  });

  async function upload(lines: readonly object[]): Promise<string> {
    const form = new FormData();
    form.set('purpose', 'batch');
    form.set('file', new File([lines.map((line) => JSON.stringify(line)).join('\n')], 'in.jsonl'));
    const response = await fetch(`${upstream.baseUrl}/files`, {
      method: 'POST',
      headers: { authorization: 'Bearer sk-example-key' },
      body: form,
    });
    const file: { readonly id: string } = JSON.parse(await response.text());
    return file.id;
  }

  async function ended(type: string, meta: Uint8Array): Promise<flyte1.Resource> {
    const { SUCCEEDED, FAILED, RETRYABLE_FAILED } = flyte1.TaskExecution_Phase;
    const isOver = async (): Promise<boolean> => [SUCCEEDED, FAILED, RETRYABLE_FAILED].some((phase) => phase === last.phase);
    let last = await server.get(type, meta);
    await expect
      .poll(
        async () => {
          last = await server.get(type, meta);
          return isOver();
        },
        { timeout: 20_000 },
      )
      .toBe(true);
    return last;
  }

  const line = {
    custom_id: 'one',
    method: 'POST',
    url: '/v1/chat/completions',
    body: { model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hi' }] },
  };

  test.skipIf(isSkipped).each([{}, { endpoint: '/v1/responses' }])('OA1, OA8: a question is answered: %j', async (settings) => {
    const resource = told(await server.execute(toChat({ settings })));
    expect(resource).toMatchObject({
      phase: 'SUCCEEDED',
      customInfo: { model: expect.any(String), usage: { totalTokens: expect.any(Number) } },
    });
    expect(answerOf(resource)).toMatch(expected.answer);
  });

  test.skipIf(isSkipped)('OA10: a text has a vector', async () => {
    const request = toChat({ settings: { model: 'text-embedding-3-small', endpoint: '/v1/embeddings', dimensions: 3 } });
    const output = request.template?.interface?.outputs?.variables['o0'];
    if (output?.type !== undefined)
      output.type.type = {
        case: 'collectionType',
        value: create(flyte1.LiteralTypeSchema, { type: { case: 'simple', value: flyte1.SimpleType.FLOAT } }),
      };
    const { outputs } = await server.execute(request);
    const { value } = outputs?.literals['o0'] ?? {};
    expect(value?.case === 'collection' && value.value.literals.length).toBeGreaterThanOrEqual(3);
  });

  test.skipIf(isSkipped)('OA5: a batch runs to its end and names its results', async () => {
    const meta = await server.create(toBatch(await upload([line])));
    expect(told(await ended('openai-batch', meta))).toMatchObject({
      phase: 'SUCCEEDED',
      message: expect.stringMatching(/completed, 1\/1 requests, 0 failed; results in file \S+$/),
      outputs: { literals: { result: { scalar: { binary: { tag: 'msgpack' } } } } },
    });
  });

  test.skipIf(isSkipped)('OA5: a batch is cancelled by an abort, also when that comes twice', async () => {
    const meta = await server.create(toBatch(await upload([line])));
    await server.delete('openai-batch', meta);
    await server.delete('openai-batch', meta);
    expect(told(await ended('openai-batch', meta))).toMatchObject({
      phase: 'FAILED',
      message: expect.stringContaining('it was cancelled'),
    });
  });

  test.skipIf(isSkipped)('OA6: a create that comes again, to another server, makes no second batch', async () => {
    const other = await startOpenAIAgents(upstream.baseUrl);
    const request = toBatch(await upload([line]));
    const [first, again] = [await server.create(request), await other.create(request)].map(
      (meta) => /"batchId":"[^"]+"/.exec(Buffer.from(meta).toString())?.[0],
    );
    expect(first).toBeDefined();
    expect(again).toBe(first);
    await other.stop();
  });

  test.skipIf(isSkipped)('C9: a batch of a file that is not there', async () => {
    const meta = await server.create(toBatch('file-nowhere'));
    expect(outcomeOf(await server.get('openai-batch', meta))).toEqual(matching(expected.unknownFile));
  });

  test.skipIf(isSkipped)('C9: a model that is not there', async () => {
    expect(outcomeOf(await server.execute(toChat({ settings: { model: 'gpt-99' } })))).toEqual(matching(expected.unknownModel));
  });

  test.skipIf(isSkipped)('OA4: an answer that is cut off where the task wants it', async () => {
    const resource = told(await server.execute(toChat({ settings: { max_tokens: 2 } })));
    expect(resource).toMatchObject({ phase: 'SUCCEEDED', customInfo: { finishReason: expected.cut } });
  });

  test.skipIf(isSkipped)('OA8: a question in the background', async () => {
    const meta = await server.create(toChat({ settings: { model: 'gpt-5', background: true } }));
    expect(outcomeOf(await server.get('chatgpt', meta))).toEqual(matching(expected.background));
  });
});
