import { expect, describe, test, vi } from 'vitest';
import { Harness, refusal } from './__fixtures__/harness.ts';
import { said } from './__fixtures__/task.ts';
import type { Completion, OpenAIClient, Submit } from './client.ts';
import { OpenAIError } from './errors.ts';

const types = ['chatgpt', 'openai_chat_completion_task', 'openai_chat_completion'];
const background = { background: true };

function answering(content: string): Completion {
  return {
    id: 'chatcmpl-1',
    model: 'gpt-4o-mini',
    choices: [{ finish_reason: 'stop', message: { content } }],
    usage: { prompt_tokens: 8, completion_tokens: 4 },
  };
}

describe('OA1: a question', () => {
  test.each(types)('of type %s is answered', async (type) => {
    const harness = new Harness({ client: { complete: async () => answering('I am a model.') } });
    expect(await harness.execute({ type })).toMatchObject({ phase: 'SUCCEEDED', outputs: { o0: { value: 'I am a model.' } } });
  });

  test('needs no organization, and names the one it has', async () => {
    const harness = new Harness({ client: { complete: async () => answering('x') } });
    for (const [index, openai_organization] of [undefined, null, 'org-1'].entries()) {
      const custom = { chatgpt_config: { model: 'm' }, ...(openai_organization !== undefined && { openai_organization }) };
      await harness.execute({ custom, execution: `f${index}` });
    }
    expect(harness.accesses.map(({ organization }) => organization)).toEqual([null, 'org-1']);
  });

  test('with settings that have no effect is warned of once, by their names', async () => {
    const harness = new Harness({ client: { complete: async () => answering('x') } });
    await harness.execute({ settings: { stream: true, n: 2, messages: [{ role: 'system', content: 'private' }] } });
    const warnings = harness.logger.lines.filter(({ level }) => level === 'warn');
    expect(warnings).toMatchObject([{ fields: { keys: ['stream', 'n', 'messages'] } }]);
  });

  test.each([{}, { stream: false, n: 1 }])('with settings that have their effect is not warned of: %j', async (settings) => {
    const harness = new Harness({ client: { complete: async () => answering('x') } });
    await harness.execute({ settings });
    expect(harness.logger.lines.filter(({ level }) => level === 'warn')).toEqual([]);
  });
});

describe('OA2: a question within a call', () => {
  test('ends with its caller, and carries the key of its attempt', async () => {
    const sent: Submit[] = [];
    const complete = async (_body: object, request: Submit) => {
      sent.push(request);
      await new Promise((resolve) => request.signal?.addEventListener('abort', resolve));
      throw new OpenAIError('the call was given up', { from: 'nobody' });
    };
    const resource = await new Harness({ client: { complete } }).execute({ timeoutMs: 300 });
    expect(resource).toMatchObject({
      phase: 'RETRYABLE_FAILED',
      message: expect.stringContaining('did not end before the call had to be answered'),
    });
    expect(sent).toMatchObject([{ key: expect.stringMatching(/^[0-9a-f]{32}$/) }]);
    expect(sent[0]?.signal?.aborted).toBe(true);
  });

  test('on an async path writes its answer to the store, and tells there is one', async () => {
    const written: unknown[] = [];
    const client = { complete: async () => answering('I am a model.') };
    const harness = new Harness({ client, writeOutputs: async (prefix, outputs) => void written.push([prefix, outputs]) });
    const reference = await harness.create();
    expect(written).toEqual([[expect.stringMatching(/^s3:.*\/f?.*\/n0\/data\/0$/), { o0: { kind: 'string', value: 'I am a model.' } }]]);
    const resource = await harness.get(reference);
    expect(resource).toMatchObject({ phase: 'SUCCEEDED', customInfo: { usage: { inputTokens: 8, outputTokens: 4 } } });
    expect(resource.outputs).toBeUndefined();
  });

  test('on an async path without a store fails, and names the setting', async () => {
    const harness = new Harness({ client: { complete: async () => answering('I am a model.') } });
    expect(await harness.get(await harness.create())).toMatchObject({ phase: 'FAILED', message: expect.stringContaining('storeRoots') });
  });
});

