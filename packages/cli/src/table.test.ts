import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { fakeScreen } from './__fixtures__/screen.ts';
import { toSeconds, toTable } from './table.ts';

test('columns are aligned, and nothing is left at the end of a line', () => {
  const { stream } = fakeScreen();
  const rows = [
    ['a', 'long value', 'x'],
    ['longer', '', 'y'],
  ];
  expect(toTable(['NAME', 'B', 'C'], rows, stream).split('\n')).toEqual([
    'NAME    B           C',
    'a       long value  x',
    'longer              y',
  ]);
});

test('the last column is broken between words at the width of the screen', () => {
  const { stream } = fakeScreen(32);
  const table = stripVTControlCharacters(toTable(['AGENT', 'TASK TYPES'], [['Sensor', 'sensor, file_sensor, another_one, more']], stream));
  expect(table.split('\n')).toEqual(['AGENT   TASK TYPES', 'Sensor  sensor, file_sensor,', '        another_one, more']);
});

test('a word that is longer than the screen stays whole, and lines of a value stay lines', () => {
  const { stream } = fakeScreen(30);
  const url = 's3://example-bucket/a/very/long/path/to/an/object';
  expect(stripVTControlCharacters(toTable(['A', 'B'], [['a', `${url}\nend`]], stream)).split('\n')).toEqual([
    'A  B',
    `a  ${url}`,
    '   end',
  ]);
});

test('headings are bold on a screen and plain in a file', () => {
  expect(toTable(['A'], [], fakeScreen(80).stream)).toBe('\u001B[1mA\u001B[22m');
  expect(toTable(['A'], [], fakeScreen().stream)).toBe('A');
});

test.each([
  [40, '0.0 s'],
  [99_900, '99.9 s'],
  [200_000, '3 min 20 s'],
  [3_605_000, '60 min 05 s'],
])('%d ms are %s', (milliseconds, text) => {
  expect(toSeconds(milliseconds)).toBe(text);
});
