import { describe, expect, test } from 'vitest';
import { decodeMsgpack } from './msgpack/decode.ts';
import { toLiteral } from './encode.ts';
import { FlyteDatetime, FlyteDuration, type Literal, type LiteralType, type SimpleType } from './model.ts';
import type { NativeValue } from './native.ts';
import { dictType } from './outputs.ts';

const simple = (name: SimpleType): LiteralType => ({ kind: 'simple', simple: name });
const union = (...variants: readonly LiteralType[]): LiteralType => ({ kind: 'union', variants });
const integer: LiteralType = { kind: 'simple', simple: 'INTEGER', tag: 'int' };
const float: LiteralType = { kind: 'simple', simple: 'FLOAT', tag: 'float' };
const string: LiteralType = { kind: 'simple', simple: 'STRING', tag: 'str' };
const none: LiteralType = { kind: 'simple', simple: 'NONE', tag: 'none' };
const colour: LiteralType = { kind: 'enum', values: ['red', 'green'], tag: 'DefaultEnumTransformer' };
const file: LiteralType = { kind: 'blob', format: 'csv', multipart: false, tag: 'FlyteFilePath' };
const list = (items: LiteralType): LiteralType => ({ kind: 'collection', items });
const map = (values: LiteralType): LiteralType => ({ kind: 'map', values });

/** A dataclass with these fields, as flytekit declares it. */
function dataclass(properties: Record<string, { type: string }>, tag: string): LiteralType {
  return { ...dictType, metadata: { type: 'object', properties, required: Object.keys(properties) }, tag };
}
const point = dataclass({ x: { type: 'number' }, y: { type: 'number' } }, 'Point');
const person = dataclass({ name: { type: 'string' } }, 'Person');

function content(literal: Literal): unknown {
  return literal.kind === 'binary' ? decodeMsgpack(literal.value, 'x') : undefined;
}

describe('a plain value becomes', () => {
  test.each<[string, NativeValue, LiteralType, Literal]>([
    ['a bigint', 2n ** 63n - 1n, integer, { kind: 'integer', value: 2n ** 63n - 1n }],
    ['a whole number', 5, integer, { kind: 'integer', value: 5n }],
    ['-0, which no integer is', -0, integer, { kind: 'integer', value: 0n }],
    ['a float', 1.5, float, { kind: 'float', value: 1.5 }],
    ['a whole number as a float', 2, float, { kind: 'float', value: 2 }],
    ['a bigint as a float', 2n, float, { kind: 'float', value: 2 }],
    ['NaN', Number.NaN, float, { kind: 'float', value: Number.NaN }],
    ['-Infinity', -Infinity, float, { kind: 'float', value: -Infinity }],
    ['-0', -0, float, { kind: 'float', value: -0 }],
    ['an empty text', '', string, { kind: 'string', value: '' }],
    ['false', false, simple('BOOLEAN'), { kind: 'boolean', value: false }],
    ['null', null, none, { kind: 'none' }],
    ['a Date', new Date(-1), simple('DATETIME'), { kind: 'datetime', value: new FlyteDatetime(-1n, 999_000_000) }],
    ['a time', new FlyteDatetime(0n, 1), simple('DATETIME'), { kind: 'datetime', value: new FlyteDatetime(0n, 1) }],
    ['a duration', new FlyteDuration(0n, -1), simple('DURATION'), { kind: 'duration', value: new FlyteDuration(0n, -1) }],
    ['a word of an enum', 'red', colour, { kind: 'string', value: 'red' }],
    ['a URL', 's3://b/k', file, { kind: 'blob', uri: 's3://b/k', format: 'csv', multipart: false }],
    [
      'a dataset’s URL',
      'bq://p:d.t',
      { kind: 'dataset', format: '', columns: [] },
      { kind: 'dataset', uri: 'bq://p:d.t', format: '', columns: [] },
    ],
    [
      'a schema’s URL',
      's3://s',
      { kind: 'schema', columns: [{ name: 'x', type: 'INTEGER' }] },
      { kind: 'schema', uri: 's3://s', columns: [{ name: 'x', type: 'INTEGER' }] },
    ],
    [
      'a dataset with a format of its own',
      { kind: 'dataset', uri: 's3://d', format: 'csv', columns: [] },
      { kind: 'dataset', format: '', columns: [{ name: 'a', type: undefined }] },
      { kind: 'dataset', uri: 's3://d', format: 'csv', columns: [] },
    ],
    ['an empty list', [], list(integer), { kind: 'collection', items: [] }],
    [
      'a list',
      [1, 2n],
      list(float),
      {
        kind: 'collection',
        items: [
          { kind: 'float', value: 1 },
          { kind: 'float', value: 2 },
        ],
      },
    ],
    ['an object', { a: 1, b: undefined }, map(integer), { kind: 'map', entries: new Map([['a', { kind: 'integer', value: 1n }]]) }],
    ['a Map', new Map([['a', 1]]), map(integer), { kind: 'map', entries: new Map([['a', { kind: 'integer', value: 1n }]]) }],
    ['a mapping without MessagePack', { a: [1n, 2.5, null] }, simple('STRUCT'), { kind: 'generic', value: { a: [1, 2.5, null] } }],
    ['numbers as keys of a Struct', new Map([[1, 'a']]), simple('STRUCT'), { kind: 'generic', value: { '1': 'a' } }],
  ])('%s', (_name, value, type, literal) => {
    expect(toLiteral(value, type, 'x')).toStrictEqual(literal);
  });

  test('MessagePack where the type asks for it, with the floats of its class', () => {
    expect(content(toLiteral({ status: 200, took: 0.5 }, dictType, 'x'))).toEqual({ status: 200n, took: 0.5 });
    expect(content(toLiteral({ x: 1, y: 2n }, point, 'x'))).toEqual({ x: 1, y: 2 });
  });
});

