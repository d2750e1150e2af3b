import { expect, test } from 'vitest';
import { runBench } from './bench.ts';
import { percentile } from './figures.ts';
import { runSoak } from './soak.ts';
import { toSoakTable, toTable, toWatchedTable } from './table.ts';
import { runWatched } from './watched.ts';
import { watchedKinds } from './watched-jobs.ts';

// Needs the built packages: they are what is measured.
test('every scenario is answered by the server and by the echo', { timeout: 120_000 }, async () => {
  const figures = await runBench({ inFlight: 4, rounds: 1, share: 0.01, starts: 1, nodeFlags: ['--max-semi-space-size=4'] });
  const answered = figures.scenarios.map(({ name, server, echo }) => ({ name, errors: [server.firstError, echo?.firstError] }));
  expect(answered).toEqual(answered.map(({ name }) => ({ name, errors: [undefined, undefined] })));
  expect(figures.scenarios.length).toBeGreaterThanOrEqual(8);
  expect(figures.starts.map(({ name }) => name)).toEqual(['dummy agents', 'every agent']);
  for (const { name } of figures.scenarios) expect(toTable(figures)).toContain(name);
});

test('OP5: load leaves nothing behind in the server', { timeout: 120_000 }, async () => {
  // A few tasks over and over: what the server remembers of tasks is full at once.
  const figures = await runSoak({ rounds: 4, calls: 800, tasks: 500, inFlight: 16, nodeFlags: ['--max-semi-space-size=4'] });
  expect(figures.rounds.map(({ calls }) => calls)).toEqual([3200, 6400, 9600, 12_800]);
  // The heap goes up and down by 20 bytes a call; the least that could be left of one is a timer, a signal or a listener.
  expect(figures.keptPerCall).toBeLessThan(200);
  expect(toSoakTable(figures)).toContain('12800');
});

test('jobs of every service are created and watched through one server with every agent', { timeout: 120_000 }, async () => {
  const figures = await runWatched({ jobs: 30, everyMs: 1000, polls: 2, nodeFlags: [] });
  expect(figures.kinds.map(({ service, polls, firstError }) => ({ service, polls, firstError }))).toEqual(
    watchedKinds.map(({ service }) => ({ service, polls: 10, firstError: undefined })),
  );
  expect(Math.min(...figures.kinds.map(({ upstreamCalls }) => upstreamCalls))).toBeGreaterThan(0);
  expect(toWatchedTable(figures)).toContain('30 jobs, each polled every 1 s');
});

test('a percentile is the value below which its share of the values lies', () => {
  const values = Float64Array.from({ length: 100 }, (_, index) => 99 - index);
  expect([percentile(values, 0), percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)]).toEqual([0, 50, 99, 99]);
  expect(percentile(new Float64Array(), 0.5)).toBe(0);
});
