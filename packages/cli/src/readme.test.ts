import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { flagOf, settingNames, settings, variableOf } from './settings.ts';

const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');

test.each(settingNames)('the README tells flag, variable, key and default of %s', (name) => {
  const flag = name === 'agents' ? '[agents…]' : flagOf(name);
  const row = readme.split('\n').find((line) => line.startsWith(`| \`${flag}\``));
  const [, , variable, key, fallback] = (row ?? '').split('|').map((cell) => cell.trim().replaceAll('`', ''));
  const { fallback: value } = settings[name];
  const { fallbackText = typeof value === 'object' ? '' : String(value) } = settings[name];
  expect([variable, key, fallback]).toEqual([variableOf(name), name, name === 'agents' ? 'all' : fallbackText]);
});
