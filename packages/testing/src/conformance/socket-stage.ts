import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SecretSource, startServer, type AgentServer } from '@flyte-agents/core';
import type { Endpoint } from '../engine/endpoint.ts';
import { FakeEngine } from '../engine/fake-engine.ts';
import { grpcEndpoint } from '../engine/grpc.ts';
import { RecordingLogger } from '../recording-logger.ts';
import type { Stage, Subject } from './stage.ts';

const host = '127.0.0.1';
const resyncMs = 10;
const patienceMs = 10_000;

interface Served {
  readonly server: AgentServer;
  readonly endpoint: Endpoint;
}

/** A stage over sockets, in real time. */
export async function openSocketStage(subject: Subject): Promise<Stage> {
  const world = subject.world();
  const logger = new RecordingLogger();
  const folder = await mkdtemp(join(tmpdir(), 'flyte-agents-stage-'));
  const replicas = await Promise.all([serve(), serve()]);
  const endpoints = replicas.map((_replica, index) => current(() => replicas[index]?.endpoint ?? replicas[0].endpoint));
  const engine = new FakeEngine({ path: subject.path, endpoints, resyncMs, repeatMs: resyncMs, outputFolder: pathToFileURL(folder).href });
  return {
    subject,
    world,
    engine,
    endpoints,
    logger,
    start: ({ task = subject.task, ...options } = {}) => engine.start(task, options),
    async until(isSo, what) {
      for (const end = Date.now() + patienceMs; !isSo(); await pause(2)) {
        if (Date.now() >= end) throw new Error(`it never came to this: ${what}`);
      }
    },
    rounds: (count) => pause(count * resyncMs),
    done: (work) => inTime(work),
    async replace() {
      const old = [...replicas];
      for (const index of replicas.keys()) replicas[index] = await serve();
      await Promise.all(old.map(retire));
    },
    metrics: async () => (await Promise.all(replicas.map(metricsOf))).join('\n'),
    async close() {
      engine.close();
      await Promise.all(replicas.map(retire));
      await rm(folder, { recursive: true });
    },
  };

  async function serve(): Promise<Served> {
    const server = await startServer({
      agents: [world.agent()],
      secrets: new SecretSource(world.secrets, { files: false }),
      logger,
      host,
      port: 0,
      metricsPort: 0,
      drainMs: 500,
      storeRoots: [folder],
    });
    return { server, endpoint: grpcEndpoint(`${host}:${server.port}`, subject.path) };
  }
}

/** An address behind which servers come and go. */
function current(target: () => Endpoint): Endpoint {
  const { execute, address } = target();
  return {
    address,
    list: (options) => target().list(options),
    create: (requests, attempt, options) => target().create(requests, attempt, options),
    get: (task, options) => target().get(task, options),
    delete: (task, options) => target().delete(task, options),
    ...(execute && {
      execute: async (requests, attempt, options) => target().execute?.(requests, attempt, options),
    }),
    close: () => {},
  };
}

async function retire({ server, endpoint }: Served): Promise<void> {
  await server.stop();
  endpoint.close();
}

async function metricsOf({ server }: Served): Promise<string> {
  const response = await fetch(`http://${host}:${server.metricsPort}/metrics`);
  return response.text();
}

async function inTime<Value>(work: Promise<Value>): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not done within ${patienceMs} ms`)), patienceMs);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
