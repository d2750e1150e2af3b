import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { addProcessMetrics } from './process-metrics.ts';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

function watched(): Registry {
  const registry = new Registry();
  stops.push(addProcessMetrics(registry));
  return registry;
}

async function values(registry: Registry): Promise<Readonly<Record<string, number>>> {
  const lines = (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.split(' ')[0], Number(line.split(' ')[1])]));
}

function hold(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('OP6: the lag of the event loop', () => {
  test('is the time by which it was late, at its most and in percentiles', async () => {
    const registry = watched();
    await sleep(60);
    hold(200);
    await sleep(60);
    const { nodejs_eventloop_lag_max_seconds: max, nodejs_eventloop_lag_p99_seconds: p99, ...rest } = await values(registry);
    expect(max).toBeGreaterThan(0.15);
    expect(p99).toBeGreaterThan(0.15);
    expect(rest['nodejs_eventloop_lag_mean_seconds']).toBeGreaterThan(0);
    expect(rest['nodejs_eventloop_lag_p50_seconds']).toBeLessThan(0.15);
  });

  test('is not the interval between two looks', async () => {
    const registry = watched();
    const delay = monitorEventLoopDelay({ resolution: 20 });
    delay.enable();
    await sleep(300);
    const { nodejs_eventloop_lag_mean_seconds: mean = NaN } = await values(registry);
    delay.disable();
    expect(Math.abs(delay.mean / 1e9 - mean - 0.02)).toBeLessThan(0.01);
  });

  test('is counted anew after every scrape, and is 0 before the first look', async () => {
    const registry = watched();
    await sleep(60);
    hold(200);
    await sleep(60);
    await values(registry);
    const figures = Object.entries(await values(registry)).filter(([name]) => name.startsWith('nodejs_eventloop_lag_'));
    expect(Object.fromEntries(figures)).toEqual(
      Object.fromEntries(['mean', 'p50', 'p90', 'p99', 'max'].map((figure) => [`nodejs_eventloop_lag_${figure}_seconds`, 0])),
    );
  });

  test('is no longer looked at once it is stopped', async () => {
    const registry = new Registry();
    addProcessMetrics(registry)();
    await sleep(60);
    hold(200);
    await sleep(60);
    expect(await values(registry)).toMatchObject({ nodejs_eventloop_lag_max_seconds: 0 });
  });
});

describe('C18: what the process uses', () => {
  test('is there under prom-client’s names', async () => {
    const before = process.cpuUsage();
    const figures = await values(watched());
    expect(figures).toMatchObject({
      process_resident_memory_bytes: expect.any(Number),
      nodejs_heap_size_total_bytes: expect.any(Number),
      nodejs_heap_size_used_bytes: expect.any(Number),
      nodejs_external_memory_bytes: expect.any(Number),
    });
    expect(figures['process_resident_memory_bytes']).toBeGreaterThan(figures['nodejs_heap_size_used_bytes'] ?? NaN);
    expect(figures['process_cpu_user_seconds_total']).toBeGreaterThanOrEqual(before.user / 1e6);
    expect(figures['process_cpu_system_seconds_total']).toBeGreaterThanOrEqual(before.system / 1e6);
    expect(figures['process_cpu_seconds_total']).toBeGreaterThanOrEqual((before.user + before.system) / 1e6);
    expect(Math.abs((figures['process_start_time_seconds'] ?? 0) - (Date.now() / 1000 - process.uptime()))).toBeLessThan(60);
  });

  test('is the same kind of metric as there: CPU time is a counter that is not added up twice', async () => {
    const registry = watched();
    expect(await registry.metrics()).toContain('# TYPE process_cpu_seconds_total counter');
    const first = (await values(registry))['process_cpu_seconds_total'] ?? NaN;
    const { user, system } = process.cpuUsage();
    expect(first).toBeLessThanOrEqual((user + system) / 1e6);
  });
});
