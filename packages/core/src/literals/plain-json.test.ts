import { describe, expect, test } from 'vitest';
import { FlyteDatetime, FlyteDuration, type JsonValue, type Literal } from './model.ts';
import { encodeMsgpack } from './msgpack/encode.ts';
import type { NativeValue } from './native.ts';
import { toJson, toJsonObject, toJsonValue } from './plain-json.ts';

describe('as JSON', () => {
  test.each<[Literal, JsonValue]>([
    [{ kind: 'none' }, null],
    [{ kind: 'string', value: 'ü' }, 'ü'],
    [{ kind: 'boolean', value: false }, false],
    [{ kind: 'integer', value: -5n }, -5],
    [{ kind: 'float', value: -0 }, -0],
    [{ kind: 'datetime', value: new FlyteDatetime(1n, 5e8) }, '1970-01-01T00:00:01.500000+00:00'],
    [{ kind: 'duration', value: new FlyteDuration(-1n, -5e8) }, -1.5],
    [{ kind: 'blob', uri: 's3://b/k', format: '', multipart: false }, 's3://b/k'],
    [{ kind: 'dataset', uri: 'bq://t', format: '', columns: [] }, 'bq://t'],
    [{ kind: 'schema', uri: 's3://s', columns: [] }, 's3://s'],
    [{ kind: 'generic', value: { a: [1] } }, { a: [1] }],
    [
      { kind: 'binary', tag: 'msgpack', value: encodeMsgpack(new Map<NativeValue, NativeValue>([[1, { a: null }]]), 'x') },
      { '1': { a: null } },
    ],
    [{ kind: 'collection', items: [{ kind: 'integer', value: 1n }] }, [1]],
    [{ kind: 'map', entries: new Map([['__proto__', { kind: 'integer', value: 1n }]]) }, JSON.parse('{"__proto__":1}')],
    [{ kind: 'union', value: { kind: 'none' }, type: { kind: 'simple', simple: 'NONE' } }, null],
  ])('%o is %j', (literal, json) => {
    expect(toJson(literal, 'input x')).toEqual(json);
  });

  test.each<[NativeValue, string]>([
    [[2n ** 53n], 'x[0]: expected an integer of at most 2^53 - 1, got 9007199254740992'],
    [{ a: Number.NaN }, 'x.a: expected a finite number, which JSON can hold, got NaN'],
    [new Uint8Array(2), 'x: expected what JSON can hold, got 2 bytes'],
    [new Map([[null, 1]]), 'x: expected texts or numbers as keys, got null'],
    [new Date(Number.NaN), 'x: expected a point in time, got an invalid Date'],
    [Array.from<null>({ length: 1 }), 'x[0]: expected what JSON can hold, got nothing'],
  ])('%o is refused', (value, message) => {
    expect(() => toJsonValue(value, 'x')).toThrow(message);
  });

  test('a list is no object', () => {
    expect(() => toJsonObject([], 'x')).toThrow('x: expected a mapping, got a list of 0');
  });

  test('what goes in circles comes to an end', () => {
    const loop: Record<string, NativeValue> = {};
    loop['a'] = loop['b'] = loop;
    expect(() => toJsonValue(loop, 'x')).toThrow('got more');
  });
});
