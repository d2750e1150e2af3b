import { describe, expect, test } from 'vitest';
import { LookupWorld } from '../__fixtures__/lookup-agent.ts';
import { SumWorld } from '../__fixtures__/sum-agent.ts';
import { TokenWorld } from '../__fixtures__/token-agent.ts';
import { runSchedules } from './run-schedules.ts';
import { toSentence } from './schedule.ts';
import { generate } from './generate.ts';
import { shrink } from './shrink.ts';

const task = { type: 'token_query', custom: { query: 'select 1' } };

test('the same seed gives the same histories', async () => {
  const options = { world: () => new TokenWorld(), task, count: 50, seed: 9 };
  const summary = await runSchedules(options);
  expect(summary).toMatchObject({ schedules: 50 });
  expect(summary.calls).toBeGreaterThan(100);
  expect(await runSchedules(options)).toEqual(summary);
  expect(await runSchedules({ ...options, seed: 10 })).not.toEqual(summary);
});

test('R1–R10: an agent that looks jobs up may start a second one only when creates cross', async () => {
  const lookup = { world: () => new LookupWorld(), task: { type: 'lookup_batch', custom: { queue: 'q' } } };
  await expect(runSchedules({ ...lookup, guarantee: 'atLeastOnce', count: 300 })).resolves.toMatchObject({ schedules: 300 });
  await expect(runSchedules({ ...lookup, guarantee: 'once', count: 300 })).rejects.toThrow('R1: one attempt started');
});

test('every way of a sync agent is gone', async () => {
  const inputs = { a: { kind: 'integer', value: 1n }, b: { kind: 'integer', value: 2n } } as const;
  const sum = { world: () => new SumWorld(), task: { type: 'sum', inputs } };
  for (const path of ['flyte1', 'flyte1-sync', 'flyte2'] as const) {
    expect((await runSchedules({ ...sum, count: 50, paths: [path] })).jobs).toBeGreaterThan(30);
  }
});

/** With steps of every kind. */
const long = {
  ...generate(1, ['flyte1']),
  steps: Array.from({ length: 20 }, (_unused, seed) => generate(seed, ['flyte1']).steps).flat(),
};

describe('a schedule', () => {
  test('depends on its seed alone', () => {
    expect(generate(5, ['flyte1', 'flyte2'])).toEqual(generate(5, ['flyte1', 'flyte2']));
    expect(generate(5, ['flyte1', 'flyte2'])).not.toEqual(generate(6, ['flyte1', 'flyte2']));
  });

  test('reads as sentences', () => {
    const sentences = Array.from({ length: 50 }, (_unused, seed) => generate(seed, ['flyte1'])).flatMap(({ steps }) =>
      steps.map(toSentence),
    );
    expect(sentences.every((sentence) => sentence.length > 5 && !sentence.includes('undefined'))).toBe(true);
    expect(new Set(sentences.map((sentence) => sentence.split(' ')[0])).size).toBeGreaterThan(6);
  });

  test('that fails shrinks to what it fails of', async () => {
    const shortest = await shrink(long, async ({ steps }) => steps.some(({ kind }) => kind === 'poll'));
    expect(shortest.steps).toMatchObject([{ kind: 'poll', afterMs: 0 }]);
    expect(shortest.latencyMs).toBe(0);
  });

  test('that fails of two steps together keeps both', async () => {
    const needed = ['poll', 'fault'];
    const shortest = await shrink(long, async ({ steps }) => needed.every((kind) => steps.some((step) => step.kind === kind)));
    expect(shortest.steps.map(({ kind }) => kind).toSorted()).toEqual(['fault', 'poll']);
  });
});