describe('OA2, OA8: a question in the background', () => {
  test('is a job of the service where the engine polls, and goes on without its caller', async () => {
    const sent: [object, Submit][] = [];
    const respond = async (body: object, request: Submit) => {
      sent.push([body, request]);
      return { id: 'resp_1', status: 'queued' };
    };
    let status = 'in_progress';
    const response = async (id: string) => ({
      id,
      status,
      output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hello' }] }],
    });
    const harness = new Harness({ client: { respond, response } });
    const reference = await harness.create({ settings: background });
    expect(sent).toMatchObject([[{ background: true, input: 'Who are you?' }, { key: expect.any(String) }]]);
    expect(sent[0]?.[1].signal).toBeUndefined();
    const links = [{ name: 'OpenAI', uri: 'https://platform.openai.com/logs/resp_1' }];
    expect(await harness.get(reference)).toMatchObject({ phase: 'RUNNING', links });
    status = 'completed';
    expect(await harness.get(reference)).toMatchObject({ phase: 'SUCCEEDED', outputs: { o0: { value: 'Hello' } }, links });
  });

  test('within a call is answered at once, if that is quick enough', async () => {
    const respond = vi.fn<OpenAIClient['respond']>(async () => ({
      id: 'resp_1',
      status: 'completed',
      output: [{ type: 'message', content: [{ type: 'output_text', text: 'Hello' }] }],
    }));
    expect(await new Harness({ client: { respond } }).execute({ settings: background })).toMatchObject({
      phase: 'SUCCEEDED',
      outputs: { o0: { value: 'Hello' } },
    });
    expect(respond.mock.calls).toMatchObject([[expect.not.objectContaining({ background: true }), { signal: expect.any(AbortSignal) }]]);
  });

  test.each([
    ['queued', 1],
    ['in_progress', 1],
    ['completed', 0],
    ['failed', 0],
    ['cancelled', 0],
    ['incomplete', 0],
  ])('OA16, C4: is cancelled by an abort when it is %s: %i times', async (status, times) => {
    const cancelResponse = vi.fn<OpenAIClient['cancelResponse']>(async () => {});
    const client = {
      respond: async () => ({ id: 'resp_1', status: 'queued' }),
      response: async (id: string) => ({ id, status }),
      cancelResponse,
    };
    const harness = new Harness({ client });
    await harness.delete(await harness.create({ settings: background }));
    expect(cancelResponse).toHaveBeenCalledTimes(times);
  });

  test('C4: that is gone needs no cancel', async () => {
    const client = {
      respond: async () => ({ id: 'resp_1', status: 'queued' }),
      response: async () => {
        throw refusal(404, 'not_found');
      },
    };
    const harness = new Harness({ client });
    await expect(harness.delete(await harness.create({ settings: background }))).resolves.toBeUndefined();
  });
});

describe('OA3: a service that has enough', () => {
  test('for now is asked again within the call, when it allows it', async () => {
    const complete = vi.fn<OpenAIClient['complete']>(async () => answering('x'));
    complete.mockRejectedValueOnce(refusal(429, 'rate_limit_exceeded', 100)).mockRejectedValueOnce(refusal(503, 'server_error'));
    expect(await new Harness({ client: { complete } }).execute()).toMatchObject({ phase: 'SUCCEEDED' });
    expect(complete).toHaveBeenCalledTimes(3);
  });

  test('for longer than the call may take is a failure that another attempt may not meet', async () => {
    const complete = vi.fn<() => Promise<Completion>>().mockRejectedValue(refusal(429, 'rate_limit_exceeded', 60_000));
    expect(await new Harness({ client: { complete } }).execute()).toMatchObject({
      phase: 'RETRYABLE_FAILED',
      message: 'OpenAI chat completion: 429 rate_limit_exceeded why',
    });
    expect(complete).toHaveBeenCalledTimes(1);
  });

  test('because nothing is paid for any more is asked once, and the task fails for good', async () => {
    const complete = vi.fn<() => Promise<Completion>>().mockRejectedValue(refusal(429, 'insufficient_quota', 10));
    expect(await new Harness({ client: { complete } }).execute()).toMatchObject({
      phase: 'FAILED',
      message: expect.stringContaining('no quota left'),
    });
    expect(complete).toHaveBeenCalledTimes(1);
  });

  test('C16: one client serves all calls of a tenant; another key is another client', async () => {
    const client = { complete: async () => answering('x') };
    const secrets = { FLYTE_OPENAI_API_KEY: 'sk-one-key' };
    const harness = new Harness({ client, secrets });
    await Promise.all(['f1', 'f2', 'f3'].map((execution) => harness.execute({ execution })));
    expect(harness.accesses).toHaveLength(1);
    secrets.FLYTE_OPENAI_API_KEY = 'sk-two-key';
    await harness.execute({ execution: 'f4' });
    expect(harness.accesses.map(({ apiKey }) => apiKey)).toEqual(['sk-one-key', 'sk-two-key']);
  });

  test('C15: a question whose answer was lost is not asked twice', async () => {
    const complete = vi.fn<() => Promise<Completion>>().mockRejectedValue(new OpenAIError('no answer (ECONNRESET)', { from: 'nobody' }));
    expect(await new Harness({ client: { complete } }).execute()).toMatchObject({ phase: 'RETRYABLE_FAILED' });
    expect(complete).toHaveBeenCalledTimes(1);
  });
});

