import { describe, expect, test, vi } from 'vitest';
import { AgentError } from '../errors.ts';
import { Inputs } from './inputs.ts';
import type { Literal, LiteralMap } from './model.ts';

const union = (value: Literal): Literal => ({ kind: 'union', value, type: { kind: 'simple', simple: 'STRING' } });

describe('inputs', () => {
  test('are decoded when they are first read, and once', () => {
    const decode = vi.fn<() => LiteralMap>(() => new Map([['x', { kind: 'string', value: 'v' }]]));
    const inputs = new Inputs(17, decode);
    expect(inputs.byteLength).toBe(17);
    expect(decode).not.toHaveBeenCalled();
    expect([inputs.string('x'), inputs.literals.size, inputs.value('y')]).toEqual(['v', 1, undefined]);
    expect(decode).toHaveBeenCalledTimes(1);
  });

  test('that cannot be decoded tell everybody who reads them', () => {
    const inputs = new Inputs(1, () => {
      throw new AgentError({ code: 'INVALID_ARGUMENT', message: 'no map' });
    });
    expect(() => inputs.value('x')).toThrow('no map');
    expect(() => inputs.literals).toThrow('no map');
  });

  test('open unions, however deep', () => {
    const inputs = Inputs.of(new Map([['x', union(union({ kind: 'string', value: 'v' }))]]));
    expect(inputs.value('x')).toEqual({ kind: 'string', value: 'v' });
    expect(inputs.string('x')).toBe('v');
  });

  test.each<[string, Literal | undefined, string]>([
    ['nothing when it is absent', undefined, 'nothing'],
    ['nothing when it is none', { kind: 'none' }, 'nothing'],
    ['nothing when it is an optional none', union({ kind: 'none' }), 'nothing'],
    ['the kind of something else', { kind: 'integer', value: 5n }, 'integer'],
    ['the kind in a union', union({ kind: 'boolean', value: true }), 'boolean'],
  ])('that are no string name the variable and %s', (_name, literal, found) => {
    const inputs = Inputs.of(new Map(literal === undefined ? [] : [['path', literal]]));
    expect(() => inputs.string('path')).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: `input path: expected a string, got ${found}` }),
    );
  });

  test('tell none from absent', () => {
    const inputs = Inputs.of(new Map([['x', { kind: 'none' }]]));
    expect([inputs.value('x'), inputs.literals.has('x'), inputs.literals.has('y')]).toEqual([undefined, true, false]);
  });
});
