import { describe, expect, test } from 'vitest';
import { JsonSchema } from './json-schema.ts';
import type { JsonObject } from './model.ts';

const schema = new JsonSchema({
  type: 'object',
  properties: {
    ratio: { type: 'number' },
    count: { type: 'integer' },
    maybe: { anyOf: [{ type: 'number' }, { type: 'null' }] },
    either: { anyOf: [{ type: 'integer' }, { type: 'number' }] },
    sizes: { type: 'array', items: { type: 'number' } },
    table: { type: 'object', additionalProperties: { $ref: '#/$defs/Row' } },
    old: { type: 'number', format: 'integer' },
    tree: { $ref: '#' },
    lost: { $ref: '#/$defs/Nobody' },
  },
  required: ['ratio'],
  $defs: { Row: { type: 'object', properties: { value: { type: 'number' } } } },
});

describe('the schema of a class', () => {
  test('tells floats from integers', () => {
    const floats = ['ratio', 'count', 'maybe', 'either', 'old', 'unknown'].filter((key) => schema.property(key).isFloat);
    expect(floats).toEqual(['ratio', 'maybe']);
  });

  test('goes into lists, mappings and classes that are described elsewhere', () => {
    expect(schema.property('sizes').items.isFloat).toBe(true);
    expect(schema.property('table').property('any key').property('value').isFloat).toBe(true);
    expect(schema.property('tree').property('tree').property('ratio').isFloat).toBe(true);
  });

  test('says nothing of what it does not describe', () => {
    for (const part of [schema.property('unknown'), schema.items, schema.property('lost'), schema.property('constructor')])
      expect([part.isFloat, part.isClass, part.property('ratio').isFloat]).toEqual([false, false, false]);
  });

  test.each<[readonly string[], boolean]>([
    [['ratio'], true],
    [['ratio', 'count'], true],
    [['count'], false],
    [['ratio', 'constructor'], false],
  ])('knows whether %j are its keys: %j', (keys, fits) => {
    expect(schema.fits(keys)).toBe(fits);
  });

  test('that goes in circles comes to an end', () => {
    const loop: JsonObject = {
      $ref: '#/$defs/A',
      $defs: { A: { anyOf: [{ $ref: '#/$defs/A' }, { $ref: '#/$defs/B' }] }, B: { $ref: '#' } },
    };
    expect(new JsonSchema(loop).isFloat).toBe(false);
  });
});
