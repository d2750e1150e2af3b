import { readdirSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '@flyte-agents/test-upstreams';
import { startServing, type Serving } from './serving.ts';

/** A user's project. */
export interface Project {
  readonly folder: string;
  /** The packages that are installed, by path: `node_modules/zod`. */
  readonly installed: readonly string[];
  /** Runs a command in it, which must not fail; what it wrote to stdout. */
  run(command: string): Promise<string>;
  /** Tells how large what is installed is, in megabytes. @param name of what was installed */
  tellSize(name: string): number;
  /** Serves with a command of a README; `host:port` of gRPC. */
  serve(command: string): Promise<Serving>;
  remove(): Promise<void>;
}

/** Makes an empty project, and installs what a README tells, with npm. @param registry where the packages of this workspace are */
export async function startProject(command: string, registry: string): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), 'flyte-agents-project-'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'project', private: true, type: 'module' }));
  await writeFile(join(folder, '.npmrc'), `@flyte-agents:registry=${registry}\naudit=false\nfund=false\n`);
  const runHere = async (line: string): Promise<string> => run('bash', ['-c', line], { cwd: folder });
  await runHere(command);
  const lock: { readonly packages: object } = JSON.parse(await readFile(join(folder, 'node_modules/.package-lock.json'), 'utf8'));
  const installed = Object.keys(lock.packages);
  return {
    folder,
    installed,
    run: runHere,
    tellSize: (name) => {
      const megabytes = sizeOf(join(folder, 'node_modules')) / 1_000_000;
      process.stderr.write(`[packages] ${name}: ${megabytes.toFixed(1)} MB in ${installed.length} packages\n`);
      return megabytes;
    },
    serve: async (serve) => startServing(serve, { cwd: folder }),
    remove: async () => rm(folder, { recursive: true, force: true }),
  };
}

function sizeOf(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((bytes, { parentPath, name }) => bytes + statSync(join(parentPath, name)).size, 0);
}
