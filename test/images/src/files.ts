import { dirname, join } from 'node:path';
import { finish, goTool, pythonTool, run } from '@flyte-agents/test-upstreams';
import { bakeFile } from '../../../docker/bake.ts';
import { images } from '../../../docker/images.ts';
import { root } from './base.ts';

const here = join(import.meta.dirname, '..');

/** Lints the Dockerfile. @throws Error with what hadolint finds */
export async function lintDockerfile(): Promise<string> {
  const interpreter = await pythonTool('hadolint', join(here, 'python/hadolint.txt'));
  const { ended, output } = await finish(join(dirname(interpreter), 'hadolint'), ['--no-color', join(root, 'docker/Dockerfile')]);
  if (ended !== 'exit code 0') throw new Error(output);
  return 'no remark';
}

/** Reads the bake file with the code of `docker buildx bake`. @throws Error when it does not build what it must */
export async function checkBakeFile(): Promise<string> {
  const program = await goTool('bake', join(here, 'go/bake'));
  const environment = { VERSION: '1.2.3', REVISION: 'abc', CACHE: 'type=gha' };
  const targets: Readonly<Record<string, object>> = JSON.parse(await run(program, [bakeFile], { environment }));
  for (const { name, description } of images()) {
    const expected = {
      args: { AGENT: name, REVISION: 'abc', VERSION: '1.2.3' },
      attest: [{ type: 'sbom' }, { mode: 'max', type: 'provenance' }],
      labels: { 'org.opencontainers.image.description': description },
      platforms: ['linux/amd64', 'linux/arm64'],
      tags: [`ghcr.io/flyte-agents/${name}:1.2.3`],
    };
    const target = Object.entries(targets[name] ?? {});
    const found = Object.fromEntries(target.filter(([key]) => key in expected).toSorted(([one], [other]) => one.localeCompare(other)));
    if (JSON.stringify(found) !== JSON.stringify(expected)) throw new Error(`${name}: ${JSON.stringify(targets[name])}`);
  }
  return Object.keys(targets).join(', ');
}
