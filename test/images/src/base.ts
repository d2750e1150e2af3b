import { copyFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fingerprint, installed, run, type Podman } from '@flyte-agents/test-upstreams';

/** The root of the repository. */
export const root: string = resolve(import.meta.dirname, '../../..');

const npmVersion = '11.19.1';
// As in Debian's own slim images: licences, but no other documents, no translations, no lists of packages.
const slim = ['/usr/share/doc/*', '/usr/share/man/*', '/usr/share/locale/*', '/usr/share/info/*', '/usr/share/lintian/*']
  .map((path) => `--dpkgopt=path-exclude=${path}`)
  .concat(
    '--dpkgopt=path-include=/usr/share/doc/*/copyright',
    '--customize-hook=rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/var/log/*',
  );

/** The image that the Dockerfile starts from, and its version of Node. */
export function nodeImage(): { readonly name: string; readonly version: string } {
  const [, name = '', version = ''] =
    /^ARG NODE_IMAGE=(\S+:([\d.]+)-bookworm-slim)$/m.exec(readFileSync(join(root, 'docker/Dockerfile'), 'utf8')) ?? [];
  return { name, version };
}

/**
 * Makes what the Dockerfile starts from, so that no registry of images is needed: Debian's packages, this process's own Node, and npm.
 *
 * @throws Error when this process runs on another Node than the Dockerfile's
 */
export async function makeNodeImage(podman: Podman): Promise<string> {
  const { name, version } = nodeImage();
  if (process.version !== `v${version}`) throw new Error(`docker/Dockerfile has Node ${version}, this is ${process.version}`);
  await importDebian(podman, 'localhost/debian:bookworm', []);
  const npm = await installed(`npm-${npmVersion}`, async (folder) => {
    await run('npm', ['install', '--prefix', folder, '--no-audit', '--no-fund', `npm@${npmVersion}`]);
  });
  await build(podman, name, (folder) => {
    copyFileSync(process.execPath, join(folder, 'node'));
    copyFileSync(join(dirname(process.execPath), '../LICENSE'), join(folder, 'LICENSE'));
    cpSync(join(npm, 'node_modules/npm'), join(folder, 'npm'), { recursive: true });
    return `FROM localhost/debian:bookworm
COPY node /usr/local/bin/
COPY LICENSE /usr/local/
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
`;
  });
  return name;
}

/** Makes an image of Debian's smallest system and more of its packages. */
export async function importDebian(podman: Podman, name: string, packages: readonly string[]): Promise<void> {
  const options = ['--variant=minbase', ...slim, ...(packages.length === 0 ? [] : [`--include=${packages.join(',')}`]), 'bookworm'];
  const folder = await installed(`debian-${fingerprint(options)}`, async (target) => {
    await run('mmdebstrap', [...options, join(target, 'root.tar')]);
  });
  const path = 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  await podman.run(['import', '--change', path, join(folder, 'root.tar'), name]);
}

/** Builds an image in a folder of its own. @param fill puts files into the folder; gives its Dockerfile */
export async function build(podman: Podman, name: string, fill: (folder: string) => string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'flyte-agents-image-'));
  try {
    writeFileSync(join(folder, 'Dockerfile'), fill(folder));
    await podman.run(['build', '--isolation=chroot', '--pull=never', '--tag', name, folder]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
