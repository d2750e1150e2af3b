/** `pnpm test:images`: builds every image for real, runs it as the charts do, and measures it. */
import { parseArgs } from 'node:util';
import { needPrograms, startPodman, type Podman } from '@flyte-agents/test-upstreams';
import { images } from '../../../docker/images.ts';
import { makeNodeImage } from './base.ts';
import { checkImage } from './check-image.ts';
import { checkStart } from './check-start.ts';
import { checkBakeFile, lintDockerfile } from './files.ts';
import { buildImage, sizeOf } from './image.ts';
import { makePythonImage, pythonSizeOf } from './python.ts';
import { Checks, print } from './screen.ts';
import { toTable, type Row } from './table.ts';

const help = `Builds every image for real, runs it as the charts do, and prints its size. Needs root, and some minutes.

Usage: pnpm test:images [--python] [image...]

  --python   also builds the Python images that do the same, for the table in the README
`;

const { values, positionals } = parseArgs({
  options: { python: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const wanted = images()
  .map(({ name }) => name)
  .filter((name) => positionals.length === 0 || positionals.includes(name));

if (values.help) {
  print(help);
} else {
  needPrograms({ podman: 'podman', runc: 'runc', conmon: 'conmon', mmdebstrap: 'mmdebstrap', npm: 'npm' });
  const checks = new Checks();
  checks.about('Files');
  await checks.check('hadolint is content with the Dockerfile', lintDockerfile);
  await checks.check('the code of docker buildx bake reads the bake file', checkBakeFile);
  const podman = await startPodman();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void podman.stop().finally(() => process.exit(1)));
  try {
    checks.about('Base');
    const base = await checks.check('the base image is made', () => makeNodeImage(podman));
    if (values.python) await checks.check('the Python base image is made', () => makePythonImage(podman));
    const rows = base === undefined ? [] : await measured(podman, checks);
    print(`\n${toTable(rows)}\n`);
  } finally {
    await podman.stop();
  }
  print(checks.failed === 0 ? 'All is well.' : `${checks.failed} failed.`);
  process.exitCode = checks.failed === 0 ? 0 : 1;
}

async function measured(podman: Podman, checks: Checks): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const agent of wanted) {
    checks.about(agent);
    const image = await checks.check('is built', () => buildImage(podman, agent));
    if (image === undefined) continue;
    await checkImage(podman, { agent, image, checks });
    if (agent === wanted.at(-1)) await checkStart(podman, image, checks);
    const size = await checks.check('is measured', () => sizeOf(podman, image));
    const python = values.python
      ? await checks.check('its Python image is built and measured', () => pythonSizeOf(podman, agent))
      : undefined;
    if (size !== undefined) rows.push({ image: agent, size, python });
    await podman.run(['rmi', '--force', image]);
  }
  return rows;
}
