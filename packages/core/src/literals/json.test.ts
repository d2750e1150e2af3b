import { describe, expect, test } from 'vitest';
import { literal, random } from '../__fixtures__/generate.ts';
import { fromTaggedJson, toTaggedJson, withoutNulls } from './json.ts';
import { FlyteDatetime, FlyteDuration, type JsonValue, type Literal } from './model.ts';

describe('tagged JSON', () => {
  test('gives back every literal exactly, through text', () => {
    for (let seed = 0; seed < 500; seed++) {
      const value = literal(random(seed), { stored: true });
      const text = JSON.stringify(toTaggedJson(value));
      const json: JsonValue = JSON.parse(text);
      const back = fromTaggedJson(json);
      expect(back, `seed ${seed}`).toStrictEqual(value);
      expect(JSON.stringify(toTaggedJson(back)), `seed ${seed}`).toBe(text);
    }
  });

  test.each<[Literal, JsonValue]>([
    [{ kind: 'string', value: 'x' }, 'x'],
    [{ kind: 'boolean', value: false }, false],
    [{ kind: 'none' }, null],
    [{ kind: 'integer', value: 2n ** 63n - 1n }, { $integer: '9223372036854775807' }],
    [{ kind: 'float', value: 2 }, { $float: '2' }],
    [{ kind: 'float', value: -0 }, { $float: '-0' }],
    [{ kind: 'float', value: Number.NaN }, { $float: 'NaN' }],
    [{ kind: 'datetime', value: new FlyteDatetime(-1n, 999_999_999) }, { $datetime: ['-1', 999_999_999] }],
    [{ kind: 'duration', value: new FlyteDuration(-1n, -500) }, { $duration: ['-1', -500] }],
    [{ kind: 'collection', items: [{ kind: 'none' }] }, [null]],
    [{ kind: 'map', entries: new Map([['k', { kind: 'none' }]]) }, { $map: { k: null } }],
    [{ kind: 'binary', tag: 'msgpack', value: Uint8Array.of(1, 255) }, { $binary: { tag: 'msgpack', base64: 'Af8=' } }],
  ])('of %o is what references hold', (value, json) => {
    expect(toTaggedJson(value)).toStrictEqual(json);
  });

  test('opens unions and leaves the types of columns', () => {
    expect(toTaggedJson({ kind: 'union', value: { kind: 'integer', value: 1n }, type: { kind: 'simple', simple: 'INTEGER' } })).toEqual({
      $integer: '1',
    });
    expect(
      fromTaggedJson(
        toTaggedJson({ kind: 'dataset', uri: 'u', format: 'csv', columns: [{ name: 'c', type: { kind: 'simple', simple: 'FLOAT' } }] }),
      ),
    ).toEqual({ kind: 'dataset', uri: 'u', format: 'csv', columns: [{ name: 'c', type: undefined }] });
  });

  test.each<JsonValue>([
    5,
    {},
    { text: 'x' },
    { $unknown: '5' },
    { $integer: 5 },
    { $integer: '5.0' },
    { $integer: '' },
    { $integer: '99999999999999999999' },
    { $float: 5 },
    { $datetime: '2026-01-01' },
    { $datetime: [5, 5] },
    { $duration: ['x', 0] },
    { $map: [] },
    { $generic: null },
    { $blob: 'uri' },
  ])('is not %j', (json) => {
    expect(() => fromTaggedJson(json)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  test('C14: keeps the key __proto__ as a key', () => {
    const json: JsonValue = JSON.parse('{"$map":{"__proto__":"x"}}');
    expect(fromTaggedJson(json)).toEqual({ kind: 'map', entries: new Map([['__proto__', { kind: 'string', value: 'x' }]]) });
    expect(JSON.stringify(toTaggedJson(fromTaggedJson(json)))).toBe('{"$map":{"__proto__":"x"}}');
  });
});

test('what is null or undefined is left out, what is empty is not', () => {
  expect(withoutNulls({ a: null, b: undefined, c: 0, d: '', e: false, f: [null], g: {} })).toEqual({
    c: 0,
    d: '',
    e: false,
    f: [null],
    g: {},
  });
});
