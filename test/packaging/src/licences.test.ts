import { run } from '@flyte-agents/test-upstreams';
import { expect, test } from 'vitest';
import { root } from './workspace.ts';

/** Licences that ask for no more than that they are passed on. */
const allowed = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT', 'MIT-0', 'Unlicense']);

/** A dependency under a licence that nobody looked at, by licence. */
type Licences = Readonly<Record<string, readonly { readonly name: string; readonly versions: readonly string[] }[]>>;

test('every licence of what is published and of what it depends on is allowed', async () => {
  const licences: Licences = JSON.parse(await run('pnpm', ['--recursive', 'licenses', 'list', '--prod', '--json'], { cwd: root }));
  expect(licences['MIT']?.length).toBeGreaterThan(50);
  expect(refused(licences)).toEqual([]);
});

test('a dependency under another licence is named', () => {
  const licences = {
    '(MIT OR GPL-3.0-only)': [{ name: 'either', versions: ['1.0.0'] }],
    '(MIT AND ISC)': [{ name: 'both', versions: ['1.0.0'] }],
    'SEE LICENSE IN TERMS.md': [{ name: 'own', versions: ['2.0.0', '3.0.0'] }],
  };
  expect(refused(licences)).toEqual([
    'either@1.0.0: (MIT OR GPL-3.0-only)',
    'own@2.0.0: SEE LICENSE IN TERMS.md',
    'own@3.0.0: SEE LICENSE IN TERMS.md',
  ]);
});

/** Also where one may choose: a person chooses, and writes it here. */
function refused(licences: Licences): readonly string[] {
  return Object.entries(licences).flatMap(([licence, packages]) => {
    const names = licence.replaceAll(/[()]/g, '').split(/ (?:AND|OR) /);
    if (names.every((name) => allowed.has(name))) return [];
    return packages.flatMap(({ name, versions }) => versions.map((version) => `${name}@${version}: ${licence}`));
  });
}
