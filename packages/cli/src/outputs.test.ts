import { FlyteDatetime, FlyteDuration, dictType, toLiteral, type Literal } from '@flyte-agents/core';
import { describe, expect, test } from 'vitest';
import { fakeScreen } from './__fixtures__/screen.ts';
import { toOutputTable } from './outputs.ts';

const integer: Literal = { kind: 'integer', value: 1n };
const none: Literal = { kind: 'none' };
const type = { kind: 'simple', simple: 'NONE' } as const;

/** The type and the value that are shown of an output. */
function shown(literal: Literal): readonly string[] {
  const [, row = ''] = toOutputTable(new Map([['x', literal]]), fakeScreen(200).stream).split('\n');
  return row.split(/ {2,}/).slice(1);
}

describe('an output is shown as', () => {
  test.each<[Literal, string, string]>([
    [{ kind: 'string', value: '5' }, 'string', '5'],
    [{ kind: 'integer', value: 2n ** 63n - 1n }, 'integer', '9223372036854775807'],
    [{ kind: 'float', value: 2 }, 'float', '2.0'],
    [{ kind: 'float', value: Number.NaN }, 'float', 'nan'],
    [{ kind: 'boolean', value: true }, 'boolean', 'true'],
    [none, 'none', 'none'],
    [{ kind: 'datetime', value: new FlyteDatetime(0n, 1) }, 'datetime', '1970-01-01T00:00:00.000000001Z'],
    [{ kind: 'duration', value: new FlyteDuration(-90n, -5e8) }, 'duration', '-90.5s'],
    [{ kind: 'blob', uri: 's3://b/k', format: 'csv', multipart: false }, 'file (csv)', 's3://b/k'],
    [{ kind: 'blob', uri: 's3://b/d/', format: '', multipart: true }, 'folder', 's3://b/d/'],
    [{ kind: 'dataset', uri: 'bq://p:d.t', format: 'parquet', columns: [] }, 'dataset (parquet)', 'bq://p:d.t'],
    [{ kind: 'schema', uri: 's3://s', columns: [] }, 'schema', 's3://s'],
    [{ kind: 'generic', value: { a: [1, 'b', null] } }, 'struct', '{"a": [1.0, "b", null]}'],
    [
      toLiteral({ i: 1, f: 1.5, s: 'a"b', b: new Uint8Array(2), n: null }, dictType, 'x'),
      'dict',
      '{"i": 1, "f": 1.5, "s": "a\\"b", "b": (2 bytes), "n": null}',
    ],
    [toLiteral(new Map([[1, true]]), dictType, 'x'), 'dict', '{1: true}'],
    [{ kind: 'binary', tag: 'msgpack', value: Uint8Array.of(0xc1) }, 'dict', '1 bytes (broken MessagePack)'],
    [{ kind: 'binary', tag: '', value: new Uint8Array(3) }, 'binary', '3 bytes'],
    [{ kind: 'binary', tag: 'cbor', value: new Uint8Array(3) }, 'binary', '3 bytes (cbor)'],
    [{ kind: 'error', failedNodeId: 'n1', message: 'boom' }, 'error', 'error of node n1: boom'],
    [{ kind: 'offloaded', uri: 's3://o', sizeBytes: 7n }, 'offloaded', 's3://o (7 bytes)'],
    [{ kind: 'collection', items: [integer, none, { kind: 'string', value: 'a' }] }, 'list', '[1, none, "a"]'],
    [{ kind: 'map', entries: new Map([['k', { kind: 'collection', items: [] }]]) }, 'map', '{"k": []}'],
    [{ kind: 'union', value: { kind: 'union', value: integer, type }, type }, 'integer', '1'],
    [{ kind: 'collection', items: [{ kind: 'union', value: none, type }] }, 'list', '[none]'],
  ])('%o', (literal, kind, value) => {
    expect(shown(literal)).toEqual([kind, value]);
  });

  test('what cannot move the cursor, on the lines that it has', () => {
    const lines = toOutputTable(new Map([['x', { kind: 'string', value: 'a\nb\u001B[2Jc\rd\u2028' }]]), fakeScreen(80).stream).split('\n');
    expect(lines.slice(1)).toEqual(['x       string  a', '                b\\u001b[2Jc\\u000dd\\u2028']);
  });

  test('its beginning when it is long', () => {
    const [, value] = shown({ kind: 'string', value: 'x'.repeat(2005) });
    expect(value).toBe(`${'x'.repeat(2000)}…`);
    expect(toOutputTable(new Map([['x', { kind: 'string', value: 'x'.repeat(2005) }]]), fakeScreen(80).stream)).toContain(
      '(5 more characters)',
    );
  });
});
