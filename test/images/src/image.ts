import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { run, type Podman } from '@flyte-agents/test-upstreams';
import { root } from './base.ts';

/** What an image takes, in bytes. */
export interface Size {
  /** Unpacked, as on a node of the cluster. */
  readonly unpacked: number;
  /** Compressed by gzip, as it is in a registry and comes over the network. */
  readonly compressed: number;
}

/** What is written into an image when it is built. */
export const stamp = { version: '1.2.3', revision: 'abc1234' } as const;

/** Builds an image with the repository's Dockerfile; its name. */
export async function buildImage(podman: Podman, agent: string): Promise<string> {
  const name = `localhost/flyte-agents/${agent}:test`;
  const folder = mkdtempSync(join(tmpdir(), 'flyte-agents-machine-'));
  try {
    const buildArguments = [`AGENT=${agent}`, `VERSION=${stamp.version}`, `REVISION=${stamp.revision}`].flatMap((each) => [
      '--build-arg',
      each,
    ]);
    const volumes = (await ofThisMachine(folder)).flatMap((volume) => ['--volume', volume]);
    const options = ['--isolation=chroot', '--pull=never', '--layers', ...buildArguments, ...volumes, '--tag', name];
    await podman.run(['build', ...options, '--file', join(root, 'docker/Dockerfile'), root]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return name;
}

/** Where this machine gets packages from and whom it trusts: mounted while a build runs, and never in an image. */
async function ofThisMachine(folder: string): Promise<readonly string[]> {
  const authority = process.env['NODE_EXTRA_CA_CERTS'];
  const lines = [`registry=${(await run('npm', ['config', 'get', 'registry'])).trim()}`];
  if (authority !== undefined) lines.push('cafile=/machine/ca.crt');
  const own = await run('sh', ['-c', 'cat "$1" 2>/dev/null || true', 'sh', join(homedir(), '.npmrc')]);
  const settings = join(folder, 'npmrc');
  writeFileSync(settings, `${own}\n${lines.join('\n')}\n`);
  return [`${settings}:/root/.npmrc:ro`, ...(authority === undefined ? [] : [`${authority}:/machine/ca.crt:ro`])];
}

/** What an image takes. */
export async function sizeOf(podman: Podman, image: string): Promise<Size> {
  const folder = mkdtempSync(join(tmpdir(), 'flyte-agents-push-'));
  try {
    await podman.run(['push', '--quiet', image, `oci:${folder}:image`]);
    const { manifests }: { readonly manifests: readonly { readonly digest: string }[] } = JSON.parse(read(folder, 'index.json'));
    const manifest = join('blobs', manifests[0]?.digest.replace(':', '/') ?? '');
    const { layers }: { readonly layers: readonly { readonly size: number }[] } = JSON.parse(read(folder, manifest));
    const unpacked = Number(await podman.run(['image', 'inspect', '--format', '{{.Size}}', image]));
    return { unpacked, compressed: layers.reduce((sum, { size }) => sum + size, 0) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(folder: string, file: string): string {
  return readFileSync(join(folder, file), 'utf8');
}
