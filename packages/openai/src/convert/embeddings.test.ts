import type { Literal, LiteralType } from '@flyte-agents/core';
import { expect, test } from 'vitest';
import { dict, said, toChatTask } from '../__fixtures__/task.ts';
import { toEmbeddingRequest, toEmbeddingResource } from './embeddings.ts';

const settings = { endpoint: '/v1/embeddings', dimensions: 2 };
const vector: LiteralType = { kind: 'collection', items: { kind: 'simple', simple: 'FLOAT' } };
const texts = (...values: readonly string[]): Readonly<Record<string, Literal>> => ({
  message: { kind: 'collection', items: values.map((value) => ({ kind: 'string', value })) },
});
const float = (value: number) => ({ kind: 'float', value });
const usage = { prompt_tokens: 8, total_tokens: 8 };

test('OA10: a text is asked for as numbers, with all settings', () => {
  expect(toEmbeddingRequest(toChatTask({ settings }))).toEqual({
    model: 'gpt-4o-mini',
    dimensions: 2,
    input: 'Who are you?',
    encoding_format: 'float',
  });
});

test('OA10: a text gives one vector, and what it cost', () => {
  const task = toChatTask({ settings, outputs: { o0: vector, usage: dict } });
  const answer = { model: 'text-embedding-3-small', data: [{ index: 0, embedding: [0.25, -1] }], usage };
  expect(toEmbeddingResource(task, answer, { 'text-embedding-3-small': { input: 0.02 } })).toMatchObject({
    phase: 'SUCCEEDED',
    message: 'OpenAI embeddings: 1 of 2 numbers each',
    outputs: { o0: { kind: 'collection', items: [float(0.25), float(-1)] }, usage: { kind: 'binary' } },
    customInfo: { model: 'text-embedding-3-small', usage: { inputTokens: 8, outputTokens: 0 }, estimatedCostUsd: (8 * 0.02) / 1e6 },
  });
});

test('OA10: a list of texts gives a list of vectors in its order', () => {
  const task = toChatTask({ settings, inputs: texts('a', 'b'), outputs: { o0: { kind: 'collection', items: vector } } });
  expect(toEmbeddingRequest(task)['input']).toEqual(['a', 'b']);
  const data = [
    { index: 1, embedding: [2] },
    { index: 0, embedding: [1] },
  ];
  expect(toEmbeddingResource(task, { data }, undefined).outputs).toEqual({
    o0: { kind: 'collection', items: [1, 2].map((value) => ({ kind: 'collection', items: [float(value)] })) },
  });
});

test('OA10: vectors for other than all texts are no success', () => {
  const task = toChatTask({ settings, inputs: texts('a', 'b') });
  expect(toEmbeddingResource(task, { data: [{ index: 0, embedding: [1] }] }, undefined)).toMatchObject({ phase: 'RETRYABLE_FAILED' });
});

test.each([
  ['an empty list', texts()],
  ['a number', { message: { kind: 'integer', value: 1n } }],
  ['nothing', {}],
] as const)('C11: %s is no input for embeddings', (_name, inputs) => {
  expect(() => toEmbeddingRequest(toChatTask({ settings, inputs }))).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
});

test('OA10: an output of a type that a vector does not fit is refused by its name', () => {
  const task = toChatTask({ settings, inputs: said('x') });
  expect(() => toEmbeddingResource(task, { data: [{ index: 0, embedding: [1] }] }, undefined)).toThrow(/output o0/);
});
