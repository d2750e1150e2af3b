import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parse, unreadKeys, type Schema } from './schema.ts';

const schema = z.object({ region: z.string(), machines: z.array(z.object({ count: z.number() })) });

describe('parsing', () => {
  test('gives what the schema makes of the value', () => {
    expect(parse(z.string().transform(Number), '5', 'number')).toBe(5);
  });

  test('C10, C11: names every wrong field by its path', () => {
    const value = { region: 5, machines: [{ count: 1 }, { count: 'two' }] };
    expect(() => parse(schema, value, 'template.custom')).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        origin: 'user',
        message: expect.stringMatching(/^template\.custom is not valid: region: .*; machines\.1\.count: /),
      }),
    );
  });

  test('has no path for a fault of the whole', () => {
    expect(() => parse(schema, 'text', 'template.custom')).toThrow(/^template\.custom is not valid: Invalid input/);
  });

  test('R8: says nothing of the value', () => {
    expect(() => parse(z.object({ token: z.number() }), { token: 'hunter2' }, 'c')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
    );
  });

  test('understands path segments that are objects', () => {
    const segments: Schema<string> = {
      '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'bad', path: [{ key: 'a' }, 0, 'b'] }] }) },
    };
    expect(() => parse(segments, {}, 'c')).toThrow('c is not valid: a.0.b: bad');
  });

  test('takes no asynchronous schema', () => {
    const slow: Schema<string> = { '~standard': { version: 1, vendor: 'test', validate: async () => ({ value: 'x' }) } };
    expect(() => parse(slow, {}, 'c')).toThrow(TypeError);
  });
});

describe('C11: the keys that a schema does not look at', () => {
  test.each([
    ['an object', z.object({ known: z.string() }), ['Unknown', 'other']],
    [
      'an object with defaults and transforms',
      z.object({ known: z.string() }).transform(({ known }) => ({ renamed: known })),
      ['Unknown', 'other'],
    ],
    ['an object that takes every key', z.looseObject({ known: z.string() }), []],
    ['a record', z.record(z.string(), z.unknown()), []],
  ])('of %s', (_name, settings, unread) => {
    expect(unreadKeys(settings, { known: 'x', Unknown: 1, other: { deep: true } })).toEqual(unread);
  });

  test('are found also when the value is wrong', () => {
    expect(unreadKeys(z.object({ known: z.number() }), { known: 'x', other: 1 })).toEqual(['other']);
  });
});
