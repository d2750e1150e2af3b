import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, startServer, type AgentServer } from '@flyte-agents/core';
import { installTimeoutMs, requirement } from '@flyte-agents/test-upstreams';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildPropellerDrive, drive } from './propeller.ts';
import { testAgents } from './test-agents.ts';

const go = requirement('go');
const cli = join(import.meta.dirname, '../../../packages/cli/src/main.ts');
const all = join(import.meta.dirname, '../../../packages/all');
const canary = 'dns:///flyte-agents-next:8000';
const flags = ['--tasks', '6000', '--resync', '1m', '--take', 'sensor', '--canary', canary, '--canary-types', 'file_sensor'];

describe.skipIf(!go.available)(`OP8: what propeller-config prints, read by Propeller's own configuration code${go.note}`, () => {
  let binary: string;
  let server: AgentServer;
  let endpoint: string;
  const folder = mkdtempSync(join(tmpdir(), 'propeller-config-'));
  beforeAll(async () => {
    binary = await buildPropellerDrive();
    server = await startServer({
      agents: [...testAgents],
      host: '127.0.0.1',
      port: 0,
      metricsPort: 0,
      logger: createLogger({ level: 'error' }),
    });
    endpoint = `127.0.0.1:${server.port}`;
  }, installTimeoutMs);
  afterAll(async () => {
    await server.stop();
    rmSync(folder, { recursive: true });
  });

  function configOf(engine: string): string {
    const words = ['--conditions=@flyte-agents/source', cli, '--root', all, 'propeller-config', '--engine', engine, ...flags];
    const path = join(folder, `${engine}.yaml`);
    writeFileSync(path, execFileSync(process.execPath, words));
    return path;
  }

  const polling = { caching: { workers: 150, resyncInterval: '1m0s', maxSystemFailures: 5 }, readRateLimiter: { qps: 150, burst: 300 } };

  test('as connector-service: nothing is unknown, names keep their capitals, and a task runs under it', { timeout: 60_000 }, async () => {
    const task = { type: 'interop_async', custom: { seconds: 0.5 }, interface: {} };
    const report = await drive(binary, { endpoint, task, flags: ['--config', configOf('connector-service')] });
    expect(report).toMatchObject({
      ok: true,
      config: {
        task_plugins: {
          'enabled-plugins': ['container', 'sidecar', 'k8s-array', 'connector-service'],
          'default-for-task-types': { container: 'container', container_array: 'k8s-array', sensor: 'connector-service' },
        },
        connector_service: {
          webApi: polling,
          defaultConnector: {
            endpoint: 'dns:///flyte-agents.flyte.svc.cluster.local:8000',
            insecure: true,
            timeouts: { CreateTask: '10s', GetTask: '10s', DeleteTask: '10s', ExecuteTaskSync: '30s', ListConnectors: '3s' },
          },
          connectors: { canary: { endpoint: canary, timeouts: { GetTask: '10s' } } },
          connectorForTaskTypes: { file_sensor: 'canary' },
        },
      },
    });
  });

  test('as agent-service, by its older names', { timeout: 60_000 }, async () => {
    const report = await drive(binary, { endpoint, flags: ['--list', '--plugin', 'agent', '--config', configOf('agent-service')] });
    expect(report).toMatchObject({
      ok: true,
      config: {
        agent_service: {
          webApi: polling,
          defaultAgent: { timeouts: { CreateTask: '10s', ListAgents: '3s' } },
          agents: { canary: { endpoint: canary } },
          agentForTaskTypes: { file_sensor: 'canary' },
        },
      },
    });
  });

  test('for Flyte 2: every type is named', { timeout: 60_000 }, async () => {
    const report = await drive(binary, { endpoint, flags: ['--list', '--config', configOf('flyte2')] });
    expect(report.config).toMatchObject({ connector_service: { supportedTaskTypes: expect.arrayContaining(['sensor', 'file_sensor']) } });
  });

  test('C1: its retry policy takes a create that one replica cannot take to another try', { timeout: 60_000 }, async () => {
    const task = { type: 'interop_async', custom: { seconds: 0.5 }, interface: {} };
    const lost = ['--fault', 'CreateTask:1:UNAVAILABLE:after', '--config', configOf('connector-service')];
    const report = await drive(binary, { endpoint, task, flags: lost });
    expect(report).toMatchObject({ ok: true, executions: [{ attempts: [{ retry_attempt: 0, final_phase: 'Success' }] }] });
    expect(report.rpcs?.filter(({ method }) => method.endsWith('/CreateTask')).map(({ code }) => code)).toEqual(['Unavailable', 'OK']);
  });
});
