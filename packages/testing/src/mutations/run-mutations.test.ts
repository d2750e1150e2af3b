import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  createLogger,
  startServer,
  type AgentContext,
  type AgentServer,
  type LogPage,
  type LogRequest,
  type MetricSeries,
  type MetricsRequest,
} from '@flyte-agents/core';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { AsyncAgentService, type GetTaskResponseSchema } from '@flyte-agents/proto/flyte1';
import { addService } from '@flyte-agents/proto/grpc';
import { Server, ServerCredentials, status, type sendUnaryData } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FlagWorld } from '../__fixtures__/flag-sensor.ts';
import { rethrow } from '../__fixtures__/service-error.ts';
import { SumWorld } from '../__fixtures__/sum-agent.ts';
import { TokenAgent, TokenWorld, type QueryRef } from '../__fixtures__/token-agent.ts';
import { FakeEngine } from '../engine/fake-engine.ts';
import { grpcEndpoint } from '../engine/grpc.ts';
import type { Path, TestTask } from '../task.ts';
import type { World } from '../world.ts';
import { runMutations } from './run-mutations.ts';

/** Millions are a long job: `pnpm test:mutations`. */
const count = Number(process.env['FLYTE_AGENTS_MUTATIONS'] ?? 20_000);
const batch = 2500;
/** What may be kept for good: caches that are full, and what the engine under the test needs, in bytes. */
const largestGrowth = 64 * 2 ** 20;
/** A job that is not found is looked for again after half a second; the rest is a busy machine. */
const slowestMs = 5000;

/** It has logs and metrics, too. */
class ReportingAgent extends TokenAgent {
  override async *getLogs({ id }: QueryRef, { lines, token }: LogRequest, { signal }: AgentContext): AsyncIterable<LogPage> {
    const { state } = await this.client.describe(id, signal).catch(rethrow(`query ${id}: log`));
    yield { lines: [{ message: `${state} ${lines} ${token}\n` }], nextToken: token === '' ? '1' : undefined };
  }

  override async getMetrics(
    { id }: QueryRef,
    { queries, start }: MetricsRequest,
    { signal }: AgentContext,
  ): Promise<readonly MetricSeries[]> {
    const { rows } = await this.client.describe(id, signal).catch(rethrow(`query ${id}: metrics`));
    return queries.map((metric) => ({ metric, data: { rows, start: String(start?.seconds) } }));
  }
}

class ReportingWorld extends TokenWorld {
  override agent(): TokenAgent {
    return new ReportingAgent(this.client());
  }
}

const worlds = { query: new ReportingWorld(), sum: new SumWorld(), flag: new FlagWorld() };
const query: TestTask = { type: 'token_query', custom: { query: 'select 1' }, outputs: { rows: { kind: 'integer', value: 3n } } };
const sum: TestTask = {
  type: 'sum',
  inputs: { a: { kind: 'integer', value: 1n }, b: { kind: 'integer', value: 2n } },
  outputs: { o0: { kind: 'integer', value: 3n } },
};
const flag: TestTask = { type: 'sensor', custom: { sensor_config: { kind: 'flag', flag: 'green' } } };
const kinds: readonly (readonly [TestTask, Path])[] = [
  [query, 'flyte1'],
  [query, 'flyte2'],
  [sum, 'flyte1'],
  [sum, 'flyte1-sync'],
  [sum, 'flyte2'],
  [flag, 'flyte1'],
  [flag, 'flyte2'],
];

describe('R3, R5, C14: damaged requests and references', () => {
  let server: AgentServer;
  let address: string;

  beforeAll(async () => {
    const agents = Object.values(worlds).map((world: World) => world.agent());
    const logger = createLogger({ level: 'debug', destination: { write: () => {} } });
    server = await startServer({ agents, logger, host: '127.0.0.1', port: 0, metricsPort: 0 });
    address = `127.0.0.1:${server.port}`;
  });
  afterAll(() => server.stop());

  test(
    `${count} of them neither crash the server nor hang it nor fill its memory`,
    async () => {
      const before = memory();
      const codes: Record<string, number> = {};
      let [sent, slowest, settled] = [0, 0, before.heap];
      for (let seed = 1; seed <= count / batch; seed++) {
        const [task, path] = kinds[seed % kinds.length] ?? [query, 'flyte1'];
        const summary = await runMutations({ address, task, path, count: batch, seed });
        sent += summary.requests;
        slowest = Math.max(slowest, summary.slowestMs);
        for (const [code, times] of Object.entries(summary.codes)) codes[code] = (codes[code] ?? 0) + times;
        for (const world of Object.values(worlds)) world.empty();
        // By then, every cache has been filled.
        if (seed * batch <= count / 4) settled = memory().heap;
      }
      const after = memory();
      if (count > 20_000) console.info({ sent, slowest, codes, before, settled, after });
      // Fewer when a single one is sent again.
      expect(codes['OK'] ?? 0).toBeGreaterThan((sent - batch) / 4);
      expect(slowest).toBeLessThan(slowestMs);
      expect(after.heap - settled).toBeLessThan(largestGrowth);
    },
    60_000 + 5 * count,
  );

  test.each(kinds.map(([task, path]) => ({ task, path, type: task.type })))(
    'afterwards, $type runs to its end over $path',
    async ({ task, path }) => {
      const engine = new FakeEngine({ path, endpoints: [grpcEndpoint(address, path)], resyncMs: 10 });
      const running = engine.start(task);
      const finishing = setInterval(() => Object.values(worlds).forEach((world) => world.finish()), 5);
      const { phase, message, outputs } = await running.end.finally(() => clearInterval(finishing));
      engine.close();
      expect({ phase, message, outputs: Object.fromEntries(outputs ?? []) }).toEqual({
        phase: 'SUCCEEDED',
        message: expect.any(String),
        outputs: task.outputs ?? {},
      });
    },
  );
});

describe('is noticed: a server that', () => {
  test.each<[string, (callback: sendUnaryData<MessageInitShape<typeof GetTaskResponseSchema>>) => void, string]>([
    ['answers a poll with an error', (callback) => callback({ code: status.UNAVAILABLE, details: 'later' }), 'UNAVAILABLE: later'],
    ['has no phase', (callback) => callback(null, { resource: { message: 'running' } }), 'phase 0'],
    ['talks too much', (callback) => callback(null, { resource: { phase: 3, message: 'x'.repeat(5000) } }), 'a message of 5000 bytes'],
    ['has nothing to say', (callback) => callback(null, {}), 'phase 0'],
  ])('%s', async (_what, getTask, problem) => {
    const server = new Server();
    addService(server, AsyncAgentService, {
      createTask: (_call, callback) => callback(null, { resourceMeta: Buffer.from('{"v":1}') }),
      getTask: (_call, callback) => getTask(callback),
      deleteTask: (_call, callback) => callback(null, {}),
      getTaskMetrics: (_call, callback) => callback(null, {}),
      getTaskLogs: (call) => call.end(),
    });
    const port = await new Promise<number>((resolve, reject) => {
      server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      );
    });
    const address = `127.0.0.1:${port}`;
    await expect(runMutations({ address, task: query, path: 'flyte1', count: 100 })).rejects.toThrow(`GetTask was answered ${problem}`);
    server.forceShutdown();
  });
});

/** What is in use once everything that can be freed is freed, in bytes. */
function memory(): { readonly heap: number; readonly rss: number } {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  return { heap: heapUsed + external, rss };
}
