import { createLogger, startServer, type AgentServer } from '@flyte-agents/core';
import { installTimeoutMs, requirement } from '@flyte-agents/test-upstreams';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acceptanceCases } from './accept.ts';
import { buildPropellerDrive, drive } from './propeller.ts';
import { testAgents } from './test-agents.ts';

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
  beforeAll(async () => {
    binary = await buildPropellerDrive();
    const logger = createLogger({ level: 'error' });
    server = await startServer({ agents: testAgents, host: '127.0.0.1', port: 0, metricsPort: 0, logger });
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
});
