import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';

/** How often the event loop is looked at, in milliseconds: rarely enough to cost nothing. */
const resolutionMs = 20;

/**
 * Adds what the process uses, and how late its event loop is, under the names that prom-client's own metrics have. Not those
 * themselves: they watch every garbage collection, cannot be stopped, and count the interval between two looks as lateness.
 *
 * @returns stops looking at the event loop
 */
export function addProcessMetrics(registry: Registry): () => void {
  const counter = (name: string, help: string, seconds: () => number): void => {
    const collect = function (this: Counter): void {
      this.reset();
      this.inc(seconds());
    };
    registry.registerMetric(new Counter({ name, help, collect, registers: [] }));
  };
  const gauge = (name: string, help: string, value: () => number): void => {
    const collect = function (this: Gauge): void {
      this.set(value());
    };
    registry.registerMetric(new Gauge({ name, help, collect, registers: [] }));
  };

  counter('process_cpu_user_seconds_total', 'Total user CPU time spent in seconds', () => process.cpuUsage().user / 1e6);
  counter('process_cpu_system_seconds_total', 'Total system CPU time spent in seconds', () => process.cpuUsage().system / 1e6);
  counter('process_cpu_seconds_total', 'Total user and system CPU time spent in seconds', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  const startedAt = Math.round(performance.timeOrigin / 1000);
  gauge('process_start_time_seconds', 'Start time of the process since the Unix epoch in seconds', () => startedAt);
  gauge('process_resident_memory_bytes', 'Resident memory size in bytes', () => process.memoryUsage.rss());
  gauge('nodejs_heap_size_total_bytes', 'Size of the JavaScript heap in bytes', () => process.memoryUsage().heapTotal);
  gauge('nodejs_heap_size_used_bytes', 'Used size of the JavaScript heap in bytes', () => process.memoryUsage().heapUsed);
  gauge(
    'nodejs_external_memory_bytes',
    'Memory outside the heap that JavaScript objects hold, in bytes',
    () => process.memoryUsage().external,
  );

  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  const lag = (figure: string, nanoseconds: () => number): void => {
    const help = `How late the event loop was since the last scrape, in seconds: ${figure}`;
    const seconds = (): number => (delay.count === 0 ? 0 : Math.max(0, nanoseconds() / 1e9 - resolutionMs / 1000));
    gauge(`nodejs_eventloop_lag_${figure}_seconds`, help, seconds);
  };
  lag('mean', () => delay.mean);
  lag('p50', () => delay.percentile(50));
  lag('p90', () => delay.percentile(90));
  lag('p99', () => delay.percentile(99));
  // Read last: what follows belongs to the next scrape.
  lag('max', () => {
    const { max } = delay;
    delay.reset();
    return max;
  });
  return () => {
    delay.disable();
  };
}
