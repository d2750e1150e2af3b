import { describe, expect, test, vi } from 'vitest';
import { AgentError } from '../errors.ts';
import { Inputs } from './inputs.ts';
import { FlyteDatetime, FlyteDuration, type Literal, type LiteralMap } from './model.ts';
import { encodeMsgpack } from './msgpack/encode.ts';

const union = (value: Literal): Literal => ({ kind: 'union', value, type: { kind: 'simple', simple: 'STRING' } });
const at = new FlyteDatetime(1n, 1);
const took = new FlyteDuration(1n, 1);

function encoded(decode: () => LiteralMap): Inputs {
  return Inputs.encoded({ byteLength: 17, decode, hasOffloaded: () => false, decodeObject: () => ({ kind: 'none' }) });
}

function only(literal: Literal | undefined): Inputs {
  return Inputs.of(new Map(literal === undefined ? [] : [['path', literal]]));
}

describe('inputs', () => {
  test('are decoded when they are first read, and once', () => {
    const decode = vi.fn<() => LiteralMap>(() => new Map([['x', { kind: 'string', value: 'v' }]]));
    const inputs = encoded(decode);
    expect([inputs.byteLength, inputs.hasOffloaded]).toEqual([17, false]);
    expect(decode).not.toHaveBeenCalled();
    expect([inputs.string('x'), inputs.literals.size, inputs.literal('y')]).toEqual(['v', 1, undefined]);
    expect(decode).toHaveBeenCalledTimes(1);
  });

  test('that cannot be decoded tell everybody who reads them', () => {
    const inputs = encoded(() => {
      throw new AgentError({ code: 'INVALID_ARGUMENT', message: 'no map' });
    });
    expect(() => inputs.literal('x')).toThrow('no map');
    expect(() => inputs.literals).toThrow('no map');
  });

  test('open unions, however deep', () => {
    const inputs = only(union(union({ kind: 'string', value: 'v' })));
    expect(inputs.literal('path')).toEqual({ kind: 'string', value: 'v' });
    expect([inputs.string('path'), inputs.value('path'), inputs.json('path')]).toEqual(['v', 'v', 'v']);
  });

  test('tell none from absent only by their literals', () => {
    const inputs = Inputs.of(new Map([['x', union({ kind: 'none' })]]));
    for (const name of ['x', 'y'])
      expect([inputs.literal(name), inputs.value(name), inputs.json(name)]).toEqual([undefined, undefined, undefined]);
    expect([inputs.literals.has('x'), inputs.literals.has('y')]).toEqual([true, false]);
  });

  test('are what they are asked for', () => {
    const inputs = Inputs.of(
      new Map<string, Literal>([
        ['integer', { kind: 'integer', value: 2n ** 63n - 1n }],
        ['small', { kind: 'integer', value: 5n }],
        ['float', { kind: 'float', value: 1.5 }],
        ['whole', { kind: 'float', value: 3 }],
        ['false', { kind: 'boolean', value: false }],
        ['at', { kind: 'datetime', value: at }],
        ['took', { kind: 'duration', value: took }],
        ['file', { kind: 'blob', uri: 's3://f', format: '', multipart: false }],
        ['table', { kind: 'dataset', uri: 'bq://t', format: '', columns: [] }],
        ['schema', { kind: 'schema', uri: 's3://s', columns: [] }],
        ['dict', { kind: 'binary', tag: 'msgpack', value: encodeMsgpack({ a: [1, 2.5, null] }, 'x') }],
      ]),
    );
    expect([inputs.integer('integer'), inputs.integer('whole')]).toEqual([2n ** 63n - 1n, 3n]);
    expect([inputs.number('small'), inputs.number('float')]).toEqual([5, 1.5]);
    expect([inputs.boolean('false'), inputs.datetime('at'), inputs.duration('took')]).toEqual([false, at, took]);
    expect([inputs.uri('file'), inputs.uri('table'), inputs.uri('schema')]).toEqual(['s3://f', 'bq://t', 's3://s']);
    expect(inputs.value('dict')).toEqual({ a: [1n, 2.5, null] });
    expect(inputs.json('dict')).toEqual({ a: [1, 2.5, null] });
  });

  test.each<[string, Literal | undefined, string]>([
    ['nothing when it is absent', undefined, 'nothing'],
    ['nothing when it is none', { kind: 'none' }, 'nothing'],
    ['nothing when it is an optional none', union({ kind: 'none' }), 'nothing'],
    ['a list', { kind: 'collection', items: [] }, 'list'],
    ['a map in a union', union({ kind: 'map', entries: new Map() }), 'map'],
    ['a dict', { kind: 'binary', tag: 'msgpack', value: Uint8Array.of(0x80) }, 'dict'],
  ])('that are something else name the variable and %s', (_name, literal, got) => {
    const inputs = only(literal);
    const message = (expected: string) =>
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: `input path: expected ${expected}, got ${got}` });
    expect(() => inputs.string('path')).toThrow(message('a string'));
    expect(() => inputs.boolean('path')).toThrow(message('a boolean'));
    expect(() => inputs.integer('path')).toThrow(message('an integer'));
    expect(() => inputs.number('path')).toThrow(message('a number'));
    expect(() => inputs.datetime('path')).toThrow(message('a datetime'));
    expect(() => inputs.duration('path')).toThrow(message('a duration'));
    expect(() => inputs.uri('path')).toThrow(message('a file, folder or dataset'));
  });

  test('that are something else tell what they are, and not what is in them', () => {
    const file = only({ kind: 'blob', uri: 's3://private', format: '', multipart: false });
    expect(() => file.string('path')).toThrow(/^input path: expected a string, got file$/);
    expect(() => only({ kind: 'float', value: Infinity }).integer('path')).toThrow(
      /^input path: expected an integer, got the float Infinity$/,
    );
    expect(() => only({ kind: 'string', value: 's3://private' }).uri('path')).toThrow(
      /^input path: expected a file, folder or dataset, got string$/,
    );
  });
});
