import { describe, expect, test } from 'vitest';
import { FlyteDatetime, FlyteDuration, type Literal, type LiteralType } from './model.ts';
import { isOptional, kindName, quoted, typeName, valueName } from './names.ts';

const integer: LiteralType = { kind: 'simple', simple: 'INTEGER' };
const none: LiteralType = { kind: 'simple', simple: 'NONE' };

describe('messages call', () => {
  test.each<[LiteralType, string]>([
    [integer, 'INTEGER'],
    [{ kind: 'collection', items: { kind: 'map', values: integer } }, 'list of map of INTEGER'],
    [{ kind: 'union', variants: [integer, none] }, 'INTEGER or NONE'],
    [{ kind: 'enum', values: ['red', 'green'] }, 'one of red, green'],
    [
      { kind: 'enum', values: Array.from({ length: 21 }, (_, i) => `w${i}`) },
      `one of ${Array.from({ length: 20 }, (_, i) => `w${i}`).join(', ')}, …`,
    ],
    [{ kind: 'blob', format: '', multipart: false }, 'file'],
    [{ kind: 'blob', format: '', multipart: true }, 'folder'],
    [{ kind: 'dataset', format: '', columns: [] }, 'dataset'],
    [{ kind: 'schema', columns: [] }, 'schema'],
  ])('the type %o %s', (type, name) => {
    expect(typeName(type)).toBe(name);
  });

  test.each<[Literal, string]>([
    [{ kind: 'union', value: { kind: 'union', value: { kind: 'integer', value: 1n }, type: integer }, type: integer }, 'integer'],
    [{ kind: 'collection', items: [] }, 'list'],
    [{ kind: 'blob', uri: '', format: '', multipart: true }, 'folder'],
    [{ kind: 'binary', tag: 'msgpack', value: new Uint8Array() }, 'dict'],
    [{ kind: 'binary', tag: '', value: new Uint8Array() }, 'binary'],
    [{ kind: 'generic', value: {} }, 'struct'],
  ])('the literal %o %s', (literal, name) => {
    expect(kindName(literal)).toBe(name);
  });

  test.each<[unknown, string]>([
    [undefined, 'nothing'],
    [null, 'null'],
    [2n, '2'],
    [Number.NaN, 'NaN'],
    [false, 'false'],
    ['a secret', 'a text of length 8'],
    [[1, 2], 'a list of 2'],
    [new Uint8Array(3), '3 bytes'],
    [new Date(0), 'a point in time'],
    [new FlyteDatetime(0n), 'a point in time'],
    [new FlyteDuration(0n), 'a length of time'],
    [new Map(), 'a mapping'],
    [Object.create(null), 'a mapping'],
    [new Set(), 'an instance of a class'],
    [Symbol.iterator, 'a symbol'],
  ])('the value %o %s, and tell no text', (value, name) => {
    expect(valueName(value)).toBe(name);
  });
});

test('a long word is told by its beginning', () => {
  expect(quoted('x'.repeat(51))).toBe(`"${'x'.repeat(50)}…"`);
});

test('a type is optional when one of its variants is none, however deep', () => {
  expect([integer, none, { kind: 'union', variants: [integer, { kind: 'union', variants: [none] }] } as const].map(isOptional)).toEqual([
    false,
    true,
    true,
  ]);
});
