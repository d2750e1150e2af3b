import { describe, expect, test } from 'vitest';
import type { Value } from '../value.ts';
import { decodeMsgpack } from './decode.ts';
import { encodeMsgpack } from './encode.ts';

function read(hex: string): Value {
  return decodeMsgpack(Uint8Array.from(Buffer.from(hex, 'hex')), 'input x');
}

/** So many lists in one another. */
function nested(depth: number): string {
  return `${'91'.repeat(depth)}c0`;
}

describe('MessagePack is read', () => {
  test.each<[string, Value]>([
    ['ca3fc00000', 1.5],
    ['cb4000000000000000', 2],
    ['02', 2n],
    ['cc02', 2n],
    ['cd0002', 2n],
    ['ce00000002', 2n],
    ['cf0000000000000002', 2n],
    ['e0', -32n],
    ['d0ff', -1n],
    ['d1ffff', -1n],
    ['d2ffffffff', -1n],
    ['d3ffffffffffffffff', -1n],
    ['d90161', 'a'],
    ['da000161', 'a'],
    ['db0000000161', 'a'],
    ['c500020102', Uint8Array.of(1, 2)],
    ['c6000000020102', Uint8Array.of(1, 2)],
    ['dc000101', [1n]],
    ['dd0000000101', [1n]],
    ['de0001a16101', { a: 1n }],
    ['df00000001a16101', { a: 1n }],
    ['80', {}],
    ['82a16101a16102', { a: 2n }],
    ['a4efbbbf61', '\uFEFFa'],
    ['8201a16101c0', new Map<Value, Value>([[1n, null]])],
    [
      '8301a161c3a162a163c2',
      new Map<Value, Value>([
        [1n, 'a'],
        [true, 'b'],
        ['c', false],
      ]),
    ],
  ])('from %s as %o', (hex, value) => {
    expect(read(hex)).toEqual(value);
  });

  test('C14: with the key __proto__ as a key, into objects without a prototype', () => {
    const value = read(Buffer.from(encodeMsgpack(JSON.parse('{"__proto__":{"polluted":true},"constructor":1}'), 'x')).toString('hex'));
    expect(Object.getPrototypeOf(value)).toBeNull();
    expect(Object.keys(value ?? {})).toEqual(['__proto__', 'constructor']);
    expect({}).not.toHaveProperty('polluted');
    expect(read('80')).not.toHaveProperty('toString');
  });

  test('with bytes of its own', () => {
    const bytes = Uint8Array.of(0xc4, 1, 7);
    const value = decodeMsgpack(bytes, 'x');
    bytes[2] = 8;
    expect(value).toEqual(Uint8Array.of(7));
  });

  test('to 64 levels and no deeper', () => {
    expect(read(nested(64))).toHaveLength(1);
    expect(() => read(nested(65))).toThrow('input x: expected at most 64 levels of nesting, got more');
    expect(() => read('91'.repeat(1_000_000))).toThrow('levels of nesting');
  });

  test.each([
    ['', 'it ends too early'],
    ['91', 'it ends too early'],
    ['cb00', 'it ends too early'],
    ['a261', 'it ends too early'],
    ['dd000f4240c0c0', 'it ends too early'],
    ['df000f4240a161c0', 'it ends too early'],
    ['ddffffffff', 'it ends too early'],
    ['dfffffffff', 'it ends too early'],
    ['c6ffffffff00', 'it ends too early'],
    ['dbffffffff61', 'it ends too early'],
    ['0102', 'there are bytes after the value, at 1'],
    ['a1ff', 'the text at 1 is no UTF-8'],
    ['a3eda080', 'the text at 1 is no UTF-8'],
    ['8190c0', 'a list or a mapping is a key'],
    ['c1', 'type 0xc1 at 0 is an extension or unknown'],
    ['d4ff00', 'type 0xd4 at 0 is an extension or unknown'],
    ['d6ff00000000', 'type 0xd6 at 0 is an extension or unknown'],
    ['c70000', 'type 0xc7 at 0 is an extension or unknown'],
  ])('not from %s: %s', (hex, why) => {
    expect(() => read(hex)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: `input x: expected MessagePack, got something else: ${why}` }),
    );
  });

  test('no further than memory allows: neither many bytes nor many small values', () => {
    expect(() => decodeMsgpack(new Uint8Array(10 * 1024 * 1024 + 1), 'input x')).toThrow(
      'input x: expected at most 10485760 bytes of MessagePack, got 10485761',
    );
    const many = Uint8Array.from([0xdd, 0, 0x1e, 0x84, 0x81, ...new Uint8Array(2_000_001)]);
    expect(() => decodeMsgpack(many, 'input x')).toThrow('input x: expected at most 2000000 values, got more');
  });

  test('a megabyte of rows', () => {
    const rows = Array.from({ length: 12_000 }, (_, id) => ({
      id,
      ratio: id / 7,
      name: `row number ${id}`,
      tags: ['a', 'b'],
      ok: true,
      none: null,
    }));
    const bytes = encodeMsgpack(rows, 'x');
    expect(bytes.byteLength).toBeGreaterThan(700_000);
    expect(decodeMsgpack(bytes, 'x')).toHaveLength(12_000);
  });
});
