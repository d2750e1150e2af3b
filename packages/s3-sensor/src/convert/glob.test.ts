import { describe, expect, test } from 'vitest';
import { toGlob } from './glob.ts';

describe('SE2: a pattern', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['in/*.csv', ['in/a.csv', 'in/.csv', 'in/a.b.csv'], ['in/a.csv.gz', 'in/sub/a.csv', 'out/a.csv', 'in/a_csv', 'in/']],
    ['in/*', ['in/a', 'in/.hidden'], ['in/', 'in/a/b', 'in']],
    ['in/a?c', ['in/abc', 'in/aüc', 'in/a😀c'], ['in/ac', 'in/a/c', 'in/abbc']],
    ['in/[a-c]x', ['in/ax', 'in/cx'], ['in/dx', 'in/-x', 'in/x']],
    ['in/[!a-c]x', ['in/dx', 'in/😀x'], ['in/ax', 'in//x']],
    ['in/[]x]', ['in/]', 'in/x'], ['in/[']],
    ['in/[*]', ['in/*'], ['in/a']],
    ['in/a[b', ['in/a[b'], ['in/ab']],
    ['in/part-*/*.parquet', ['in/part-1/a.parquet'], ['in/part-1/b/a.parquet', 'in/other/a.parquet']],
    ['in/**/a', ['in/a', 'in/x/a', 'in/x/y/a'], ['in/x/b', 'a', 'in/xa']],
    ['in/**', ['in/a', 'in/x/y/z'], ['in/x/', 'out/a']],
    ['**/*.csv', ['a.csv', 'x/y/a.csv'], ['x/y/a.txt']],
    ['a*b*c', ['abc', 'aXbXbXc', 'abcbc'], ['abcb', 'acb']],
    ['in/a.b', [], []],
  ])('%s', (pattern, matched, unmatched) => {
    const glob = toGlob(pattern);
    expect([...matched, ...unmatched].filter((name) => glob?.matches(name))).toEqual(matched);
  });

  test.each([
    ['in/2026-*/a', 'in/2026-', false],
    ['in/*.csv', 'in/', true],
    ['in/a?', 'in/a', true],
    ['in/**', 'in/', false],
    ['*', '', true],
  ])('%s is listed by what begins with %j', (pattern, prefix, isShallow) => {
    expect(toGlob(pattern)).toMatchObject({ prefix, isShallow });
  });

  test('without wildcards is none', () => {
    expect(toGlob('in/a.csv')).toBeUndefined();
  });

  test.each(['in/a**', 'in/**a/b', 'in/***'])('%s is refused', (pattern) => {
    expect(() => toGlob(pattern)).toThrow('has ** beside other characters');
  });

  test('C14: takes no longer than its length times the name’s, whatever it is', () => {
    const glob = toGlob(`in/${'a*'.repeat(128)}`);
    const before = process.cpuUsage();
    for (let i = 0; i < 100; i++) expect(glob?.matches(`in/${'a'.repeat(1000)}/b`)).toBe(false);
    expect(process.cpuUsage(before).user).toBeLessThan(1_000_000);
    expect(() => toGlob(`in/*${'a'.repeat(256)}`)).toThrow('has more than 256 characters after its first wildcard');
  });
});
