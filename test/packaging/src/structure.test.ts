import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { agentPackages, publishedPackages, root } from './workspace.ts';

const sevenFiles = ['agent.ts', 'config.ts', 'states.ts', 'convert.ts', 'client.ts', 'errors.ts', 'index.ts'];
/** Sensors find out whether something is so, not in which of a service's states a job is. */
const withoutStates = new Set(['@flyte-agents/s3-sensor']);
/** What `testAgent` is told an agent guarantees, and how the page says it. */
const guarantees = new Map([
  ['once', 'once'],
  ['atLeastOnce', 'at least once'],
  ['bestEffort', 'best effort'],
]);
const guaranteesPage = readFileSync(join(root, 'docs/guarantees.md'), 'utf8');
const readmeHeadings = ['Task contract', 'Run', 'Credentials and permissions', 'States', 'Limits'];
const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)));

describe.each(agentPackages().map(({ folder, manifest }) => ({ name: manifest.name, folder, manifest })))(
  '$name',
  ({ name, folder, manifest }) => {
    test.each(sevenFiles.filter((file) => file !== 'states.ts' || !withoutStates.has(name)))('has its %s', (file) => {
      expect(existsSync(join(folder, 'src', file))).toBe(true);
    });

    test.each(readmeHeadings)('has the heading %s in its README', (heading) => {
      expect(readFileSync(join(folder, 'README.md'), 'utf8')).toContain(`\n## ${heading}\n`);
    });

    test('C36: is in the table of guarantees with what its own tests prove', () => {
      const tests = readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.test.ts'));
      const text = tests.map((path) => readFileSync(join(folder, 'src', path), 'utf8')).join('\n');
      const proved = [...text.matchAll(/guarantee: '(\w+)'/g)].map(([, word = '']) => guarantees.get(word));
      const rows = [...guaranteesPage.matchAll(new RegExp(`^\\| ${basename(folder)}\\b[^|]*\\| +([^|]*?) +\\|`, 'gm'))].map(
        ([, word]) => word,
      );
      expect(new Set(rows)).toEqual(new Set(proved));
      expect(rows).not.toEqual([]);
    });

    test('depends on core as a peer and on the command line, so that it can be installed and served alone', () => {
      expect(manifest.peerDependencies).toHaveProperty('@flyte-agents/core');
      expect(manifest.dependencies).toHaveProperty('@flyte-agents/cli');
    });

    test('is in the package of all agents', () => {
      const all = publishedPackages().find((each) => each.manifest.name === '@flyte-agents/all');
      expect(all?.manifest.dependencies).toHaveProperty([name]);
    });
  },
);

test('the package of all agents depends on agents and nothing else', () => {
  const agents = agentPackages().map(({ manifest }) => manifest.name);
  const all = publishedPackages().find(({ manifest }) => manifest.name === '@flyte-agents/all');
  expect(Object.keys(all?.manifest.dependencies ?? {}).toSorted()).toEqual(agents.toSorted());
});

test.each(publishedPackages().map(({ manifest, folder }) => ({ name: manifest.name, folder })))('$name has a README', ({ folder }) => {
  expect(existsSync(join(folder, 'README.md'))).toBe(true);
});

test('no file is a drawer for things without a room', () => {
  expect(tracked.filter((path) => /^(utils?|helpers?|common|misc)\.[cm]?[jt]s$/.test(basename(path)))).toEqual([]);
});

test('generated code and builds are not committed', () => {
  expect(tracked.filter((path) => /(^|\/)(dist|node_modules|gen|\.turbo|\.cache)\//.test(path))).toEqual([]);
});

test('the table in the README names every agent', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  for (const { manifest, folder } of agentPackages()) expect(readme).toContain(`[${manifest.name}](${folder.slice(root.length + 1)})`);
});
