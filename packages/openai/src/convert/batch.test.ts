import { expect, test } from 'vitest';
import batches from '../__fixtures__/batches.json' with { type: 'json' };
import { key, toBatchTask } from '../__fixtures__/task.ts';
import { toBatchRequest, toBatchResource } from './batch.ts';
import { isFindable, keyOf } from './metadata.ts';

const link = 'https://platform.openai.com/batches/batch_abc';

test.each(batches.map(({ batch, resource }) => ({ batch, resource, name: resource.message.slice(0, 80) })))(
  'OA5: $name',
  ({ batch, resource }) => {
    expect(toBatchResource({ ...batch, record: batch }, { prices: undefined, link })).toMatchObject(resource);
  },
);

test('OA5: results are given with success only, and always name both files', () => {
  for (const { batch, resource } of batches) {
    const { outputs } = toBatchResource({ ...batch, record: batch }, { prices: undefined, link });
    expect(outputs !== undefined).toBe(resource.phase === 'SUCCEEDED');
    if (outputs?.['result']?.kind !== 'binary') continue;
    const text = Buffer.from(outputs['result'].value).toString('latin1');
    expect(text).toContain('output_file_id');
    expect(text).toContain('error_file_id');
  }
});

test('OA6: a batch carries its key in the metadata, after the task’s own and before whose it is', () => {
  expect(
    toBatchRequest(toBatchTask({ metadata: { team: 'data' }, output_expires_after: { anchor: 'created_at', seconds: 3600 } }), key, {}),
  ).toEqual({
    input_file_id: 'file-abc123',
    completion_window: '24h',
    endpoint: '/v1/chat/completions',
    output_expires_after: { anchor: 'created_at', seconds: 3600 },
    metadata: {
      team: 'data',
      flyte_request: key,
      flyte_project: 'flytesnacks',
      flyte_domain: 'development',
      flyte_execution: 'f3a9c1',
      flyte_node: 'n0',
      flyte_attempt: '1',
    },
  });
});

test('C21: whose it is can be left out; the key cannot', () => {
  expect(toBatchRequest(toBatchTask(), key, { metadata: false })['metadata']).toEqual({ flyte_request: key });
});

test.each([
  [14, 16, true],
  [15, 16, true],
  [16, 16, false],
])('OA6: with %i pairs of the task’s own, %i are sent, and the key is among them: %s', (own, sent, isThere) => {
  const metadata = Object.fromEntries(Array.from({ length: own }, (_, index) => [`k${index}`, 'v']));
  const task = toBatchTask({ metadata });
  const { metadata: marked } = toBatchRequest(task, key, {});
  expect(Object.keys(marked ?? {})).toHaveLength(sent);
  expect(isFindable(task.config)).toBe(isThere);
  expect(marked).toMatchObject(isThere ? { ...metadata, flyte_request: key } : metadata);
});

test('C3: only the key in a batch’s own metadata tells whose it is', () => {
  expect(keyOf({ metadata: { flyte_request: key } })).toBe(key);
  expect([keyOf({ metadata: null }), keyOf({ metadata: { team: key } }), keyOf({})]).toEqual([undefined, undefined, undefined]);
});

test('OA15, C22: what a batch used is told, at half the price', () => {
  const batch = {
    id: 'batch_abc',
    status: 'completed',
    model: 'gpt-4o-mini',
    request_counts: { total: 2, completed: 2, failed: 0 },
    usage: {
      input_tokens: 100,
      output_tokens: 10,
      total_tokens: 110,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens_details: { reasoning_tokens: 0 },
    },
    output_file_id: 'file-out',
  };
  const prices = { 'gpt-4o-mini': { input: 0.15, output: 0.6 } };
  expect(toBatchResource({ ...batch, record: batch }, { prices, link }).customInfo).toEqual({
    batchId: 'batch_abc',
    model: 'gpt-4o-mini',
    requests: { total: 2, completed: 2, failed: 0 },
    outputFileId: 'file-out',
    usage: { inputTokens: 100, cachedInputTokens: 0, outputTokens: 10, reasoningTokens: 0, totalTokens: 110 },
    estimatedCostUsd: (100 * 0.15 + 10 * 0.6) / 1e6 / 2,
  });
});
