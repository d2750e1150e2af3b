import { cpSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pythonTool, type Podman } from '@flyte-agents/test-upstreams';
import { build, importDebian, root } from './base.ts';
import { sizeOf, type Size } from './image.ts';

/**
 * The Python packages that do an agent's work, as the interop tests install them: `test/interop/python/*.txt`. AWS Batch is a part of
 * Flyte's engine, and no Python server's.
 */
const requirements: Readonly<Record<string, string>> = {
  bigquery: 'flytekit-bigquery',
  databricks: 'flytekit-databricks',
  openai: 'flytekit-openai',
  's3-sensor': 'flytekit',
  sagemaker: 'flytekit-sagemaker',
  snowflake: 'flytekit-snowflake',
};

const base = 'localhost/python:bookworm';

/** Makes what the Python images start from: Debian, as small as Node's, and its Python. */
export async function makePythonImage(podman: Podman): Promise<void> {
  await importDebian(podman, base, ['python3', 'ca-certificates']);
}

/** What an image with the Python server for an agent takes, or with all of their packages, if there is one. It is built, and not run. */
export async function pythonSizeOf(podman: Podman, agent: string): Promise<Size | undefined> {
  const names = agent === 'all' ? Object.values(requirements) : [requirements[agent]].filter((name) => name !== undefined);
  if (names.length === 0) return undefined;
  const folders: string[] = [];
  for (const name of names) {
    const interpreter = await pythonTool(name, join(root, 'test/interop/python', `${name}.txt`));
    folders.push(join(dirname(interpreter), '../lib/python3.11/site-packages'));
  }
  const image = `localhost/python/${agent}:test`;
  await build(podman, image, (folder) => {
    for (const source of folders) cpSync(source, join(folder, 'packages'), { recursive: true, filter: isPackaged });
    return `FROM ${base}\nCOPY packages /usr/local/lib/python3.11/dist-packages\n`;
  });
  const size = await sizeOf(podman, image);
  await podman.run(['rmi', image]);
  return size;
}

/** Python compiles what it runs. Images that uv builds, as the stock images are, begin without. */
function isPackaged(path: string): boolean {
  return !path.includes('__pycache__');
}
