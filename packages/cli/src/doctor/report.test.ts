import { stripVTControlCharacters } from 'node:util';
import type { Finding } from '@flyte-agents/core';
import { afterEach, expect, test, vi } from 'vitest';
import { fakeScreen } from '../__fixtures__/screen.ts';
import { isFine, toReport, type Group } from './report.ts';

const groups: readonly Group[] = [
  {
    name: 'Acme',
    package: 'acme@1.0.0',
    findings: [
      { name: 'secret', outcome: 'ok', message: 'variable ACME_TOKEN', elapsedMs: 1 },
      {
        name: 'service',
        outcome: 'problem',
        message: 'Acme: 403 for the account that has a long name',
        fix: 'grant the role jobs.runner to this account',
        elapsedMs: 1,
      },
      { name: 'quota', outcome: 'warning', message: 'slow down', elapsedMs: 1 },
    ],
  },
];

afterEach(() => vi.unstubAllEnvs());

test('OP10: a screen shows marks and colours, and lines no longer than it is wide', () => {
  vi.stubEnv('NO_COLOR', undefined);
  vi.stubEnv('FORCE_COLOR', undefined);
  const report = toReport(groups, fakeScreen(55).stream);
  expect(report).toContain('\u001B[31m✗');
  expect(stripVTControlCharacters(report).split('\n')).toEqual([
    'Acme  acme@1.0.0',
    '  ✓ secret   variable ACME_TOKEN',
    '  ✗ service  Acme: 403 for the account that has a long',
    '             name',
    '             → grant the role jobs.runner to this',
    '               account',
    '  ! quota    slow down',
    '',
    '1 problem, 1 warning, 1 fine',
  ]);
});

test('OP10: a file, and a screen without colours, gets words', () => {
  const words = ['  ok      secret   variable ACME_TOKEN', '  warning quota    slow down'];
  expect(toReport(groups, fakeScreen().stream).split('\n')).toEqual(expect.arrayContaining(words));
  // What a terminal says of itself with NO_COLOR.
  const plain = Object.assign(fakeScreen(100).stream, { getColorDepth: () => 1 });
  expect(toReport(groups, plain).split('\n')).toEqual(expect.arrayContaining(words));
});

function only(outcome: Finding['outcome']): readonly Group[] {
  return groups.map((group) => ({ ...group, findings: group.findings.filter((finding) => finding.outcome === outcome) }));
}

test('OP10: only a problem is not fine', () => {
  expect([isFine([]), isFine(only('ok')), isFine(only('warning')), isFine(only('problem'))]).toEqual([true, true, true, false]);
});
