import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint, installed, progress } from './cache.ts';
import { run } from './child.ts';

const uvVersion = '0.13.8';

/**
 * The Python interpreter of a virtual environment that holds exactly the packages of a requirements file.
 *
 * Installed on first use, with uv, from the package index that the environment names for uv or pip. Start a package's
 * server with `-m`: the scripts beside the interpreter break in folders with long names.
 */
export async function pythonTool(name: string, requirementsFile: string): Promise<string> {
  const version = await run('python3', ['-VV']);
  const key = fingerprint([version, uvVersion, readFileSync(requirementsFile, 'utf8')]);
  const folder = await installed(`python-${name}-${key}`, (target) =>
    timed(`installing the Python packages of ${name}`, async () => {
      const uv = await uvProgram(version);
      await run('python3', ['-m', 'venv', '--without-pip', target]);
      const pipArguments = ['pip', 'install', '--quiet', '--no-deps', '--python', interpreter(target), '--requirement', requirementsFile];
      await run(uv, pipArguments, { environment: uvEnvironment() });
    }),
  );
  return interpreter(folder);
}

/**
 * The binary of the Go command in a folder with a go.mod and a complete go.sum.
 *
 * Built on first use and whenever its sources change. A first build of a large command takes minutes.
 */
export async function goTool(name: string, moduleFolder: string): Promise<string> {
  const sources = readdirSync(moduleFolder, { recursive: true, encoding: 'utf8' }).filter((path) => /(?:\.go|go\.mod|go\.sum)$/.test(path));
  const contents = sources.toSorted().flatMap((path) => [path, readFileSync(join(moduleFolder, path), 'utf8')]);
  const key = fingerprint([await run('go', ['version']), ...contents]);
  const folder = await installed(`go-${name}-${key}`, (target) =>
    timed(`building ${name} with Go; the first time this takes minutes`, async () => {
      const buildArguments = ['build', '-p', '2', '-trimpath', '-buildvcs=false', '-mod=readonly', '-o', join(target, name), '.'];
      await run('go', buildArguments, { cwd: moduleFolder });
    }),
  );
  return join(folder, name);
}

/** The uv program, which installs in seconds what takes pip a minute. */
async function uvProgram(pythonVersion: string): Promise<string> {
  const folder = await installed(`uv-${uvVersion}-${fingerprint([pythonVersion])}`, async (target) => {
    await run('python3', ['-m', 'venv', target]);
    await run(interpreter(target), ['-m', 'pip', 'install', '--quiet', `uv==${uvVersion}`]);
  });
  return join(folder, 'bin/uv');
}

/** What uv does not read by itself: the package index and the certificates that the environment names for pip. */
function uvEnvironment(): Record<string, string> {
  const { UV_DEFAULT_INDEX, UV_INDEX_URL, PIP_INDEX_URL, SSL_CERT_FILE, PIP_CERT } = process.env;
  const environment: Record<string, string> = {};
  if (UV_DEFAULT_INDEX === undefined && UV_INDEX_URL === undefined && PIP_INDEX_URL !== undefined) {
    environment['UV_DEFAULT_INDEX'] = PIP_INDEX_URL;
  }
  if (SSL_CERT_FILE === undefined && PIP_CERT !== undefined) environment['SSL_CERT_FILE'] = PIP_CERT;
  return environment;
}

async function timed(what: string, work: () => Promise<void>): Promise<void> {
  const start = Date.now();
  progress(`${what} …`);
  await work();
  progress(`${what}: done in ${((Date.now() - start) / 1000).toFixed(1)} s`);
}

function interpreter(environment: string): string {
  return join(environment, 'bin/python');
}
