import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { attempt, checkSize, outside, type Refusal } from './fault.ts';
import { isUnder, type ObjectLocation } from './location.ts';
import { readAll } from './reading.ts';
import type { ListedPage, ListOptions, ObjectInfo, ObjectService, ReadOptions, SeenObject } from './service.ts';

/** How many files a page of a listing holds, unless another number is asked for. */
const pageLimit = 1000;

/** Folders of this machine. No link leads out of them. */
export class FileService implements ObjectService {
  readonly #roots: readonly ObjectLocation[];

  /** @param roots the folders that may be used; they are there already */
  constructor(roots: readonly ObjectLocation[]) {
    this.#roots = roots;
  }

  async prepare(): Promise<void> {}

  async read(location: ObjectLocation, options: ReadOptions): Promise<Uint8Array> {
    return attempt({ location, operation: 'read', signal: options.signal, refusal }, async () => {
      const path = await this.#real(location.key);
      const { size } = await regularFile(path);
      checkSize(size, options.maxBytes, location);
      const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
      try {
        return await readAll(handle.createReadStream({ autoClose: false }), location, options);
      } finally {
        await handle.close();
      }
    });
  }

  async write(location: ObjectLocation, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    return attempt({ location, operation: 'write', signal, refusal }, async () => {
      const path = await this.#placeFor(location.key);
      const unfinished = `${path}.${randomUUID()}`;
      try {
        await writeFile(unfinished, bytes, { flag: 'wx', signal });
        await rename(unfinished, path);
      } finally {
        await rm(unfinished, { force: true });
      }
    });
  }

  async delete(location: ObjectLocation, signal: AbortSignal): Promise<void> {
    return attempt({ location, operation: 'delete', signal, refusal }, async () => {
      const path = await orNothing(() => this.#real(dirname(location.key)));
      // A link is taken away itself, not what it leads to.
      if (path !== undefined) await rm(join(path, basename(location.key)), { force: true });
    });
  }

  async stat(location: ObjectLocation, signal: AbortSignal): Promise<SeenObject | undefined> {
    return attempt({ location, operation: 'read', signal, refusal }, async () => {
      const info = await this.#info(location.key, this.#real(location.key));
      return info && { ...info, seenAt: Date.now() };
    });
  }

  async *list(prefix: ObjectLocation, { shallow = false, pageSize = pageLimit, signal }: ListOptions): AsyncIterable<ListedPage> {
    const files = this.#files(dirname(`${prefix.key}x`), prefix.key, shallow);
    for (;;) {
      const objects = await attempt({ location: prefix, operation: 'read', signal, refusal }, () => take(files, pageSize, signal));
      yield { objects, seenAt: Date.now() };
      if (objects.length < pageSize) return;
    }
  }

  /** Files whose path begins with the prefix, in the order of their names. Links to folders and out of the roots are left out. */
  async *#files(folder: string, prefix: string, shallow: boolean): AsyncGenerator<ObjectInfo, undefined> {
    const entries = await orNothing(async () => readdir(await this.#real(folder), { withFileTypes: true }));
    for (const entry of (entries ?? []).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!shallow && `${path}/`.startsWith(prefix)) yield* this.#files(path, prefix, shallow);
      } else if (path.startsWith(prefix)) {
        const info = await this.#info(path, this.#inside(path));
        if (info !== undefined) yield info;
      }
    }
  }

  async #info(path: string, real: Promise<string | undefined>): Promise<ObjectInfo | undefined> {
    const stats = await orNothing(async () => regularFile(await real));
    return stats && { key: path, size: stats.size, modifiedAt: stats.mtimeMs };
  }

  /** The path of something that is there, without links. @throws AgentError when they lead out of the roots */
  async #real(path: string): Promise<string> {
    const real = await this.#inside(path);
    if (real === undefined) throw outside({ ...file, key: path });
    return real;
  }

  async #inside(path: string): Promise<string | undefined> {
    const real = await realpath(path);
    const roots = await Promise.all(this.#roots.map(({ key }) => orNothing(() => realpath(key))));
    const isInside = roots.some((root) => root !== undefined && isUnder({ ...file, key: root }, { ...file, key: real }));
    return isInside ? real : undefined;
  }

  /** The path of a file that is to be written; its folder is made. */
  async #placeFor(path: string): Promise<string> {
    let above = dirname(path);
    while ((await orNothing(() => this.#real(above))) === undefined) above = dirname(above);
    await mkdir(dirname(path), { recursive: true });
    return join(await this.#real(dirname(path)), path.slice(dirname(path).length));
  }
}

const file = { service: 'file', account: '', container: '' } as const;

async function take<Value>(values: AsyncIterator<Value, undefined>, count: number, signal: AbortSignal): Promise<Value[]> {
  const taken: Value[] = [];
  while (taken.length < count) {
    signal.throwIfAborted();
    const { done, value } = await values.next();
    if (done === true) break;
    taken.push(value);
  }
  return taken;
}

async function regularFile(path: string | undefined): Promise<{ readonly size: number; readonly mtimeMs: number }> {
  const stats = path === undefined ? undefined : await stat(path);
  // Anything else, such as a pipe, may keep its reader waiting.
  if (stats?.isFile() !== true) throw Object.assign(new Error('is no regular file'), { code: 'EISDIR' });
  return stats;
}

/** What the work gives, or `undefined` when there is no such file. */
async function orNothing<Value>(work: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(String(error.code));
}

/** What the file system said. */
export function refusal(error: unknown): Refusal {
  if (!(error instanceof Error)) return { status: undefined, name: 'Error', message: String(error) };
  return { status: undefined, name: 'code' in error ? String(error.code) : error.name, message: error.message };
}