describe('of a union, a value takes', () => {
  test.each<[string, NativeValue, LiteralType, LiteralType]>([
    ['the variant that it is', 'a', union(integer, string), string],
    ['none for null', null, union(integer, none), none],
    ['the integer before the float for a whole number', 2, union(float, integer), integer],
    ['the float for a fraction', 2.5, union(integer, float), float],
    ['the float for -0', -0, union(integer, float), float],
    ['the float for a whole number where there is no integer', 2, union(string, float), float],
    ['the text before an enum that has it', 'red', union(colour, string), string],
    ['the enum before a file', 'red', union(file, colour), colour],
    ['the file for a URL that no enum has', 's3://b/k', union(colour, file), file],
    ['the first of two alike', 1, union({ ...integer, tag: 'first' }, { ...integer, tag: 'second' }), { ...integer, tag: 'first' }],
    ['the list whose items fit best', [1, 2], union(list(float), list(integer)), list(integer)],
    ['the list that takes every item', [1, 2.5], union(list(integer), list(float)), list(float)],
    ['the typed mapping before the untyped', { a: 1 }, union(dictType, map(integer)), map(integer)],
    ['the untyped mapping for what the typed cannot hold', { a: 'x' }, union(map(integer), dictType), dictType],
    ['the class whose fields it has', { name: 'Ada' }, union(point, person), person],
    ['the class whose fields it has before any dict', { x: 1, y: 2 }, union(dictType, person, point), point],
    ['a dict for what is no class', { z: 1 }, union(point, person, dictType), dictType],
    ['a class for what lacks fields where there is nothing else', { x: 1 }, union(none, point), point],
  ])('%s', (_name, value, type, variant) => {
    const literal = toLiteral(value, type, 'x');
    expect(literal.kind === 'union' && literal.type).toEqual(variant);
  });

  test('in a list, each item its own', () => {
    const literal = toLiteral([1, null], list(union(integer, none)), 'x');
    expect(literal).toEqual({
      kind: 'collection',
      items: [
        { kind: 'union', value: { kind: 'integer', value: 1n }, type: integer },
        { kind: 'union', value: { kind: 'none' }, type: none },
      ],
    });
  });
});
