import { expect, test } from 'vitest';
import { shown } from './document.ts';
import { parseText, readDocument } from './yaml.ts';

test('JSON is read, indented with tabs, and large integers exactly', () => {
  expect(parseText('{\n\t"a":\t[9007199254740993, 5, 1.0, null, "x"]\n}', 'x')).toEqual({ a: [9007199254740993n, 5, 1, null, 'x'] });
});

test('YAML times stay text', () => {
  expect(parseText('at: 2026-11-21\nafter: 10s', 'x')).toEqual({ at: '2026-11-21', after: '10s' });
});

test.each(['a: [1', 'a: 1\na: 2', '{"a": }}'])('%j is refused on one line, with its name', (text) => {
  expect(() => parseText(text, 'inputs.yaml')).toThrow(/^inputs\.yaml: [^\n]*$/);
});

test('a folder is refused by name', async () => {
  await expect(readDocument(import.meta.dirname)).rejects.toThrow(`${import.meta.dirname}: is a folder`);
});

test('a value is shown on one line of bounded length', () => {
  expect(shown({ a: 2n ** 60n })).toBe('{"a":"1152921504606846976"}');
  expect(shown('x'.repeat(200))).toHaveLength(100);
});
