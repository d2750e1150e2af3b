import { FlyteDatetime, type Literal, type LiteralType } from '@flyte-agents/core';
import { describe, expect, test } from 'vitest';
import { toTask } from '../__fixtures__/task.ts';
import { toQueryParameters } from './parameters.ts';

const simple = (name: 'INTEGER' | 'FLOAT' | 'STRING' | 'BINARY' | 'NONE' | 'STRUCT', tag?: string): LiteralType => ({
  kind: 'simple',
  simple: name,
  tag,
});
const optional = (type: LiteralType): LiteralType => ({ kind: 'union', variants: [type, simple('NONE', 'none')] });
const none: Literal = { kind: 'union', value: { kind: 'none' }, type: simple('NONE', 'none') };
const integer = (value: bigint): Literal => ({ kind: 'integer', value });

/** The parameter of one input. */
function parameter(literal: Literal, type?: LiteralType, custom: object = {}): object | undefined {
  const task = toTask({ custom, inputs: new Map([['x', literal]]), types: { x: type } });
  return toQueryParameters(task)[0];
}

const cases: readonly (readonly [string, Literal, LiteralType | undefined, object, object])[] = [
  ['an integer', integer(9_007_199_254_740_993n), simple('INTEGER'), { type: 'INT64' }, { value: '9007199254740993' }],
  ['an integer for a float', integer(2n), simple('FLOAT'), { type: 'FLOAT64' }, { value: '2' }],
  ['a float for an integer', { kind: 'float', value: 2 }, simple('INTEGER'), { type: 'INT64' }, { value: '2' }],
  ['an integer of which nothing is declared', integer(2n), undefined, { type: 'INT64' }, { value: '2' }],
  [
    'a chosen variant',
    { kind: 'union', value: integer(7n), type: simple('INTEGER', 'int') },
    optional(simple('INTEGER', 'int')),
    { type: 'INT64' },
    { value: '7' },
  ],
  ['none', none, optional(simple('STRING', 'str')), { type: 'STRING' }, { value: null }],
  [
    'none of a list',
    none,
    optional({ kind: 'collection', items: simple('INTEGER') }),
    { type: 'ARRAY', arrayType: { type: 'INT64' } },
    { value: null },
  ],
  [
    'the second of two variants',
    { kind: 'union', value: { kind: 'string', value: 'a' }, type: simple('STRING', 'str') },
    { kind: 'union', variants: [simple('INTEGER'), simple('STRING')] },
    { type: 'STRING' },
    { value: 'a' },
  ],
  [
    'a list',
    { kind: 'collection', items: [integer(1n), none] },
    { kind: 'collection', items: simple('INTEGER') },
    { type: 'ARRAY', arrayType: { type: 'INT64' } },
    { arrayValues: [{ value: '1' }, { value: null }] },
  ],
  [
    'an empty list',
    { kind: 'collection', items: [] },
    { kind: 'collection', items: simple('FLOAT') },
    { type: 'ARRAY', arrayType: { type: 'FLOAT64' } },
    { arrayValues: [] },
  ],
  [
    'an empty list of which nothing is declared',
    { kind: 'collection', items: [] },
    undefined,
    { type: 'ARRAY', arrayType: { type: 'STRING' } },
    { arrayValues: [] },
  ],
  [
    'a list of dicts',
    { kind: 'collection', items: [{ kind: 'map', entries: new Map([['k', integer(1n)]]) }] },
    { kind: 'collection', items: { kind: 'map', values: simple('INTEGER') } },
    { type: 'ARRAY', arrayType: { type: 'JSON' } },
    { arrayValues: [{ value: '{"k":1}' }] },
  ],
  [
    'a dict',
    { kind: 'binary', tag: 'msgpack', value: Uint8Array.of(0x81, 0xa1, 0x6b, 0xcf, 0, 0x20, 0, 0, 0, 0, 0, 1) },
    simple('STRUCT'),
    { type: 'JSON' },
    { value: '{"k":9007199254740993}' },
  ],
  [
    'a dict of an older SDK',
    { kind: 'generic', value: { k: [1.5, null] } },
    simple('STRUCT'),
    { type: 'JSON' },
    { value: '{"k":[1.5,null]}' },
  ],
  [
    'a map',
    { kind: 'map', entries: new Map([['k', integer(1n)]]) },
    { kind: 'map', values: simple('INTEGER') },
    { type: 'JSON' },
    { value: '{"k":1}' },
  ],
  [
    'packed bytes',
    { kind: 'binary', tag: 'msgpack', value: Uint8Array.of(0xc4, 2, 0, 255) },
    simple('BINARY'),
    { type: 'BYTES' },
    { value: 'AP8=' },
  ],
  ['bytes', { kind: 'binary', tag: '', value: Uint8Array.of(0, 255) }, simple('BINARY'), { type: 'BYTES' }, { value: 'AP8=' }],
  ['a word of an enum', { kind: 'string', value: 'red' }, { kind: 'enum', values: ['red'] }, { type: 'STRING' }, { value: 'red' }],
  [
    'a dataset',
    { kind: 'dataset', uri: 'bq://p:d.t', format: '', columns: [] },
    { kind: 'dataset', format: '', columns: [] },
    { type: 'STRING' },
    { value: 'bq://p:d.t' },
  ],
  [
    'a folder',
    { kind: 'blob', uri: 'gs://b/f', format: '', multipart: true },
    { kind: 'blob', format: '', multipart: true },
    { type: 'STRING' },
    { value: 'gs://b/f' },
  ],
];

