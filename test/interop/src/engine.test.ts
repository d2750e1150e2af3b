import { createLogger, startServer, type AgentServer } from '@flyte-agents/core';
import { installTimeoutMs, requirement } from '@flyte-agents/test-upstreams';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acceptanceCases } from './accept.ts';
import { buildPropellerDrive, drive } from './propeller.ts';
import { FlakyAgent, testAgents } from './test-agents.ts';

const go = requirement('go');
const outputs = { outputs: { variables: { o0: { type: { simple: 'INTEGER' } } } } };
const asyncTask = { type: 'interop_async', custom: { seconds: 0.5 }, interface: outputs };
const text = { variables: { text: { type: { simple: 'STRING' } } } };
const syncTask = {
  type: 'interop_sync',
  custom: {},
  interface: { inputs: text, outputs: { variables: { o0: { type: { simple: 'STRING' } } } } },
};
const syncInputs = { literals: { text: { scalar: { primitive: { stringValue: 'hello' } } } } };

describe.skipIf(!go.available)(`the plugin of Flyte 1.16.8's engine${go.note}`, () => {
  let binary: string;
  let server: AgentServer;
  let endpoint: string;
  const flaky = new FlakyAgent();
  beforeAll(async () => {
    binary = await buildPropellerDrive();
    const logger = createLogger({ level: 'error' });
    server = await startServer({ agents: [...testAgents, flaky], host: '127.0.0.1', port: 0, metricsPort: 0, logger });
    endpoint = `127.0.0.1:${server.port}`;
  }, installTimeoutMs);
  afterAll(async () => server.stop());

  describe('runs an async task', () => {
    acceptanceCases({ subject: () => ({ binary, endpoint, task: asyncTask }) });

    test('C20: its outputs keep all 64 bits', { timeout: 60_000 }, async () => {
      const report = await drive(binary, { endpoint, task: asyncTask });
      expect(report.executions?.[0]?.attempts[0]?.outputs).toEqual({
        literals: { o0: { scalar: { primitive: { integer: '9007199254740993' } } } },
      });
    });

    test('C20: the deprecated agent-service plugin runs it too', { timeout: 60_000 }, async () => {
      const report = await drive(binary, { endpoint, task: asyncTask, flags: ['--plugin', 'agent'] });
      expect(report).toMatchObject({ ok: true, task_type_announced: true });
    });
  });

  describe('runs a sync task', () => {
    acceptanceCases({ sync: true, subject: () => ({ binary, endpoint, task: syncTask, inputs: syncInputs }) });

    test('C20: its outputs are in the one answer', { timeout: 60_000 }, async () => {
      const report = await drive(binary, { endpoint, task: syncTask, inputs: syncInputs });
      expect(report.executions?.[0]?.attempts[0]?.outputs).toEqual({
        literals: { o0: { scalar: { primitive: { stringValue: 'hello' } } } },
      });
    });
  });

  describe('meets a service that fails', () => {
    const task = { ...asyncTask, type: 'interop_flaky' };

    test('R3: six scattered faults, which would freeze a task if they were errors, do not touch it', { timeout: 180_000 }, async () => {
      flaky.failingPolls = 6;
      const report = await drive(binary, { endpoint, task, flags: ['--timeout', '150s', '--no-messages'] });
      expect(flaky.failingPolls).toBe(0);
      expect(report).toMatchObject({ ok: true });
      expect(report.rpc_summary?.['GetTask OK']).toBeGreaterThanOrEqual(12);
      expect(Object.keys(report.rpc_summary ?? {}).filter((call) => !call.endsWith(' OK'))).toEqual([]);
    });

    test('R2, C31: a create whose answer is lost leaves no orphan: the next attempt cancels its job', { timeout: 60_000 }, async () => {
      flaky.jobs.clear();
      const flags = ['--max-attempts', '2', '--fault', 'CreateTask:1:UNAVAILABLE:after'];
      const report = await drive(binary, { endpoint, task, flags });
      expect(report.executions?.[0]?.attempts.map(({ final_phase: phase }) => phase)).toEqual(['RetryableFailure', 'Success']);
      expect([...flaky.jobs.values()]).toEqual([false, true]);
    });
  });
});
