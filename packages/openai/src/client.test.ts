import { FaultyUpstream, type UpstreamRequest } from '@flyte-agents/testing';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { connect, type Access, type OpenAIClient } from './client.ts';
import { rethrowSubmit, rethrow } from './errors.ts';

const completion = {
  id: 'chatcmpl-1',
  model: 'm',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'Hello' } }],
};
const response = { id: 'resp_1', status: 'queued', output: [], unread: true };
const batch = { id: 'batch_1', object: 'batch', status: 'validating', output_file_id: null, a_field_of_tomorrow: [1] };
const question = { model: 'm', messages: [] };
const { signal } = new AbortController();
const submit = { key: 'key-1' };
let upstream: FaultyUpstream;
let client: OpenAIClient;

beforeEach(async () => {
  upstream = await FaultyUpstream.start({
    handler: answer,
    refusal: ({ kind }) => ({ body: { error: { message: kind, type: 'any', code: `${kind}_code` } } }),
  });
  client = await connect(access());
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await upstream.close();
});

function access(changes: Partial<Access> = {}): Access {
  return { baseUrl: `${upstream.url}/v1`, organization: 'org-1', apiKey: 'sk-test', identity: undefined, ...changes };
}

function answer({ method, path }: UpstreamRequest) {
  if (path.includes('unknown'))
    return { status: 404, body: { error: { message: 'No batch found', type: 'invalid_request_error', code: null, param: null } } };
  if (path.startsWith('/v1/batches?')) return { body: { object: 'list', data: [batch], has_more: true } };
  if (path.startsWith('/v1/batches')) return { body: batch };
  if (path === '/v1/models') return { body: { object: 'list', data: [{ id: 'gpt-4o' }, { id: 'gpt-5' }] } };
  if (path.startsWith('/v1/responses')) return { body: response };
  if (path === '/v1/embeddings')
    return { body: { data: [{ index: 0, embedding: [0.5] }], model: 'e', usage: { prompt_tokens: 1, total_tokens: 1 } } };
  return method === 'POST' ? { body: completion } : { status: 405 };
}

test('OA1, C2: a question carries the key, the organization and the idempotency key, and goes as it is', async () => {
  expect(await client.complete(question, submit)).toMatchObject({ id: 'chatcmpl-1', choices: [{ message: { content: 'Hello' } }] });
  expect(upstream.requests).toMatchObject([
    {
      method: 'POST',
      path: '/v1/chat/completions',
      headers: { authorization: 'Bearer sk-test', 'openai-organization': 'org-1', 'idempotency-key': 'key-1' },
      body: JSON.stringify(question),
    },
  ]);
});

test('OA5: the organization may be left out', async () => {
  await (await connect(access({ organization: null }))).complete(question, submit);
  expect(upstream.requests[0]?.headers).not.toHaveProperty('openai-organization');
});

test('OA10: embeddings are numbers', async () => {
  expect(await client.embed({ model: 'e', input: 'x' }, submit)).toMatchObject({ data: [{ index: 0, embedding: [0.5] }] });
});

test('OP10: the models that may be asked are counted', async () => {
  expect(await client.countModels(signal)).toBe(2);
});

test('OA8, OA16: a response is started, read and cancelled', async () => {
  expect(await client.respond({ model: 'm', input: 'x', background: true }, submit)).toEqual({
    id: 'resp_1',
    status: 'queued',
    output: [],
  });
  expect(await client.response('resp_1', signal)).toMatchObject({ status: 'queued' });
  await client.cancelResponse('resp/1');
  expect(upstream.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /v1/responses',
    'GET /v1/responses/resp_1',
    'POST /v1/responses/resp%2F1/cancel',
  ]);
});

test('OA5, OA6: a batch is made, read, listed and cancelled; all that the service says of it is kept', async () => {
  expect(await client.createBatch({ input_file_id: 'f' }, submit)).toMatchObject({ id: 'batch_1', record: batch });
  expect(await client.batch('batch_1', signal)).toMatchObject({ status: 'validating', record: batch });
  expect(await client.batches('batch_9', signal)).toMatchObject({ has_more: true, data: [{ id: 'batch_1' }] });
  await client.cancelBatch('batch_1');
  expect(upstream.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /v1/batches',
    'GET /v1/batches/batch_1',
    'GET /v1/batches?limit=100&after=batch_9',
    'POST /v1/batches/batch_1/cancel',
  ]);
  expect(upstream.requests[0]?.headers).toMatchObject({ 'idempotency-key': 'key-1' });
});

test('C8: what is not there is NOT_FOUND', async () => {
  await expect(client.batch('unknown', signal).catch(rethrow('batch unknown'))).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: 'OpenAI batch unknown: 404 invalid_request_error No batch found',
  });
});

