import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, type ChildOptions } from './child.ts';
import { startServer } from './process.ts';

/** podman with images and containers of its own, which nothing else on this machine sees. */
export interface Podman {
  /** Path of the socket at which it answers as Docker does. */
  readonly socket: string;
  /** For programs that are to use it: Docker's clients, podman and buildah. A type that can be spread into `env`. */
  readonly environment: Readonly<Record<'DOCKER_HOST' | 'CONTAINERS_CONF' | 'CONTAINERS_STORAGE_CONF', string>>;
  /** Runs `podman` with these arguments; what it wrote to stdout. @throws Error with its output when it fails */
  run(podmanArguments: readonly string[], options?: ChildOptions): Promise<string>;
  /** Ends and removes every container, then everything else. */
  stop(): Promise<void>;
}

/** @throws Error that names what this machine lacks, and the Debian packages to install */
export async function startPodman(): Promise<Podman> {
  needPrograms({ podman: 'podman', conmon: 'conmon', runc: 'runc' });
  const folder = mkdtempSync(join(tmpdir(), 'flyte-agents-podman-'));
  const socket = join(folder, 'socket');
  const environment = {
    DOCKER_HOST: `unix://${socket}`,
    CONTAINERS_CONF: join(folder, 'containers.conf'),
    CONTAINERS_STORAGE_CONF: join(folder, 'storage.conf'),
  };
  writeFileSync(environment.CONTAINERS_CONF, settings(folder));
  // With overlay, layers are shared. Where it does not work, as in most containers, every layer is a whole copy.
  writeFileSync(environment.CONTAINERS_STORAGE_CONF, storage(folder, 'overlay'));
  if (spawnSync('podman', ['info'], { env: { ...process.env, ...environment } }).status !== 0)
    writeFileSync(environment.CONTAINERS_STORAGE_CONF, storage(folder, 'vfs'));
  const podman: Podman['run'] = (podmanArguments, options = {}) =>
    run('podman', podmanArguments, { ...options, environment: { ...environment, ...options.environment } });
  const service = await startServer({
    name: 'podman',
    command: 'podman',
    arguments: () => ['system', 'service', '--time=0', environment.DOCKER_HOST],
    environment,
    ready: async () => pings(socket),
  });
  return {
    socket,
    environment,
    run: podman,
    stop: async () => {
      // A container does not end with the service that started it.
      await podman(['rm', '--all', '--force', '--time=0']).finally(() => service.stop());
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Builds an image with a shell and the usual small programs, out of this machine's busybox; its name. */
export async function buildBusybox(podman: Podman): Promise<string> {
  needPrograms({ busybox: 'busybox-static' });
  const name = 'localhost/busybox:latest';
  const folder = mkdtempSync(join(tmpdir(), 'flyte-agents-busybox-'));
  try {
    const path = (await run('sh', ['-c', 'command -v busybox'])).trim();
    copyFileSync(path, join(folder, 'busybox'));
    // The image has nothing else: a busybox that needs libraries does not start in it.
    writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "--install", "-s", "/bin"]\n');
    await podman.run(['build', '--isolation=chroot', '--tag', name, folder]);
  } catch (error) {
    throw new Error('The busybox image was not built; on Debian it is made of the package busybox-static, not of busybox', {
      cause: error,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return name;
}

/** Looks for programs without which there is nothing to test. @throws Error that names the missing ones and their packages */
export function needPrograms(packages: Readonly<Record<string, string>>): void {
  const missing = Object.entries(packages).filter(([program]) => spawnSync(program, ['--version']).error !== undefined);
  if (missing.length === 0) return;
  const programs = missing.map(([program]) => program).join(', ');
  const names = [...new Set(missing.map(([, name]) => name))].join(' ');
  throw new Error(`These tests need ${programs}; on Debian: apt-get install --no-install-recommends ${names}`);
}

/**
 * What runs in most places: also where the process may not raise limits (runc, unlike crun, then takes lower ones), on either
 * version of cgroups and without systemd, networks or a journal. Locks and state lie in the folder, for podman's usual ones are
 * shared by everything on a machine.
 */
function settings(folder: string): string {
  return `[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "${folder}/state"
`;
}

function storage(folder: string, driver: 'overlay' | 'vfs'): string {
  return `[storage]
driver = "${driver}"
runroot = "${folder}/run"
graphroot = "${folder}/images"
`;
}

async function pings(socketPath: string): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const ping = request({ socketPath, path: '/_ping' }, (response) => {
    response.resume();
    resolve(response.statusCode === 200);
  });
  ping.once('error', reject);
  ping.end();
  return promise;
}
