import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server as GrpcServer, ServerCredentials, type ServerOptions as GrpcOptions } from '@grpc/grpc-js';
import { Dispatcher } from './dispatcher/dispatcher.ts';
import type { WriteOutputs } from './dispatcher/outputs.ts';
import { createLogger, type Logger } from './logger.ts';
import { Metrics } from './metrics.ts';
import { unknownStates } from './phase.ts';
import { addFlyte1Services } from './protocol/flyte1/services.ts';
import { addFlyte2Services } from './protocol/flyte2/services.ts';
import { Health } from './protocol/health.ts';
import { encodeLiterals } from './protocol/literals.ts';
import { serviceNames } from './protocol/services.ts';
import { AgentRegistry, type AgentList } from './registry.ts';
import { FileStore } from './store.ts';

/** What can be asked for in health checks: the server, every service, and what the Python servers have too. */
const healthNames = ['', 'grpc.health.v1.Health', ...serviceNames];

/** How a server is to run. */
export interface ServerOptions {
  readonly agents: AgentList;
  /** Announce and serve only these task types. Default: all that the agents have. */
  readonly taskTypes?: readonly string[] | undefined;
  /** The address to listen on. Default `0.0.0.0`: a pod's network is its own. */
  readonly host?: string | undefined;
  /** The port for gRPC; 0: any free one. Default 8000. */
  readonly port?: number | undefined;
  /** The port for Prometheus; 0: any free one, `undefined`: 9090. */
  readonly metricsPort?: number | undefined;
  /** Whether gRPC clients may list the services and their messages. Default false: it takes some memory. */
  readonly reflection?: boolean | undefined;
  /** The largest request, in bytes. Default 64 MiB. */
  readonly maxRequestBytes?: number | undefined;
  /** How long a stop waits for calls that are under way, in milliseconds. Default 20 s. */
  readonly drainMs?: number | undefined;
  /** Tells apart installations that share outside accounts. Default: none. */
  readonly instance?: string | undefined;
  /** Folders of this machine that results may be written to, for output prefixes that are `file://` URLs. Default: none. */
  readonly storeRoots?: readonly string[] | undefined;
  /** For how long a fault that does not pass by itself is borne before a task fails, in milliseconds. Default: one hour. */
  readonly unreachableAfterMs?: number | undefined;
  readonly logger?: Logger | undefined;
}

/** A server that is ready. */
export interface AgentServer {
  readonly registry: AgentRegistry;
  /** Where gRPC listens. */
  readonly port: number;
  /** Where `/metrics` is. */
  readonly metricsPort: number;
  /** Says NOT_SERVING, takes no new connections, finishes the calls that are under way or cuts them off at the end of the time, then ends. */
  stop(): Promise<void>;
}

/**
 * Starts a server for both protocols. Ready without any credential: secrets and services are first asked for by a task.
 *
 * @throws Error when two agents claim a task type or a port is taken
 */
export async function startServer(options: ServerOptions): Promise<AgentServer> {
  const { host = '0.0.0.0', port = 8000, metricsPort = 9090, reflection = false, drainMs = 20_000, logger = createLogger() } = options;
  const registry = new AgentRegistry(options.agents, options.taskTypes);
  const metrics = new Metrics();
  const { instance, unreachableAfterMs } = options;
  const dispatcher = new Dispatcher({
    registry,
    logger,
    metrics,
    instance,
    unreachableAfterMs,
    writeOutputs: outputWriter(options.storeRoots),
  });
  const server = new GrpcServer(grpcOptions(options.maxRequestBytes));
  addFlyte1Services(server, dispatcher);
  addFlyte2Services(server, dispatcher);
  const health = new Health(healthNames);
  health.addTo(server);
  // Its library takes time and memory that few servers need to spend.
  if (reflection) (await import('./protocol/reflection.ts')).addReflection(server);
  await registry.prepare(logger);
  const http = await listenHttp(metrics, host, metricsPort);
  const stopCounting = countUnknownStates(metrics, logger);
  try {
    const bound = await bind(server, `${host.includes(':') ? `[${host}]` : host}:${port}`);
    logger.info({ port: bound, metricsPort: portOf(http) }, 'serving');
    return { registry, port: bound, metricsPort: portOf(http), stop: once(stop) };
  } catch (error) {
    http.close();
    stopCounting();
    throw error;
  }

  async function stop(): Promise<void> {
    health.stop();
    logger.info({}, 'stopping: finishing the calls that are under way');
    const inTime = await drained(server, drainMs);
    if (!inTime) logger.warn({ drainMs }, 'some calls did not end in time and were cut off');
    http.closeAllConnections();
    await new Promise((resolve) => {
      http.close(resolve);
    });
    stopCounting();
    logger.info({}, 'stopped');
  }
}

function outputWriter(roots: readonly string[] = []): WriteOutputs | undefined {
  if (roots.length === 0) return undefined;
  const store = new FileStore(roots);
  return (outputPrefix, outputs) => store.write(`${outputPrefix}/outputs.pb`, encodeLiterals(outputs));
}

/** Measured: without a limit of concurrent streams, 500 slow polls on one connection run four times faster. */
function grpcOptions(maxRequestBytes: number = 64 * 1024 * 1024): GrpcOptions {
  return {
    'grpc.max_receive_message_length': maxRequestBytes,
    // Flyte 2 pings every 30 s while calls are active.
    'grpc.keepalive_time_ms': 45_000,
    'grpc.keepalive_timeout_ms': 20_000,
    // Connections end now and then, so that clients find new replicas.
    'grpc.max_connection_age_ms': 7 * 60_000,
    'grpc.max_connection_age_grace_ms': 30_000,
  };
}

async function bind(server: GrpcServer, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => (error === null ? resolve(port) : reject(error)));
  });
}

async function drained(server: GrpcServer, drainMs: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => {
    server.forceShutdown();
    resolve(false);
  }, drainMs);
  server.tryShutdown(() => resolve(true));
  const inTime = await promise;
  clearTimeout(timer);
  return inTime;
}

async function listenHttp(metrics: Metrics, host: string, port: number): Promise<HttpServer> {
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') {
      response.writeHead(404).end('see /metrics\n');
      return;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return server;
}

function portOf(server: HttpServer): number {
  // A listening TCP server's address is never a path.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return (server.address() as AddressInfo).port;
}

/** One warning for each unknown state, a count for every answer. */
function countUnknownStates(metrics: Metrics, logger: Logger): () => void {
  const seen = new Set<string>();
  const onState = (message: unknown): void => {
    metrics.unknownState();
    const state = JSON.stringify(message);
    if (seen.has(state) || seen.size >= 1000) return;
    seen.add(state);
    logger.warn({ unknown: message }, 'a service answered a state that no table knows');
  };
  unknownStates.subscribe(onState);
  return () => unknownStates.unsubscribe(onState);
}

function once(work: () => Promise<void>): () => Promise<void> {
  let started: Promise<void> | undefined;
  return () => (started ??= work());
}
