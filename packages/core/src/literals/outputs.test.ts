import { describe, expect, test } from 'vitest';
import type { LiteralType } from './model.ts';
import { toOutputs } from './outputs.ts';

const integer: LiteralType = { kind: 'simple', simple: 'INTEGER' };
const none: LiteralType = { kind: 'simple', simple: 'NONE' };
const optional: LiteralType = { kind: 'union', variants: [integer, none] };

function declared(types: Readonly<Record<string, LiteralType | undefined>>) {
  return { outputs: new Map(Object.entries(types).map(([name, type]) => [name, { type, description: '' }])) };
}

describe('outputs', () => {
  test('are the literals of their declared types, by name', () => {
    expect(toOutputs(declared({ rows: integer, maybe: optional }), { rows: 5, maybe: 6n })).toEqual({
      rows: { kind: 'integer', value: 5n },
      maybe: { kind: 'union', value: { kind: 'integer', value: 6n }, type: integer },
    });
  });

  test('that are Optional are none when they are not given', () => {
    const absent = { kind: 'union', value: { kind: 'none' }, type: none };
    expect(toOutputs(declared({ maybe: optional }), {})).toEqual({ maybe: absent });
    expect(toOutputs(declared({ maybe: optional }), { maybe: undefined })).toEqual({ maybe: absent });
    expect(toOutputs(declared({ maybe: optional }), { maybe: null })).toEqual({ maybe: absent });
  });

  test('that are undefined are not given, declared or not', () => {
    expect(toOutputs(declared({}), { rows: undefined })).toEqual({});
    expect(() => toOutputs(declared({ rows: integer }), { rows: undefined })).toThrow('output rows: expected INTEGER, got nothing');
  });

  test('name what is wrong, and where', () => {
    expect(() => toOutputs(declared({ rows: { kind: 'collection', items: integer } }), { rows: [1, 'a'] })).toThrow(
      'output rows[1]: expected INTEGER, got a text of length 1',
    );
  });

  test('of a type of a later Flyte are refused', () => {
    expect(() => toOutputs(declared({ rows: undefined }), { rows: 1 })).toThrow(
      'output rows: expected a declared type, got none that is known here',
    );
  });
});
