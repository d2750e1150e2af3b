import { expect, test } from 'vitest';
import completions from '../__fixtures__/completions.json' with { type: 'json' };
import { dict, said, text, toChatTask } from '../__fixtures__/task.ts';
import { toChatRequest, toChatResource } from './chat.ts';

test.each(completions)('OA4: $name is told as it is', ({ completion, resource }) => {
  expect(toChatResource(toChatTask(), completion, undefined)).toMatchObject(resource);
});

test('OA1: every setting is passed on, and the message is the question', () => {
  const settings = {
    temperature: 0.7,
    max_tokens: 128,
    seed: 7,
    stop: ['END'],
    response_format: { type: 'json_object' },
    top_logprobs: null,
  };
  expect(toChatRequest(toChatTask({ settings }), {})).toEqual({
    ...settings,
    model: 'gpt-4o-mini',
    messages: [{ role: 'user', content: 'Who are you?' }],
  });
});

test('OA1: messages of the config are replaced, as in the Python agent, unless the operator keeps them', () => {
  const system = { role: 'system', content: 'Be terse.' };
  const user = { role: 'user', content: 'Who are you?' };
  const task = toChatTask({ settings: { messages: [system] } });
  expect(toChatRequest(task, {})['messages']).toEqual([user]);
  expect(toChatRequest(task, { keepMessages: true })['messages']).toEqual([system, user]);
});

test('OA1: a task gets one answer: nothing is streamed, and of several choices one is asked for', () => {
  const settings = { stream: true, stream_options: { include_usage: true }, n: 3 };
  expect(toChatRequest(toChatTask({ settings }), {})).toEqual({
    n: 1,
    model: 'gpt-4o-mini',
    messages: [{ role: 'user', content: 'Who are you?' }],
  });
});

test('OA11: the operator’s ceiling holds for tasks without one, and refuses those that want more', () => {
  const limited = { maxOutputTokens: 1000 };
  expect(toChatRequest(toChatTask(), limited)).toMatchObject({ max_completion_tokens: 1000 });
  expect(toChatRequest(toChatTask({ settings: { max_tokens: 128 } }), limited)).not.toHaveProperty('max_completion_tokens');
  expect(() => toChatRequest(toChatTask({ settings: { max_tokens: 1001 } }), limited)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/chatgpt_config\.max_tokens: 1001 is more than the 1000/),
    }),
  );
});

const cut = (content: string) => ({ id: 'c', choices: [{ finish_reason: 'length', message: { content } }] });

test('OA4: an answer that is cut off where the task itself set the limit is a success, and says so', () => {
  const task = toChatTask({ settings: { max_tokens: 4 } });
  expect(toChatResource(task, cut('I am a'), undefined)).toMatchObject({
    phase: 'SUCCEEDED',
    message: expect.stringContaining('cut off at its limit'),
    outputs: { o0: { value: 'I am a' } },
    customInfo: { finishReason: 'length' },
  });
});

test.each([
  ['empty', '', {}],
  ['half a JSON object', '{"name": ', { response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } } }],
])('OA4: an answer that is cut off and is %s is a failure all the same', (_name, content, settings) => {
  const task = toChatTask({ settings: { max_tokens: 4, ...settings } });
  expect(toChatResource(task, cut(content), undefined)).toMatchObject({ phase: 'FAILED' });
});

test('OA4: an empty answer is a success where the task has stop sequences: they may come first', () => {
  const answer = { id: 'c', choices: [{ finish_reason: 'stop', message: { content: '' } }] };
  const resource = toChatResource(toChatTask({ settings: { stop: ['END'] } }), answer, undefined);
  expect(resource).toMatchObject({ phase: 'SUCCEEDED', outputs: { o0: { value: '' } } });
});

const person = {
  type: 'object',
  properties: { name: { type: 'string', pattern: '^(a+)+$' }, age: { type: ['integer', 'null'] } },
  required: ['name', 'age'],
  additionalProperties: false,
};
const structured = { response_format: { type: 'json_schema', json_schema: { name: 'person', strict: true, schema: person } } };
const answering = (content: string) => ({ id: 'c', choices: [{ finish_reason: 'stop', message: { content } }] });

test('OA9: an answer that follows its schema is a text where a string is declared, and a dict where a dict is', () => {
  const content = '{"name":"Ada","age":36}';
  expect(toChatResource(toChatTask({ settings: structured }), answering(content), undefined).outputs).toEqual({
    o0: { kind: 'string', value: content },
  });
  const { outputs } = toChatResource(toChatTask({ settings: structured, outputs: { o0: dict } }), answering(content), undefined);
  expect(outputs).toMatchObject({ o0: { kind: 'binary', tag: 'msgpack' } });
});

test.each([
  ['no JSON', 'Ada, 36', 'it is not JSON'],
  ['a value of another type', '{"name":"Ada","age":"36"}', 'age: '],
  ['a key too much', '{"name":"Ada","age":36,"size":1}', 'the whole of it: '],
  ['a key too few', '{"name":"Ada"}', 'age: '],
])('OA9: an answer that does not follow its schema (%s) is a failure that another attempt may not meet', (_name, content, why) => {
  expect(toChatResource(toChatTask({ settings: structured }), answering(content), undefined)).toMatchObject({
    phase: 'RETRYABLE_FAILED',
    message: expect.stringContaining(`the answer does not follow its schema: ${why}`),
  });
});

test('C14, OA9: a regular expression of a schema is never run: it could hold the server for ever', () => {
  const content = JSON.stringify({ name: `${'a'.repeat(40)}!`, age: 1 });
  expect(toChatResource(toChatTask({ settings: structured }), answering(content), undefined).phase).toBe('SUCCEEDED');
});

test('OA11: what was used is told, with the attempt, as custom info and as an output that is declared', () => {
  const [{ completion } = { completion: undefined }] = completions;
  const task = toChatTask({ outputs: { o0: text, usage: dict, response_id: text }, inputs: said('x') });
  const prices = {
    'gpt-4o': { input: 2.5, cachedInput: 1.25, output: 10 },
    'gpt-4o-mini': { input: 0.15, cachedInput: 0.075, output: 0.6 },
  };
  const { outputs, customInfo } = toChatResource(task, completion ?? { choices: [] }, prices);
  expect(customInfo).toEqual({
    id: completion?.id,
    model: 'gpt-4o-mini-2024-07-18',
    finishReason: 'end',
    attempt: 1,
    usage: { inputTokens: 1200, cachedInputTokens: 1024, outputTokens: 10, reasoningTokens: 0, totalTokens: 1210 },
    estimatedCostUsd: (176 * 0.15 + 1024 * 0.075 + 10 * 0.6) / 1e6,
  });
  expect(outputs).toMatchObject({ usage: { kind: 'binary', tag: 'msgpack' }, response_id: { kind: 'string', value: completion?.id } });
});

test('OA15: without a price for its model nothing is estimated', () => {
  const completion = { ...answering('x'), model: 'another', usage: { prompt_tokens: 1, completion_tokens: 1 } };
  expect(toChatResource(toChatTask(), completion, { 'gpt-4o': { input: 1 } }).customInfo).not.toHaveProperty('estimatedCostUsd');
});
