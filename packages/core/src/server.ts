import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server as GrpcServer, ServerCredentials, type ServerOptions as GrpcOptions } from '@grpc/grpc-js';
import type { TlsFiles } from './certificates.ts';
import { Dispatcher } from './dispatcher/dispatcher.ts';
import type { WriteOutputs } from './dispatcher/outputs.ts';
import { createFetch } from './http/fetch.ts';
import type { FetchPolicy } from './http/guard.ts';
import { nodeHttp } from './http/node-http.ts';
import { createLogger, type Logger } from './logger.ts';
import { Metrics } from './metrics.ts';
import { unknownStates } from './phase.ts';
import { addFlyte1Services } from './protocol/flyte1/services.ts';
import { addFlyte2Services } from './protocol/flyte2/services.ts';
import { Health } from './protocol/health.ts';
import { encodeLiterals } from './protocol/literals.ts';
import { serviceNames } from './protocol/services.ts';
import { AgentRegistry, type AgentList } from './registry.ts';
import type { SecretSource } from './secrets.ts';
import type { SensorMapping } from './sensor-host.ts';
import { ObjectStore } from './store/store.ts';
import { FileCredentials } from './tls.ts';

/** What can be asked for in health checks: the server, every service, and what the Python servers have too. */
const healthNames = ['', 'grpc.health.v1.Health', ...serviceNames];

/** How long results may take to be written, in milliseconds. */
const writeLimitMs = 30_000;

/** How a server is to run, and what its agents may fetch from. */
export interface ServerOptions extends FetchPolicy {
  readonly agents: AgentList;
  /** Announce and serve only these task types. Default: all that the agents have. */
  readonly taskTypes?: readonly string[] | undefined;
  /** Python classes of sensors that no installed sensor claims, and which one is to take their tasks. Default: none. */
  readonly sensors?: readonly SensorMapping[] | undefined;
  /** The address to listen on. Default `0.0.0.0`: a pod's network is its own. */
  readonly host?: string | undefined;
  /** The port for gRPC; 0: any free one. Default 8000. */
  readonly port?: number | undefined;
  /** The port for Prometheus; 0: any free one, `undefined`: 9090. */
  readonly metricsPort?: number | undefined;
  /** The certificate that gRPC shows; replaced without a restart when the files are. Default: gRPC without TLS. */
  readonly tls?: TlsFiles | undefined;
  /** Whether gRPC clients may list the services and their messages. Default false: it takes some memory. */
  readonly reflection?: boolean | undefined;
  /** The largest request, in bytes. Default 64 MiB. */
  readonly maxRequestBytes?: number | undefined;
  /** How long a stop waits for calls that are under way, in milliseconds. Default 20 s. */
  readonly drainMs?: number | undefined;
  /** Where agents' secrets are. Default: this process's environment, and the files that it names. */
  readonly secrets?: SecretSource | undefined;
  /** Tells apart installations that share outside accounts. Default: none. */
  readonly instance?: string | undefined;
  /**
   * Where results may be written and where other objects may be read: `s3://bucket/prefix`, `gs://bucket/prefix`,
   * `abfs://container@account.dfs.core.windows.net/prefix`, folders of this machine. Default: nowhere.
   */
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
  /** Where `/metrics` and `/healthz` are. */
  readonly metricsPort: number;
  /** Says NOT_SERVING, takes no new connections, finishes the calls that are under way or cuts them off at the end of the time, then ends. */
  stop(): Promise<void>;
}

/**
 * Starts a server for both protocols. Ready without any credential: secrets and services are first asked for by a task.
 *
 * @throws Error when two agents claim a task type, a port is taken, the certificate cannot be used, or a root of the store or a host or port to fetch from is wrong
 */
export async function startServer(options: ServerOptions): Promise<AgentServer> {
  const { host = '0.0.0.0', port = 8000, metricsPort = 9090, reflection = false, drainMs = 20_000, logger = createLogger() } = options;
  const registry = new AgentRegistry(options.agents, options.taskTypes, options.sensors);
  const metrics = new Metrics();
  const { instance, unreachableAfterMs } = options;
  const store =
    options.storeRoots === undefined || options.storeRoots.length === 0 ? undefined : new ObjectStore({ roots: options.storeRoots });
  const dispatcher = new Dispatcher({
    registry,
    logger,
    metrics,
    fetch: createFetch(options),
    instance,
    secrets: options.secrets,
    unreachableAfterMs,
    store,
    writeOutputs: outputWriter(store),
  });
  const server = new GrpcServer(grpcOptions(options.maxRequestBytes));
  addFlyte1Services(server, dispatcher);
  addFlyte2Services(server, dispatcher);
  const health = new Health(healthNames);
  health.addTo(server);
  // Its library takes time and memory that few servers need to spend.
  if (reflection) (await import('./protocol/reflection.ts')).addReflection(server);
  await registry.prepare(logger);
  let isServing = false;
  const http = await listenHttp(metrics, () => isServing, { host, port: metricsPort });
  const ends = [countUnknownStates(metrics, logger), metrics.watchProcess()];
  try {
    let credentials = ServerCredentials.createInsecure();
    if (options.tls !== undefined) {
      const files = await FileCredentials.open(options.tls, { logger, metrics });
      ends.push(() => files.close());
      credentials = files;
    }
    const bound = await bind(server, `${host.includes(':') ? `[${host}]` : host}:${port}`, credentials);
    isServing = true;
    logger.info({ port: bound, metricsPort: portOf(http) }, 'serving');
    return { registry, port: bound, metricsPort: portOf(http), stop: once(stop) };
  } catch (error) {
    http.close();
    for (const end of ends) end();
    throw error;
  }

  async function stop(): Promise<void> {
    isServing = false;
    health.stop();
    logger.info({}, 'stopping: finishing the calls that are under way');
    const inTime = await drained(server, drainMs);
    if (!inTime) logger.warn({ drainMs }, 'some calls did not end in time and were cut off');
    http.closeAllConnections();
    await new Promise((resolve) => {
      http.close(resolve);
    });
    for (const end of ends) end();
    logger.info({}, 'stopped');
  }
}

function outputWriter(store: ObjectStore | undefined): WriteOutputs | undefined {
  return (
    store &&
    ((outputPrefix, outputs) => store.write(`${outputPrefix}/outputs.pb`, encodeLiterals(outputs), AbortSignal.timeout(writeLimitMs)))
  );
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

async function bind(server: GrpcServer, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
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

async function listenHttp(
  metrics: Metrics,
  isServing: () => boolean,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<HttpServer> {
  const server = nodeHttp.createServer((request, response) => {
    if (request.url === '/healthz') {
      response.writeHead(isServing() ? 200 : 503).end();
      return;
    }
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
