import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Podman } from '@flyte-agents/test-upstreams';
import { serving } from './check-image.ts';
import { memoryLimit, runContainer, type ContainerOptions } from './container.ts';
import type { Checks } from './screen.ts';

/** What is written for the Python images and must start ours: as `command` of a chart, or as `args` after our entrypoint. */
const stock: readonly Pick<ContainerOptions, 'command' | 'words'>[] = [
  { command: ['pyflyte', 'serve'] },
  { command: ['pyflyte', 'serve', 'connector', '--port', '$PORT', '--prometheus_port', '$METRICS_PORT'] },
  { words: ['pyflyte', 'serve', 'connector', '--port', '$PORT', '--worker', '10', '--timeout', '3600', '--modules', 'a.b', 'c'] },
  { command: ['c0', '--port', '$PORT', '--connect_port', '8090', '--prometheus_port', '$METRICS_PORT', '--modules', 'a.b', 'c'] },
  {
    command: ['fserve', '--version', 'v1', '--tgz', 's3://b/code.tgz', '--', 'c0', '--port', '$PORT', '--prometheus_port', '$METRICS_PORT'],
  },
  { words: ['c0', '--port', '$PORT', '--prometheus_port', '$METRICS_PORT'] },
  {},
];

const refused: readonly (readonly string[])[] = [
  ['pyflyte', 'serve', 'agent', '--nosuch'],
  ['pyflyte', 'run', 'workflow.py'],
  ['c0', '--nosuch'],
  ['flyte-agents', 'serve', 'nosuch'],
];

/** Starts an image in all the ways that it must start in, and must not. */
export async function checkStart(podman: Podman, image: string, checks: Checks): Promise<void> {
  for (const options of stock) await serving(podman, { image, ...options }, checks, async () => undefined);
  for (const command of refused) {
    await checks.check(`refuses with 2: ${command.join(' ')}`, async () => {
      const { ended, output } = await runContainer(podman, { image, command });
      if (ended !== 'exit code 2') throw new Error(`${ended}: ${output}`);
      return /^error: .*/m.exec(output)?.[0] ?? '';
    });
  }
  for (const shell of ['/bin/sh', '/bin/bash', 'npm', 'apt-get']) {
    await checks.check(`has no ${shell}`, async () => {
      const { ended, output } = await runContainer(podman, { image, command: [shell] });
      if (ended !== 'exit code 127') throw new Error(`${ended}: ${output}`);
    });
  }
  await checks.check('gives the heap about half of the memory that the container may take', () =>
    probed(podman, {
      image,
      script: 'process.stderr.write(`heap ${require("v8").getHeapStatistics().heap_size_limit}\\n`); process.exit();',
      judge: ({ output }) => {
        const share = Number(/^heap (\d+)$/m.exec(output)?.[1]) / memoryLimit;
        return share > 0.45 && share < 0.65 ? `${(share * 100).toFixed(0)} % of ${memoryLimit / 1024 / 1024} MiB` : undefined;
      },
    }),
  );
  await checks.check('ends on a SIGTERM that comes while it starts', () =>
    probed(podman, {
      image,
      script: 'setTimeout(() => process.kill(1, "SIGTERM"), 20); setTimeout(() => process.exit(1), 20_000);',
      judge: ({ ended }) => (ended === 'exit code 143' ? ended : undefined),
    }),
  );
}

/** Runs the server with a script before it. @throws Error when what came out is judged `undefined` */
async function probed(
  podman: Podman,
  {
    image,
    script,
    judge,
  }: { image: string; script: string; judge: (finished: { readonly ended: string; readonly output: string }) => string | undefined },
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'flyte-agents-probe-'));
  try {
    const probe = join(folder, 'probe.cjs');
    writeFileSync(probe, script);
    const environment = { NODE_OPTIONS: '--require=/probe.cjs', FLYTE_AGENTS_PORT: '0', FLYTE_AGENTS_METRICS_PORT: '0' };
    const finished = await runContainer(podman, { image, probe, environment });
    const verdict = judge(finished);
    if (verdict === undefined) throw new Error(`${finished.ended}: ${finished.output}`);
    return verdict;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
