import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, mkdtempSync, copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { finish, run } from '@flyte-agents/test-upstreams';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { publishedPackages, readManifest, root } from './workspace.ts';

const changeset = join(root, 'node_modules/.bin/changeset');
const published = publishedPackages().map(({ folder, manifest }) => ({ path: folder.slice(root.length + 1), name: manifest.name }));

describe('OP12: changesets, on a copy of the workspace', { timeout: 120_000 }, () => {
  let copy: string;
  beforeAll(() => {
    copy = copyOfTheManifests();
  });
  afterAll(() => rmSync(copy, { recursive: true, force: true }));

  function versions(): readonly string[] {
    return [...new Set(published.map(({ path }) => readManifest(join(copy, path)).version))];
  }

  async function release(text: string): Promise<readonly string[]> {
    writeFileSync(join(copy, '.changeset/the-only-one.md'), text);
    await run(changeset, ['version'], { cwd: copy });
    return versions();
  }

  test('name packages that there are', async () => {
    const { ended, output } = await finish(changeset, ['status'], { cwd: copy });
    expect({ ended, output }).toMatchObject({ ended: 'exit code 0' });
  });

  test('give all packages one version, and a change of core is no break of every agent', async () => {
    const before = versions();
    expect(before).toHaveLength(1);
    for (const each of globSync(join(copy, '.changeset/*.md'))) rmSync(each);
    const minor = await release("---\n'@flyte-agents/core': minor\n---\n\nAgents can do more.\n");
    expect(minor).toEqual([before[0]?.replace(/\.(\d+)\.\d+$/, (_, number: string) => `.${Number(number) + 1}.0`)]);
    const patch = await release("---\n'@flyte-agents/bigquery': patch\n---\n\nA mistake less.\n");
    expect(patch).toEqual([minor[0]?.replace(/\d+$/, '1')]);
  });

  test('tell users in a changelog what differs for them', async () => {
    expect(readFileSync(join(copy, 'packages/core/CHANGELOG.md'), 'utf8')).toContain('Agents can do more.');
    expect(existsSync(join(copy, 'packages/template/CHANGELOG.md'))).toBe(false);
    await run(join(root, 'node_modules/.bin/oxfmt'), ['--check', '.'], { cwd: copy });
  });
});

test('OP12: nobody publishes without provenance', { timeout: 60_000 }, async () => {
  // Nobody answers there; it is not even asked.
  const command = ['publish', '--no-git-checks', '--registry', 'http://127.0.0.1:1/'];
  const nowhere = { GITHUB_ACTIONS: '', GITLAB_CI: '', CI: '', NPM_CONFIG_PROVENANCE: 'false' };
  const { ended, output } = await finish('pnpm', command, { cwd: join(root, 'packages/aws'), environment: nowhere });
  expect(ended).toBe('exit code 1');
  expect(output).toMatch(/provenance/i);
});

/** What changesets reads, as a repository of its own. */
function copyOfTheManifests(): string {
  const place = mkdtempSync(join(tmpdir(), 'flyte-agents-release-'));
  const options = { cwd: root, encoding: 'utf8' } as const;
  const known = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], options).split('\n');
  const read = /(?:^|\/)package\.json$|^\.changeset\/|^pnpm-workspace\.yaml$|^pnpm-lock\.yaml$|^\.oxfmtrc\.json$/;
  for (const path of known.filter((each) => read.test(each) && existsSync(join(root, each)))) {
    mkdirSync(dirname(join(place, path)), { recursive: true });
    copyFileSync(join(root, path), join(place, path));
  }
  const git = (...words: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...words], { cwd: place, encoding: 'utf8' });
  git('init', '--quiet', '--initial-branch=main');
  git('add', '--all');
  git('commit', '--quiet', '--message', 'before');
  return place;
}