test('C6, C12: without a key, the task fails retryably and the places that were looked at are named', async () => {
  const { phase, message } = await new Harness({ secrets: {} }).execute();
  expect([phase, message]).toEqual([
    'RETRYABLE_FAILED',
    expect.stringMatching(/no secret FLYTE_OPENAI_API_KEY: looked for .*_FSEC_FLYTE_OPENAI_API_KEY/),
  ]);
});

test('OA7: neither what is asked nor what is answered is in a log, and no answer in a reference', async () => {
  const client = { complete: async () => answering('answer-canary') };
  const harness = new Harness({ client, writeOutputs: async () => {} });
  const inputs = said('question-canary');
  await harness.execute({ inputs, settings: { messages: [{ role: 'system', content: 'setting-canary' }] } });
  const reference = await harness.create({ inputs, execution: 'f2' });
  await harness.get(reference);
  expect(JSON.stringify([harness.logger.lines, reference])).not.toMatch(/canary/);
});

describe('OA12: an endpoint', () => {
  const endpoints = [
    { baseUrl: 'https://acme.openai.azure.com/openai/v1/', secret: 'AZURE_KEY' },
    { baseUrl: 'http://vllm.models.svc:8000/v1', secret: null },
    { baseUrl: 'https://eu.api.openai.com/v1', identity: { identityProviderId: 'idp_1', serviceAccountId: 'sa_1' } },
  ];
  const secrets = { FLYTE_OPENAI_API_KEY: 'sk-test-key', AZURE_KEY: 'azure-key' };
  const client = { complete: async () => answering('x') };

  test.each([
    ['https://acme.openai.azure.com/openai/v1', { apiKey: 'azure-key' }],
    ['http://vllm.models.svc:8000/v1/', { apiKey: undefined }],
    ['https://API.openai.com/v1', { apiKey: 'sk-test-key', baseUrl: 'https://api.openai.com/v1' }],
  ])('that the operator allows is asked with a key of its own: %s', async (base_url, access) => {
    const harness = new Harness({ client, secrets, options: { endpoints } });
    expect(await harness.execute({ settings: { base_url } })).toMatchObject({ phase: 'SUCCEEDED' });
    expect(harness.accesses).toMatchObject([access]);
  });

  test('with an identity is asked by it, and never given the key of another', async () => {
    const harness = new Harness({ client, secrets, options: { endpoints } });
    await harness.execute({ settings: { base_url: 'https://eu.api.openai.com/v1' } });
    expect(harness.accesses).toMatchObject([{ apiKey: undefined, identity: { serviceAccountId: 'sa_1' } }]);
  });

  test.each([
    'https://evil.example/v1',
    'https://acme.openai.azure.com/openai/v2',
    'https://acme.openai.azure.com.evil.example/openai/v1',
    'https://user@acme.openai.azure.com/openai/v1',
  ])('that is not allowed is never asked, nor given a key: %s', async (base_url) => {
    const harness = new Harness({ client, secrets, options: { endpoints } });
    expect(await harness.execute({ settings: { base_url } })).toMatchObject({
      phase: 'FAILED',
      message: expect.stringContaining('FLYTE_OPENAI_ENDPOINTS'),
    });
    expect(harness.accesses).toEqual([]);
  });

  test('in a reference that somebody changed is never asked, nor given a key', async () => {
    const harness = new Harness({ client: { respond: async () => ({ id: 'resp_1', status: 'queued' }) }, secrets, options: { endpoints } });
    const reference = await harness.create({ settings: background });
    const forged = reference.replace('"baseUrl":"https://api.openai.com/v1"', '"baseUrl":"https://evil.example/v1"');
    expect(forged).not.toBe(reference);
    expect(await harness.get(forged)).toMatchObject({ phase: 'RUNNING', message: expect.stringContaining('not among the endpoints') });
    await expect(harness.delete(forged)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(harness.accesses).toHaveLength(1);
  });

  test('stays that of a response when the operator makes another one the default', async () => {
    const waiting = {
      respond: async () => ({ id: 'resp_1', status: 'queued' }),
      response: async (id: string) => ({ id, status: 'queued' }),
    };
    const reference = await new Harness({ client: waiting, secrets }).create({ settings: background });
    const moved = { baseUrl: 'https://eu.api.openai.com/v1', secret: 'EU_KEY' };
    const both = { ...secrets, EU_KEY: 'eu-key' };
    const before = { baseUrl: 'https://api.openai.com/v1', secret: 'FLYTE_OPENAI_API_KEY' };
    const harness = new Harness({ client: waiting, secrets: both, options: { endpoint: moved, endpoints: [before] } });
    expect(await harness.get(reference)).toMatchObject({ phase: 'WAITING_FOR_RESOURCES' });
    expect(harness.accesses).toMatchObject([{ baseUrl: 'https://api.openai.com/v1', apiKey: 'sk-test-key' }]);
    const forgetful = new Harness({ client: waiting, secrets: both, options: { endpoint: moved } });
    expect(await forgetful.get(reference)).toMatchObject({ message: expect.stringContaining('not among the endpoints') });
    expect(forgetful.accesses).toEqual([]);
  });

  test('other than OpenAI’s has no pages to link to', async () => {
    const options = { endpoint: { baseUrl: 'https://models.example/v1' } };
    const harness = new Harness({
      client: { respond: async () => ({ id: 'resp_1', status: 'queued' }), response: async (id) => ({ id, status: 'failed' }) },
      options,
    });
    const { message, links } = await harness.get(await harness.create({ settings: background }));
    expect([message, links]).toEqual(['OpenAI response resp_1: failed', undefined]);
  });
});

describe('OP10: doctor', () => {
  const client = { countModels: async () => 7, batches: async () => ({ data: [] }) };

  test('finds the key, the models and the batches', async () => {
    expect(await new Harness({ client }).findings()).toMatchObject([
      { name: 'secret FLYTE_OPENAI_API_KEY', outcome: 'ok' },
      { name: 'models', outcome: 'ok', message: 'https://api.openai.com/v1 answers: 7 models may be asked' },
      { name: 'secret FLYTE_OPENAI_API_KEY', outcome: 'ok' },
      { name: 'batches', outcome: 'ok', message: 'https://api.openai.com/v1 answers: batches may be read' },
    ]);
  });

  test('says what is missing, and what is refused', async () => {
    const refused = { ...client, batches: async () => Promise.reject(refusal(403, 'missing_scope')) };
    const findings = await new Harness({ client: refused }).findings();
    expect(findings.at(-1)).toMatchObject({ outcome: 'problem', message: expect.stringContaining('403 missing_scope') });
    const [key] = await new Harness({ client, secrets: {} }).findings();
    expect(key).toMatchObject({ outcome: 'problem', message: expect.stringContaining('FLYTE_OPENAI_API_KEY') });
  });

  test('asks an endpoint without keys for none', async () => {
    const options = { endpoint: { baseUrl: 'http://vllm.models.svc:8000/v1', secret: null } };
    const findings = await new Harness({ client, options, secrets: {} }).findings();
    expect(findings.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual(['models ok', 'batches ok']);
  });
});
