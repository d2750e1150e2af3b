import { expect, test } from 'vitest';
import type { ModelResponse } from '../client.ts';
import cases from '../__fixtures__/responses.json' with { type: 'json' };
import { dict, said, text, toChatTask } from '../__fixtures__/task.ts';
import { toBackgroundResource, toResponseRef, toResponseRequest, toResponseResource } from './responses.ts';

// Of the objects, the agent reads less than there is.
const responses: readonly { readonly name: string; readonly response: ModelResponse; readonly resource: object }[] = cases.map((each) => ({
  ...each,
  response: { ...each.response, text: undefined },
}));
const background = { endpoint: '/v1/responses', background: true };
const place = { organization: 'org-1', baseUrl: 'https://models.example/v1' };
const ref = toResponseRef(toChatTask({ settings: background }), { id: 'resp_1' }, place);

test.each(responses)('OA4, OA8: a response that is $name is told as it is', ({ response, resource }) => {
  const link = `https://platform.openai.com/logs/${response.id}`;
  expect(toBackgroundResource(ref, response, { prices: undefined, link })).toMatchObject(resource);
});

test('OA8: tools, instructions and all other settings are passed on; whose it is stands in the metadata', () => {
  const settings = {
    instructions: 'Be terse.',
    tools: [{ type: 'web_search' }],
    reasoning: { effort: 'high' },
    metadata: { team: 'data' },
  };
  const task = toChatTask({
    settings: { ...background, ...settings },
    inputs: { ...said('Who?'), previous_response_id: { kind: 'string', value: 'resp_0' } },
  });
  expect(toResponseRequest(task, {}, true)).toEqual({
    ...settings,
    model: 'gpt-4o-mini',
    input: 'Who?',
    previous_response_id: 'resp_0',
    background: true,
    metadata: {
      team: 'data',
      flyte_project: 'flytesnacks',
      flyte_domain: 'development',
      flyte_execution: 'f3a9c1',
      flyte_node: 'n0',
      flyte_attempt: '1',
    },
  });
});

test('OA8: within a call, nothing is left in the background', () => {
  expect(toResponseRequest(toChatTask({ settings: background }), { metadata: false }, false)).toEqual({
    model: 'gpt-4o-mini',
    input: 'Who are you?',
  });
});

test('OA8: what was said before stays before the message where the operator keeps it', () => {
  const before = { role: 'developer', content: 'Be terse.' };
  const task = toChatTask({ settings: { ...background, input: [before] } });
  expect(toResponseRequest(task, {}, true)['input']).toBe('Who are you?');
  expect(toResponseRequest(task, { keepMessages: true }, true)['input']).toEqual([before, { role: 'user', content: 'Who are you?' }]);
});

test('OA11: the ceilings hold for answers and for calls of tools', () => {
  const limits = { maxOutputTokens: 1000, maxToolCalls: 3 };
  expect(toResponseRequest(toChatTask({ settings: background }), limits, true)).toMatchObject({
    max_output_tokens: 1000,
    max_tool_calls: 3,
  });
  for (const settings of [{ max_output_tokens: 1001 }, { max_tool_calls: 4 }])
    expect(() => toResponseRequest(toChatTask({ settings: { ...background, ...settings } }), limits, true)).toThrow(
      /is more than the (1000|3) that/,
    );
});

test('C1: a reference is enough to find the response and to read it', () => {
  const task = toChatTask({ settings: { ...background, max_output_tokens: 5 }, outputs: { o0: dict, usage: dict, response_id: text } });
  expect(toResponseRef(task, { id: 'resp_9' }, place)).toEqual({
    ...place,
    responseId: 'resp_9',
    outputs: { o0: 'STRUCT', usage: 'STRUCT', response_id: 'STRING' },
    hasLimit: true,
    attempt: 1,
  });
});

test('C11: an output that a reference cannot describe is refused before anything is asked', () => {
  const task = toChatTask({ settings: background, outputs: { o0: { kind: 'collection', items: text } } });
  expect(() => toResponseRef(task, { id: '' }, place)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringMatching(/^output o0: /) }),
  );
});

test('OA9: an answer of the background is checked by the schema that the service repeats', () => {
  const schema = { type: 'object', properties: { age: { type: 'integer' } }, required: ['age'] };
  const answer = (content: string) => ({
    id: 'resp_1',
    status: 'completed',
    text: { format: { type: 'json_schema', schema } },
    output: [{ type: 'message', content: [{ type: 'output_text', text: content }] }],
  });
  const options = { prices: undefined, link: undefined };
  expect(toBackgroundResource({ ...ref, outputs: { o0: 'STRUCT' } }, answer('{"age":36}'), options)).toMatchObject({
    phase: 'SUCCEEDED',
    outputs: { o0: { kind: 'binary', tag: 'msgpack' } },
  });
  expect(toBackgroundResource(ref, answer('{"age":"old"}'), options)).toMatchObject({ phase: 'RETRYABLE_FAILED' });
});

test('OA4: a response that was cut off where the task itself set the limit is a success, and says so', () => {
  const response = {
    id: 'resp_1',
    status: 'incomplete',
    incomplete_details: { reason: 'max_output_tokens' },
    output: [{ type: 'message', content: [{ type: 'output_text', text: 'I am' }] }],
  };
  const task = toChatTask({ settings: { endpoint: '/v1/responses', max_output_tokens: 16 } });
  expect(toResponseResource(task, response, undefined)).toMatchObject({ phase: 'SUCCEEDED', message: expect.stringContaining('cut off') });
});

test('OA11: the usage of a response counts its reasoning', () => {
  const [{ response } = { response: { id: '' } }] = responses;
  const { customInfo } = toBackgroundResource(ref, response, { prices: { o3: { input: 2, output: 8 } }, link: undefined });
  expect(customInfo).toMatchObject({
    usage: { inputTokens: 328, outputTokens: 52, reasoningTokens: 40, totalTokens: 380 },
    estimatedCostUsd: (328 * 2 + 52 * 8) / 1e6,
    attempt: 1,
  });
});
