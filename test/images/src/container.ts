import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@flyte-agents/proto/client';
import { Health, HealthCheckResponse_ServingStatus as Status } from '@flyte-agents/proto/health';
import { finish, freePort, type Finished, type Podman } from '@flyte-agents/test-upstreams';

/** How long a server may take until it is ready, in milliseconds: much, for a machine with much to do. */
const startLimitMs = 60_000;

/** The memory that a container may take, in bytes: less than the 300 MiB that the stock charts give. */
export const memoryLimit: number = 256 * 1024 * 1024;

/** What is started. */
export interface ContainerOptions {
  readonly image: string;
  /** In place of the image's entrypoint, as `command` in Kubernetes. `$PORT` and `$METRICS_PORT` stand for ports. */
  readonly command?: readonly string[];
  /** After the entrypoint, as `args` in Kubernetes. */
  readonly words?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** A file on this machine that the container sees as `/probe.cjs`. */
  readonly probe?: string;
}

/** A server in a container. */
export interface Container {
  readonly name: string;
  /** `host:port` of gRPC. */
  readonly endpoint: string;
  readonly metricsUrl: string;
  /** The process that is the container's first, as this machine counts. */
  readonly pid: number;
  readonly logs: () => Promise<string>;
  /** Sends SIGTERM; what it ended with, and after how many seconds. It is killed when the charts' grace of 30 s is over. */
  readonly stop: () => Promise<{ readonly exitCode: number; readonly seconds: number }>;
  readonly remove: () => Promise<void>;
}

/** The options that make a container as restricted as a chart can: numeric user, nothing to write to, no capability, no way to get one. */
const restricted = [
  '--user=10001:10001',
  '--read-only',
  '--read-only-tmpfs=false',
  '--cap-drop=ALL',
  '--security-opt=no-new-privileges',
  `--memory=${memoryLimit}`,
  '--network=host',
];

/** Starts a server in a container, as a chart does, and waits until gRPC's health check says that it serves. */
export async function startContainer(podman: Podman, options: ContainerOptions): Promise<Container> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const name = `images-${port}`;
  const environment = { FLYTE_AGENTS_PORT: String(port), FLYTE_AGENTS_METRICS_PORT: String(metricsPort), ...options.environment };
  const placed = (word: string): string => word.replace('$PORT', String(port)).replace('$METRICS_PORT', String(metricsPort));
  await podman.run(['run', '--detach', '--name', name, ...toArguments({ ...options, environment }, placed)]);
  const inspect = async (field: string): Promise<string> => (await podman.run(['inspect', '--format', `{{.State.${field}}}`, name])).trim();
  const logs = async (): Promise<string> => (await finish('podman', ['logs', name], { environment: podman.environment })).output;
  const endpoint = `127.0.0.1:${port}`;
  for (const startedAt = performance.now(); !(await serves(endpoint)); await sleep(50)) {
    if ((await inspect('Running')) === 'true' && performance.now() - startedAt < startLimitMs) continue;
    throw new Error(`not ready; the container wrote:\n${await logs()}`);
  }
  return {
    name,
    endpoint,
    metricsUrl: `http://127.0.0.1:${metricsPort}`,
    pid: Number(await inspect('Pid')),
    logs,
    stop: async () => {
      const startedAt = performance.now();
      await podman.run(['stop', '--time=30', name]);
      return { exitCode: Number(await inspect('ExitCode')), seconds: (performance.now() - startedAt) / 1000 };
    },
    remove: async () => void (await podman.run(['rm', '--force', '--time=0', name])),
  };
}

/** Runs a container to its end, as restricted as a server's. */
export async function runContainer(podman: Podman, options: ContainerOptions): Promise<Finished> {
  return finish('podman', ['run', '--rm', ...toArguments(options)], { environment: podman.environment });
}

function toArguments(
  { image, command, words = [], environment = {}, probe }: ContainerOptions,
  placed = (word: string): string => word,
): string[] {
  return [
    ...restricted,
    ...Object.entries(environment).map(([name, value]) => `--env=${name}=${value}`),
    ...(command === undefined ? [] : [`--entrypoint=${JSON.stringify(command.map(placed))}`]),
    ...(probe === undefined ? [] : [`--volume=${probe}:/probe.cjs:ro`]),
    image,
    ...words.map(placed),
  ];
}

async function serves(endpoint: string): Promise<boolean> {
  const connection = connect(endpoint);
  try {
    const { status } = await connection.client(Health).check({ service: '' }, { timeoutMs: 1000 });
    return status === Status.SERVING;
  } catch {
    // Not yet.
    return false;
  } finally {
    connection.close();
  }
}
