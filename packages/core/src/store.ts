import { randomUUID } from 'node:crypto';
import { mkdir, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AgentError } from './errors.ts';

/** Where results go that are too large, or too private, for a reference: folders of this machine, as `file://` URLs. Nothing outside of them is ever written, symbolic links included. */
export class FileStore {
  readonly #roots: readonly string[];

  /** @param roots the folders that may be written to; they are there already */
  constructor(roots: readonly string[]) {
    this.#roots = roots.map((root) => resolve(root));
  }

  /**
   * Writes an object whole, or not at all.
   *
   * @throws AgentError FAILED_PRECONDITION when the URL is none of these folders'
   */
  async write(url: string, bytes: Uint8Array): Promise<void> {
    const path = await this.#placeFor(url);
    const unfinished = `${path}.${randomUUID()}`;
    try {
      await writeFile(unfinished, bytes, { flag: 'wx' });
      await rename(unfinished, path);
    } finally {
      await rm(unfinished, { force: true });
    }
  }

  /** The file's path; its folder is made. */
  async #placeFor(url: string): Promise<string> {
    const path = toPath(url);
    const root = this.#roots.find((each) => isBelow(each, path));
    if (root === undefined) throw outside();
    await mkdir(dirname(path), { recursive: true });
    if (!isBelow(await realpath(root), await realpath(dirname(path)))) throw outside();
    return path;
  }
}

function toPath(url: string): string {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(url)?.[0];
  if (scheme?.toLowerCase() !== 'file://') {
    const message = `no store for ${scheme ?? 'a path without a scheme'} is configured (set storeRoots for file:// URLs)`;
    throw new AgentError({ code: 'FAILED_PRECONDITION', message, origin: 'system' });
  }
  return resolve(fileURLToPath(url));
}

function isBelow(root: string, path: string): boolean {
  const steps = relative(root, path);
  return steps !== '..' && !steps.startsWith(`..${sep}`) && resolve(root, steps) === path;
}

function outside(): AgentError {
  return new AgentError({
    code: 'FAILED_PRECONDITION',
    message: 'the output prefix is in none of the folders that may be written to (set storeRoots)',
    origin: 'system',
  });
}
