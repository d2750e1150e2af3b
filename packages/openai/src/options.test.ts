import { expect, test } from 'vitest';
import { fromEnvironment } from './options.ts';

test('C26: an operator sets everything in the environment', () => {
  const endpoints = [
    { baseUrl: 'https://acme.openai.azure.com/openai/v1', identity: 'azure' },
    { baseUrl: 'https://models.example/v1', secret: 'MODELS_KEY' },
    { baseUrl: 'http://vllm.models.svc:8000/v1', secret: null },
    { baseUrl: 'https://api.openai.com/v1', identity: { identityProviderId: 'idp_1', serviceAccountId: 'sa_1' } },
  ];
  const prices = { 'gpt-4o': { input: 2.5, cachedInput: 1.25, output: 10 } };
  const options = fromEnvironment({
    OPENAI_BASE_URL: 'https://eu.api.openai.com/v1',
    FLYTE_OPENAI_ENDPOINTS: JSON.stringify(endpoints),
    FLYTE_OPENAI_MAX_OUTPUT_TOKENS: '4096',
    FLYTE_OPENAI_MAX_TOOL_CALLS: '5',
    FLYTE_OPENAI_KEEP_MESSAGES: 'true',
    FLYTE_OPENAI_METADATA: 'false',
    FLYTE_OPENAI_PRICES: JSON.stringify(prices),
    PATH: '/bin',
  });
  expect(options).toEqual({
    endpoint: { baseUrl: 'https://eu.api.openai.com/v1' },
    endpoints,
    maxOutputTokens: 4096,
    maxToolCalls: 5,
    keepMessages: true,
    metadata: false,
    prices,
  });
});

test('nothing need be set', () => {
  expect(Object.values(fromEnvironment({})).filter((value) => value !== undefined)).toEqual([]);
});

test.each([
  ['OPENAI_BASE_URL', 'models.example'],
  ['OPENAI_BASE_URL', 'file:///etc/passwd'],
  ['FLYTE_OPENAI_ENDPOINTS', 'https://models.example'],
  ['FLYTE_OPENAI_ENDPOINTS', '[{"baseUrl": 5}]'],
  ['FLYTE_OPENAI_ENDPOINTS', '[{"baseUrl": "https://models.example/v1"}]'],
  ['FLYTE_OPENAI_MAX_OUTPUT_TOKENS', 'many'],
  ['FLYTE_OPENAI_MAX_TOOL_CALLS', '0'],
  ['FLYTE_OPENAI_KEEP_MESSAGES', 'perhaps'],
  ['FLYTE_OPENAI_METADATA', 'perhaps'],
  ['FLYTE_OPENAI_PRICES', '{"gpt-4o": {"output": 1}}'],
])('C11: %s=%s stops the start, and is named', (name, value) => {
  expect(() => fromEnvironment({ [name]: value })).toThrow(name);
});
