import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { finish, goTool, installTimeoutMs, requirement } from '@flyte-agents/test-upstreams';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { root } from './workspace.ts';

/** A workflow, as far as it is looked at. */
interface Workflow {
  readonly permissions?: object;
  readonly jobs: Readonly<Record<string, { readonly uses?: string; readonly steps?: readonly Step[]; readonly permissions?: object }>>;
}

interface Step {
  readonly uses?: string;
  readonly run?: string;
}

const go = requirement('go');
const paths = globSync('.github/workflows/*.yml', { cwd: root }).toSorted();
const workflows = new Map(paths.map((path): [string, Workflow] => [path, parse(readFileSync(join(root, path), 'utf8'))]));
const scripts: Readonly<Record<string, string>> = readScripts();

test.skipIf(!go.available)(`OP12: actionlint accepts the workflows${go.note}`, { timeout: installTimeoutMs }, async () => {
  const actionlint = await goTool('actionlint', join(import.meta.dirname, '../go/actionlint'));
  // What else it would call, if it is there, is no part of the test.
  const { ended, output } = await finish(actionlint, ['-shellcheck=', '-pyflakes=', ...paths], { cwd: root });
  expect({ ended, output }).toMatchObject({ ended: 'exit code 0' });
  expect(paths).toHaveLength(2);
});

describe.each([...workflows])('OP12: %s', (_path, workflow) => {
  const steps = Object.values(workflow.jobs).flatMap((job) => job.steps ?? []);

  test('pins every action of others to a commit', () => {
    const used = [...steps, ...Object.values(workflow.jobs)].flatMap(({ uses }) => uses ?? []).filter((uses) => !uses.startsWith('./'));
    expect(used.filter((uses) => !/@[0-9a-f]{40}$/.test(uses))).toEqual([]);
    expect(used).not.toEqual([]);
  });

  test('has permissions of its own, none of them for everything', () => {
    expect(workflow.permissions).toBeTypeOf('object');
  });

  test('runs scripts that there are', () => {
    const named = [...JSON.stringify(steps).matchAll(/pnpm(?:@\d+)? run ([a-z:]+)|pnpm@\d+ ([a-z:]+)/g)].flatMap(
      ([, one, other]) => one ?? other ?? [],
    );
    expect(named).not.toEqual([]);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

test('OP12: packages are published without a token, from what was tested', () => {
  const text = readFileSync(join(root, '.github/workflows/release.yml'), 'utf8');
  expect(text).not.toMatch(/secrets\./);
  expect(workflows.get('.github/workflows/release.yml')?.jobs).toMatchObject({
    test: { uses: './.github/workflows/ci.yml' },
    packages: { needs: 'test', permissions: { 'id-token': 'write' } },
    images: { needs: 'packages', permissions: { contents: 'read', packages: 'write' } },
  });
});

function readScripts(): Readonly<Record<string, string>> {
  const manifest: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return manifest.scripts;
}
