import { FlyteDatetime, FlyteDuration, type Value } from '@flyte-agents/core';
import { describe, expect, test } from 'vitest';
import { toText, typeOf } from './values.ts';

const time = new FlyteDatetime(1_767_323_045n, 678_901_234);
const dataset: Value = { kind: 'dataset', uri: 'bq://p:d.t', format: '', columns: [] };

test.each<[Value, string, string | undefined]>([
  [9_223_372_036_854_775_807n, 'INT64', '9223372036854775807'],
  [-9_223_372_036_854_775_808n, 'INT64', '-9223372036854775808'],
  [5, 'INT64', '5'],
  [5.5, 'INT64', undefined],
  [2 ** 53, 'INT64', undefined],
  ['5', 'INT64', undefined],
  [0.1, 'FLOAT64', '0.1'],
  [-0, 'FLOAT64', '-0'],
  [1e21, 'FLOAT64', '1e+21'],
  [Number.NaN, 'FLOAT64', 'NaN'],
  [-Infinity, 'FLOAT64', '-Infinity'],
  [3n, 'FLOAT64', '3'],
  ['12345678901234567890.123456789', 'NUMERIC', '12345678901234567890.123456789'],
  [12_345_678_901_234_567_890n, 'NUMERIC', '12345678901234567890'],
  [0.25, 'BIGNUMERIC', '0.25'],
  [true, 'BOOL', 'true'],
  [false, 'BOOLEAN', 'false'],
  ['true', 'BOOL', undefined],
  [Uint8Array.of(0, 255), 'BYTES', 'AP8='],
  ['AP8=', 'BYTES', 'AP8='],
  [time, 'DATE', '2026-01-02'],
  ['2026-01-02', 'DATE', '2026-01-02'],
  [time, 'TIME', '03:04:05.678901'],
  [time, 'DATETIME', '2026-01-02T03:04:05.678901'],
  [new FlyteDatetime(1_767_323_045n), 'DATETIME', '2026-01-02T03:04:05'],
  [time, 'TIMESTAMP', '2026-01-02T03:04:05.678901Z'],
  ['2026-01-02 03:04:05+05:30', 'TIMESTAMP', '2026-01-02 03:04:05+05:30'],
  [new FlyteDuration(3600n, 5_000_000), 'INTERVAL', '0-0 0 1:0:0.005000'],
  [new FlyteDuration(-90_061n, -500_000_000), 'INTERVAL', '0-0 0 -25:1:1.500000'],
  ['a\u2028"b', 'STRING', 'a\u2028"b'],
  [dataset, 'STRING', 'bq://p:d.t'],
  [7n, 'STRING', '7'],
  ['POINT(1 2)', 'GEOGRAPHY', 'POINT(1 2)'],
  ['{"given": "as text"}', 'JSON', '{"given": "as text"}'],
  [[1n], 'INT64', undefined],
  [time, 'BOOL', undefined],
])('BQ3: %o as %s is the text %j', (value, type, text) => {
  expect(toText(value, type)).toBe(text);
});

describe('BQ3: JSON', () => {
  test('keeps integers of any size, and keys that are none', () => {
    const value: Value = new Map<Value, Value>([
      ['a', [1n, 9_007_199_254_740_993n, null, 'x"', 2.5, true]],
      [2n, new Map([['__proto__', time]])],
    ]);
    expect(toText(value, 'JSON')).toBe(
      '{"a":[1,9007199254740993,null,"x\\"",2.5,true],"2":{"__proto__":"2026-01-02T03:04:05.678901234Z"}}',
    );
    expect(toText({ file: dataset, took: new FlyteDuration(1n) }, 'JSON')).toBe('{"file":"bq://p:d.t","took":"1s"}');
  });

  test.each<Value>([Number.NaN, [Infinity], { bytes: Uint8Array.of(1) }, { nested: [Uint8Array.of(1)] }])('cannot hold %o', (value) => {
    expect(toText(value, 'JSON')).toBeUndefined();
  });
});

test.each<[Value, string]>([
  [1n, 'INT64'],
  [1, 'FLOAT64'],
  [true, 'BOOL'],
  ['x', 'STRING'],
  [time, 'DATETIME'],
  [new FlyteDuration(1n), 'INTERVAL'],
  [Uint8Array.of(1), 'BYTES'],
  [{ a: 1n }, 'JSON'],
  [new Map([[1n, 2n]]), 'JSON'],
  [dataset, 'STRING'],
])('BQ3: %o of which nothing is declared is %s', (value, type) => {
  expect(typeOf(value)).toBe(type);
});
