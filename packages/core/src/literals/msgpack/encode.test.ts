import { describe, expect, test } from 'vitest';
import { JsonSchema } from '../json-schema.ts';
import { FlyteDatetime, FlyteDuration } from '../model.ts';
import type { NativeValue } from '../native.ts';
import { decodeMsgpack } from './decode.ts';
import { encodeMsgpack } from './encode.ts';
import { largestMsgpack } from './limits.ts';

function zeros(count: number): readonly number[] {
  return Array.from({ length: count }, () => 0);
}

describe('MessagePack', () => {
  test.each<[string, NativeValue, string]>([
    ['nil', null, 'c0'],
    ['false', false, 'c2'],
    ['true', true, 'c3'],
    ['0', 0, '00'],
    ['127', 127, '7f'],
    ['128', 128, 'cc80'],
    ['255', 255, 'ccff'],
    ['256', 256, 'cd0100'],
    ['65535', 65_535, 'cdffff'],
    ['65536', 65_536, 'ce00010000'],
    ['2^32 - 1', 2 ** 32 - 1, 'ceffffffff'],
    ['2^32', 2 ** 32, 'cf0000000100000000'],
    ['2^53 - 1', Number.MAX_SAFE_INTEGER, 'cf001fffffffffffff'],
    ['2^63 - 1', 2n ** 63n - 1n, 'cf7fffffffffffffff'],
    ['2^64 - 1', 2n ** 64n - 1n, 'cfffffffffffffffff'],
    ['-1', -1, 'ff'],
    ['-32', -32, 'e0'],
    ['-33', -33, 'd0df'],
    ['-128', -128, 'd080'],
    ['-129', -129, 'd1ff7f'],
    ['-32768', -32_768, 'd18000'],
    ['-32769', -32_769, 'd2ffff7fff'],
    ['-2^31', -(2 ** 31), 'd280000000'],
    ['-2^31 - 1', -(2 ** 31) - 1, 'd3ffffffff7fffffff'],
    ['-2^63', -(2n ** 63n), 'd38000000000000000'],
    ['a small bigint', 1n, '01'],
    ['1.5', 1.5, 'cb3ff8000000000000'],
    ['-0', -0, 'cb8000000000000000'],
    ['NaN', Number.NaN, 'cb7ff8000000000000'],
    ['Infinity', Infinity, 'cb7ff0000000000000'],
    ['the number 2^53, which may stand for another integer', 2 ** 53, 'cb4340000000000000'],
    ['a text', 'ü', 'a2c3bc'],
    ['a text of 32 bytes', 'x'.repeat(32), `d920${'78'.repeat(32)}`],
    ['a text of 256 bytes', 'x'.repeat(256), `da0100${'78'.repeat(256)}`],
    ['a text of 65536 bytes', 'x'.repeat(65_536), `db00010000${'78'.repeat(65_536)}`],
    ['bytes', Uint8Array.of(1, 255), 'c40201ff'],
    ['256 bytes', new Uint8Array(256), `c50100${'00'.repeat(256)}`],
    ['65536 bytes', new Uint8Array(65_536), `c600010000${'00'.repeat(65_536)}`],
    ['a list', [1, [2]], '92019102'],
    ['a list of 16', zeros(16), `dc0010${'00'.repeat(16)}`],
    ['a list of 65536', zeros(65_536), `dd00010000${'00'.repeat(65_536)}`],
    ['a mapping without what is undefined', { a: 1, b: undefined }, '81a16101'],
    [
      'a mapping of 16',
      new Map(zeros(16).map((zero, key) => [key, zero])),
      `de0010${zeros(16)
        .map((_, key) => `0${key.toString(16)}00`)
        .join('')}`,
    ],
    [
      'keys that are no texts',
      new Map([
        [1, 'a'],
        [null, 'b'],
      ]),
      '8201a161c0a162',
    ],
  ])('has %s in the shortest form, as Python writes it', (_name, value, hex) => {
    expect(Buffer.from(encodeMsgpack(value, 'x')).toString('hex')).toBe(hex);
  });

  test('has points in time as ISO 8601 and lengths of time as seconds', () => {
    const value = {
      at: new Date(1500),
      exact: new FlyteDatetime(0n, 1999),
      took: new FlyteDuration(90n),
      back: new FlyteDuration(-1n, -5e8),
    };
    expect(decodeMsgpack(encodeMsgpack(value, 'x'), 'x')).toEqual({
      at: '1970-01-01T00:00:01.500000+00:00',
      exact: '1970-01-01T00:00:00.000001+00:00',
      took: 90,
      back: -1.5,
    });
  });

  test('has whole numbers as floats where the schema of a class says so, and nowhere else', () => {
    const schema = new JsonSchema({ properties: { ratio: { type: 'number' }, sizes: { items: { type: 'number' } } } });
    const value = { ratio: 2, sizes: [1, 2n], count: 2 };
    expect(decodeMsgpack(encodeMsgpack(value, 'x', schema), 'x')).toEqual({ ratio: 2, sizes: [1, 2], count: 2n });
    expect(decodeMsgpack(encodeMsgpack(value, 'x'), 'x')).toEqual({ ratio: 2n, sizes: [1n, 2n], count: 2n });
    expect(() => encodeMsgpack({ ratio: 2n ** 53n + 1n }, 'x', schema)).toThrow(
      'x.ratio: expected a float, got 9007199254740993, which is none exactly',
    );
  });

  test.each<[string, NativeValue, string]>([
    ['an integer beyond 64 bits', { a: [2n ** 64n] }, 'output x.a[0]: expected an integer of 64 bits, got 18446744073709551616'],
    ['a negative integer beyond 64 bits', -(2n ** 63n) - 1n, 'output x: expected an integer of 64 bits, got -9223372036854775809'],
    ['half a character', { a: 'x\uD800' }, 'output x.a: expected text, got half of a character (a lone surrogate)'],
    ['half a character in a key', { '\uDC00': 1 }, 'output x (a key): expected text, got half of a character (a lone surrogate)'],
    [
      'an instance of a class',
      [Object.create(Headers.prototype)],
      'output x[0]: expected text, numbers, lists and mappings, got an instance of a class',
    ],
    ['a hole in a list', Array.from({ length: 1 }), 'output x[0]: expected text, numbers, lists and mappings, got nothing'],
    ['a list as a key', new Map([[['a'], 1]]), 'output x: expected texts or numbers as keys, got a list of 1'],
    ['an invalid Date', new Date(Number.NaN), 'output x: expected a point in time, got an invalid Date'],
    [
      'a time outside of the calendar',
      new FlyteDatetime(2n ** 60n),
      'output x: expected a point in time of the years 1 to 9999, got another',
    ],
    [
      'a duration of both signs',
      new FlyteDuration(1n, -1),
      'output x: expected a length of time of one sign and at most ten thousand years, got another',
    ],
    [
      'more than the largest value',
      new Uint8Array(largestMsgpack),
      `output x: expected at most ${largestMsgpack} bytes of MessagePack, got more`,
    ],
  ])('does not have %s', (_name, value, message) => {
    expect(() => encodeMsgpack(value, 'output x')).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }));
  });

  test('does not go in circles', () => {
    const loop: Record<string, NativeValue> = {};
    loop['a'] = loop;
    expect(() => encodeMsgpack(loop, 'output x')).toThrow('expected at most 64 levels of nesting, got more');
    loop['b'] = loop;
    expect(() => encodeMsgpack(loop, 'output x')).toThrow('got more');
  });
});
