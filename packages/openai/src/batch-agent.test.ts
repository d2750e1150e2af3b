import { describe, expect, test, vi } from 'vitest';
import { Harness, refusal } from './__fixtures__/harness.ts';
import type { Batch, BatchPage, OpenAIClient } from './client.ts';

const asked = { type: 'openai-batch' };
const nothing: BatchPage = { data: [], has_more: false };

function toBatch(id: string, changes: Partial<Batch> = {}): Batch {
  return { id, status: 'validating', ...changes, record: { id } };
}

/** What a create sends. */
async function sent(): Promise<{ readonly body: object; readonly key: string }> {
  const createBatch = vi.fn<OpenAIClient['createBatch']>(async () => toBatch('batch_1'));
  await new Harness({ client: { createBatch, batches: async () => nothing } }).create(asked);
  const [[body, { key }] = [{}, { key: '' }]] = createBatch.mock.calls;
  return { body, key };
}

describe('OA6: a batch', () => {
  test('carries its key in metadata and header, and is read and linked by its id', async () => {
    const { body, key } = await sent();
    expect(body).toMatchObject({
      input_file_id: 'file-abc123',
      endpoint: '/v1/chat/completions',
      completion_window: '24h',
      metadata: { flyte_request: key },
    });
  });

  test('that is there already is adopted, not made again', async () => {
    const { key } = await sent();
    const batches = vi.fn<OpenAIClient['batches']>(async () => ({
      data: [toBatch('batch_0'), toBatch('batch_9', { metadata: { flyte_request: key } })],
      has_more: false,
    }));
    expect(await new Harness({ client: { batches } }).create(asked)).toContain('"batchId":"batch_9"');
  });

  test('C3: of another attempt is not adopted', async () => {
    const other = { metadata: { flyte_request: 'f'.repeat(32) } };
    const client = {
      batches: async () => ({ data: [toBatch('batch_9', other)], has_more: false }),
      createBatch: async () => toBatch('batch_1'),
    };
    expect(await new Harness({ client }).create(asked)).toContain('"batchId":"batch_1"');
  });

  test('is looked for on three pages', async () => {
    const batches = vi.fn<OpenAIClient['batches']>(async (after) => ({ data: [toBatch(`${after ?? ''}x`)], has_more: true }));
    await new Harness({ client: { batches, createBatch: async () => toBatch('batch_1') } }).create(asked);
    expect(batches.mock.calls.map(([after]) => after)).toEqual([undefined, 'x', 'xx']);
  });

  test('C15: is made again when the service itself says that it failed, and looked for before that', async () => {
    const batches = vi.fn<OpenAIClient['batches']>(async () => nothing);
    const createBatch = vi.fn<OpenAIClient['createBatch']>(async () => toBatch('batch_1'));
    createBatch.mockRejectedValueOnce(refusal(500, 'server_error'));
    expect(await new Harness({ client: { batches, createBatch } }).create(asked)).toContain('"batchId":"batch_1"');
    expect([batches.mock.calls.length, createBatch.mock.calls.length]).toEqual([2, 2]);
  });

  test('C15: that cannot be looked for is not made', async () => {
    const batches = vi.fn<() => Promise<BatchPage>>().mockRejectedValue(refusal(429, 'rate_limit_exceeded', 60_000));
    await expect(new Harness({ client: { batches } }).create(asked)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('whose metadata is full is warned of: it cannot be found again', async () => {
    const metadata = Object.fromEntries(Array.from({ length: 16 }, (_, index) => [`k${index}`, 'v']));
    const harness = new Harness({ client: { batches: async () => nothing, createBatch: async () => toBatch('batch_1') } });
    await harness.create({ ...asked, settings: { metadata } });
    expect(harness.logger.lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { message: expect.stringContaining('cannot be found again') },
    ]);
  });
});

/** Starts a batch and aborts it, while it is in these states one after the other. */
async function aborted(states: readonly string[], cancelBatch: OpenAIClient['cancelBatch']): Promise<void> {
  let asks = 0;
  const batch = async () => toBatch('batch_1', { status: states[Math.min(asks++, states.length - 1)] ?? '' });
  const harness = new Harness({
    client: { batches: async () => nothing, createBatch: async () => toBatch('batch_1'), batch, cancelBatch },
  });
  await harness.delete(await harness.create(asked), asked);
}

describe('OA5: an abort', () => {
  test.each([
    ['validating', 1],
    ['in_progress', 1],
    ['finalizing', 1],
    ['cancelling', 0],
    ['completed', 0],
    ['failed', 0],
    ['expired', 0],
    ['cancelled', 0],
  ])('C4: of a batch that is %s cancels it %i times', async (status, times) => {
    const cancelBatch = vi.fn<OpenAIClient['cancelBatch']>(async () => {});
    await aborted([status], cancelBatch);
    expect(cancelBatch).toHaveBeenCalledTimes(times);
  });

  test.each([400, 409])('C4: of a batch that ends meanwhile (%i) is done', async (status) => {
    const cancelBatch = vi.fn<() => Promise<void>>().mockRejectedValue(refusal(status, 'invalid_request_error'));
    await aborted(['finalizing', 'completed'], cancelBatch);
    expect(cancelBatch).toHaveBeenCalledTimes(1);
  });

  test('of a batch that goes on although it was cancelled is no success', async () => {
    const cancelBatch = vi.fn<() => Promise<void>>().mockRejectedValue(refusal(503, 'server_error'));
    await expect(aborted(['in_progress'], cancelBatch)).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });
});

test('C6: a reference that a Python agent pickled is told as what it is, and never read', async () => {
  const pickled = Uint8Array.from([0x80, 0x05, 0x95, 0x41]);
  const harness = new Harness();
  expect(await harness.get(pickled, asked)).toMatchObject({
    phase: 'FAILED',
    message: expect.stringContaining('a Python agent pickled it'),
  });
  await expect(harness.delete(pickled, asked)).resolves.toBeUndefined();
  expect(harness.accesses).toEqual([]);
});

test('R1: a reference that this version wrote is read by all that follow', async () => {
  const stored = {
    v: 1,
    type: 'openai-batch',
    project: 'flytesnacks',
    domain: 'development',
    key: '0123456789abcdef0123456789abcdef',
    at: 1_767_225_600_000,
    ref: { organization: 'org-123', baseUrl: null, batchId: 'batch_abc' },
  };
  const harness = new Harness({ client: { batch: async (id) => toBatch(id, { status: 'in_progress' }) } });
  expect(await harness.get(JSON.stringify(stored), asked)).toMatchObject({
    phase: 'RUNNING',
    links: [{ name: 'OpenAI', uri: 'https://platform.openai.com/batches/batch_abc' }],
  });
  expect(harness.accesses).toMatchObject([{ organization: 'org-123' }]);
  const response = { organization: null, baseUrl: null, responseId: 'resp_1', outputs: { o0: 'STRING' }, hasLimit: false, attempt: 0 };
  const other = new Harness({ client: { response: async (id) => ({ id, status: 'in_progress' }) } });
  expect(await other.get(JSON.stringify({ ...stored, type: 'chatgpt', ref: response }))).toMatchObject({ phase: 'RUNNING' });
});
