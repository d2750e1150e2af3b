import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { root, type WorkspacePackage } from '../workspace.ts';

const folder = join(root, 'test/packaging/references');

/** A task that an engine may have stored, as a release left it. */
export interface FrozenReference {
  /** That of its case. */
  readonly name: string;
  readonly type: string;
  readonly outputPrefix: string;
  readonly isDeleted: boolean;
  /** What create answered: the bytes that the engine keeps, in UTF-8. */
  readonly reference: string;
  /** How it ended. */
  readonly phase: string;
  /** The names of its outputs; of those in the store there are none. */
  readonly outputs: readonly string[];
  /** The CreateTaskRequest of Flyte 1, in base64. */
  readonly request: string;
}

/** Stands in what is frozen for the URL of OpenAI, which is another each time. */
export const openAiPlace = 'http://openai.invalid/v1';

/** What a release left. */
export interface FrozenRelease {
  readonly version: string;
  readonly references: readonly FrozenReference[];
}

/** All releases, and the tree before the first one as 0.0.0. */
export function frozenReleases(): readonly FrozenRelease[] {
  const files = readdirSync(folder).toSorted((one, other) => one.localeCompare(other, 'en', { numeric: true }));
  return files.map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')));
}

/** Writes down what a release leaves. @throws Error when it is written already: a release is frozen once */
export function writeRelease(release: FrozenRelease): void {
  const file = join(folder, `${release.version}.json`);
  if (existsSync(file)) throw new Error(`${file} is there: what a release left is not changed`);
  writeFileSync(file, `${JSON.stringify(release, undefined, 2)}\n`);
}

/** The packages of which no case begins with their name. */
export function unfrozen(packages: readonly WorkspacePackage[], names: readonly string[]): readonly string[] {
  return packages.map(({ folder: path }) => basename(path)).filter((name) => !names.some((each) => `${each}-`.startsWith(`${name}-`)));
}