describe('C15: a submit', () => {
  test.each([
    ['throttled', { code: 'RESOURCE_EXHAUSTED', submitted: 'no', retryAfterMs: 2000, passes: true }],
    ['unavailable', { code: 'UNAVAILABLE', submitted: 'no' }],
    ['refused', { code: 'PERMISSION_DENIED', passes: false, submitted: 'no' }],
    ['lost-before', { code: 'UNAVAILABLE', submitted: 'unknown' }],
    ['lost-after', { code: 'UNAVAILABLE', submitted: 'unknown' }],
    ['malformed', { code: 'UNAVAILABLE', submitted: 'unknown' }],
    ['truncated', { code: 'UNAVAILABLE', submitted: 'unknown' }],
  ] as const)('that is %s is said so, and is sent once: the core repeats it', async (kind, error) => {
    upstream.fault({ kind, retryAfterMs: 2000 });
    await expect(client.createBatch({}, submit).catch(rethrowSubmit('batch'))).rejects.toMatchObject(error);
    expect(upstream.requests).toHaveLength(1);
  });

  test('of which a gateway says 502 may have been taken', async () => {
    const gateway = await FaultyUpstream.start({ handler: () => ({ status: 502, body: '<html>Bad gateway</html>' }) });
    const behind = await connect(access({ baseUrl: gateway.url }));
    await expect(behind.createBatch({}, submit).catch(rethrowSubmit('batch'))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      submitted: 'unknown',
    });
    await gateway.close();
  });

  test('that never left was not taken', async () => {
    await upstream.close();
    await expect(client.createBatch({}, submit).catch(rethrowSubmit('batch'))).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      submitted: 'no',
    });
  });
});

test.each([
  [{ 'retry-after-ms': '1500', 'retry-after': '60' }, 1500],
  [{ 'retry-after': '7' }, 7000],
  [{ 'retry-after': 'Wed, 21 Oct 2015 07:28:00 GMT' }, 0],
  [{ 'retry-after': 'soon' }, undefined],
  [{}, undefined],
])('OA3: %j asks to come again in %s ms', async (headers, retryAfterMs) => {
  const body = { error: { message: 'Rate limit reached', type: 'requests', code: 'rate_limit_exceeded' } };
  const limited = await FaultyUpstream.start({ handler: () => ({ status: 429, headers, body }) });
  const error = (await connect(access({ baseUrl: limited.url }))).complete(question, submit).catch(rethrowSubmit('chat completion'));
  await expect(error).rejects.toMatchObject({ code: 'RESOURCE_EXHAUSTED', passes: true, retryAfterMs });
  await limited.close();
});

test.each(['complete', 'respond', 'embed'] as const)('R5, OA2: %s ends with its caller', async (method) => {
  upstream.fault({ kind: 'stall-before' });
  const controller = new AbortController();
  const answered = client[method](question, { ...submit, signal: controller.signal }).catch(rethrowSubmit('chat completion'));
  await vi.waitFor(() => expect(upstream.requests).toHaveLength(1), 20_000);
  controller.abort();
  await expect(answered).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('R5: a read ends with its signal', async () => {
  upstream.fault({ kind: 'stall-before' });
  const controller = new AbortController();
  const answered = client.batch('batch_1', controller.signal).catch(rethrow('batch batch_1'));
  controller.abort();
  await expect(answered).rejects.toMatchObject({ code: 'UNAVAILABLE' });
});

test('OA7: nothing of what is asked and answered is printed, also where the SDK is told to', async () => {
  vi.stubEnv('OPENAI_LOG', 'debug');
  const printed = (['log', 'info', 'debug', 'warn', 'error'] as const).map((name) => vi.spyOn(console, name));
  await (await connect(access())).complete({ model: 'm', messages: [{ role: 'user', content: 'private' }] }, submit);
  expect(printed.flatMap(({ mock }) => mock.calls)).toEqual([]);
  vi.restoreAllMocks();
});

test('OA12: a service without keys is asked without one of ours', async () => {
  vi.stubEnv('OPENAI_API_KEY', 'sk-of-somebody');
  await (await connect(access({ apiKey: undefined }))).complete(question, submit);
  expect(upstream.requests[0]?.headers.authorization).toBe('Bearer none');
});

test('OA12: without a token of the cluster, an OpenAI identity says what is missing, and nothing is sent', async () => {
  const identity = { identityProviderId: 'idp_1', serviceAccountId: 'sa_1' };
  const answered = (await connect(access({ apiKey: undefined, identity })))
    .complete(question, submit)
    .catch(rethrowSubmit('chat completion'));
  await expect(answered).rejects.toMatchObject({ code: 'UNAUTHENTICATED', submitted: 'no', message: expect.stringContaining('token') });
  expect(upstream.requests).toEqual([]);
});

test('OA12: without an identity in Azure, one there says so, and nothing is sent', async () => {
  for (const name of ['AZURE_CLIENT_ID', 'AZURE_TENANT_ID', 'AZURE_CLIENT_SECRET', 'AZURE_FEDERATED_TOKEN_FILE', 'PATH'])
    vi.stubEnv(name, '');
  vi.stubEnv('AZURE_TOKEN_CREDENTIALS', 'EnvironmentCredential');
  const answered = (await connect(access({ apiKey: undefined, identity: 'azure' })))
    .complete(question, submit)
    .catch(rethrowSubmit('chat completion'));
  await expect(answered).rejects.toMatchObject({ code: 'UNAUTHENTICATED', submitted: 'no' });
  expect(upstream.requests).toEqual([]);
});
