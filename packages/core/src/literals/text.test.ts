import { expect, test } from 'vitest';
import { FlyteDatetime, FlyteDuration, type Literal } from './model.ts';
import { kindName, toText } from './text.ts';

const one: Literal = { kind: 'integer', value: 1n };

test.each<[Literal, string]>([
  [{ kind: 'string', value: 'a\nb' }, 'a\nb'],
  [{ kind: 'integer', value: -(2n ** 63n) }, '-9223372036854775808'],
  [{ kind: 'float', value: 1e21 }, '1e+21'],
  [{ kind: 'boolean', value: true }, 'true'],
  [{ kind: 'datetime', value: new FlyteDatetime(0n, 1) }, '1970-01-01T00:00:00.000000001Z'],
  [{ kind: 'duration', value: new FlyteDuration(90n, 5e8) }, '90.5s'],
  [{ kind: 'none' }, 'none'],
  [{ kind: 'blob', uri: 's3://b/k', format: 'csv', multipart: false }, 's3://b/k'],
  [{ kind: 'dataset', uri: 'bq://t', format: '', columns: [] }, 'bq://t'],
  [{ kind: 'schema', uri: 's3://s', columns: [] }, 's3://s'],
  [{ kind: 'offloaded', uri: 's3://o', sizeBytes: 1n }, 's3://o'],
  [{ kind: 'binary', tag: 'msgpack', value: new Uint8Array(3) }, '3 bytes (msgpack)'],
  [{ kind: 'binary', tag: '', value: new Uint8Array() }, '0 bytes'],
  [{ kind: 'generic', value: { a: [1] } }, '{"a":[1]}'],
  [{ kind: 'error', failedNodeId: 'n1', message: 'boom' }, 'error: boom'],
  [{ kind: 'collection', items: [one, { kind: 'none' }] }, '[1, none]'],
  [{ kind: 'map', entries: new Map([['k', one]]) }, '{k: 1}'],
  [{ kind: 'union', value: one, type: { kind: 'simple', simple: 'INTEGER' } }, '1'],
])('%o reads as %s', (literal, text) => {
  expect(toText(literal)).toBe(text);
});

test('the kind of a union is that of its value', () => {
  expect(kindName({ kind: 'union', value: one, type: { kind: 'simple', simple: 'INTEGER' } })).toBe('integer');
});