test.each(cases)('BQ3: %s is a parameter', (_name, literal, type, parameterType, parameterValue) => {
  expect(parameter(literal, type)).toEqual({ name: 'x', parameterType, parameterValue });
});

describe('BQ3: an input that custom.queryParameters names', () => {
  const datetime: Literal = { kind: 'datetime', value: new FlyteDatetime(1_767_323_045n, 500_000_000) };

  test.each([
    ['DATE', '2026-01-02'],
    ['TIME', '03:04:05.500'],
    ['DATETIME', '2026-01-02T03:04:05.500'],
    ['TIMESTAMP', '2026-01-02T03:04:05.500Z'],
  ])('has its type %s from there', (type, value) => {
    expect(parameter(datetime, undefined, typed({ type }))).toEqual({ name: 'x', parameterType: { type }, parameterValue: { value } });
  });

  test('may be a struct, of which a field may be absent', () => {
    const parameterType = {
      type: 'STRUCT',
      structTypes: [
        { name: 'id', type: { type: 'INT64' } },
        { name: 'day', type: { type: 'DATE' } },
        { name: 'tags', type: { type: 'ARRAY', arrayType: { type: 'STRING' } } },
      ],
    };
    const entries = new Map<string, Literal>([
      ['id', integer(9_007_199_254_740_993n)],
      ['tags', { kind: 'collection', items: [{ kind: 'string', value: 'a' }] }],
    ]);
    expect(parameter({ kind: 'map', entries }, undefined, typed(parameterType))).toEqual({
      name: 'x',
      parameterType,
      parameterValue: {
        structValues: { id: { value: '9007199254740993' }, day: { value: null }, tags: { arrayValues: [{ value: 'a' }] } },
      },
    });
  });

  test('replaces the value there, and leaves the other parameters', () => {
    const custom = {
      queryParameters: [
        { name: 'x', parameterType: { type: 'NUMERIC' }, parameterValue: { value: '1' } },
        { name: 'static', parameterType: { type: 'STRING' }, parameterValue: { value: 'from-config' } },
      ],
    };
    const task = toTask({ custom, inputs: new Map([['x', { kind: 'string', value: '2.5' }]]) });
    expect(toQueryParameters(task)).toEqual([
      { name: 'static', parameterType: { type: 'STRING' }, parameterValue: { value: 'from-config' } },
      { name: 'x', parameterType: { type: 'NUMERIC' }, parameterValue: { value: '2.5' } },
    ]);
  });
});

test('positional parameters stay as they are', () => {
  const custom = { parameterMode: 'POSITIONAL', queryParameters: [{ parameterType: { type: 'INT64' }, parameterValue: { value: '1' } }] };
  expect(toQueryParameters(toTask({ custom }))).toEqual([{ parameterType: { type: 'INT64' }, parameterValue: { value: '1' } }]);
});

test.each<[string, Literal, LiteralType | undefined, object, string]>([
  [
    'a list of lists',
    { kind: 'collection', items: [{ kind: 'collection', items: [] }] },
    undefined,
    {},
    'input x: BigQuery has no lists of lists',
  ],
  ['another type than declared', { kind: 'string', value: 'five' }, simple('INTEGER'), {}, "input x: is no value of BigQuery's type INT64"],
  ['an item of another type', { kind: 'collection', items: [integer(1n), { kind: 'string', value: 'b' }] }, undefined, {}, 'input x[1]'],
  [
    'no list where one is named',
    integer(1n),
    undefined,
    { queryParameters: [{ name: 'x', parameterType: { type: 'ARRAY', arrayType: { type: 'INT64' } } }] },
    'ARRAY',
  ],
  [
    'a pickle',
    { kind: 'binary', tag: '', value: Uint8Array.of(0x80, 5) },
    { kind: 'union', variants: [simple('BINARY'), simple('STRING')] },
    {},
    'pickles',
  ],
  ['an input beside positional parameters', integer(1n), undefined, { parameterMode: 'POSITIONAL' }, 'custom.parameterMode'],
])('R4: %s is refused by name', (_name, literal, type, custom, message) => {
  expect(() => parameter(literal, type, custom)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(message) }),
  );
});

test('a task without inputs has no parameters', () => {
  expect(toQueryParameters(toTask({}))).toEqual([]);
});

/** The settings that give the input x a type. */
function typed(parameterType: object) {
  return { queryParameters: [{ name: 'x', parameterType }] };
}
