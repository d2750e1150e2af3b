import { describe, expect, test } from 'vitest';
import { AgentError } from '../errors.ts';
import { decodeLiteral, encodeLiterals, lazyInputs } from '../protocol/literals.ts';
import { Inputs } from './inputs.ts';
import type { Literal } from './model.ts';
import { isOffloaded, type ObjectReader } from './offloaded.ts';

const { signal } = new AbortController();
const list: Literal = { kind: 'collection', items: [{ kind: 'integer', value: 1n }, { kind: 'none' }] };

function offloaded(uri: string, sizeBytes: bigint = 100n): Literal {
  return { kind: 'offloaded', uri, sizeBytes };
}

/** An object as the engine writes it: a literal. Its bytes are those of an entry of a map, without the key. */
function bytesOf(literal: Literal): Uint8Array {
  const entry = encodeLiterals({ k: literal });
  const content = Buffer.from(entry);
  return Uint8Array.from(content.subarray(content.indexOf('k') + 3));
}

/** Inputs with what these objects hold in its places, and what was read. */
async function loaded(
  inputs: Readonly<Record<string, Literal>>,
  objects: Readonly<Record<string, Uint8Array | AgentError>>,
  maxBytes?: number,
) {
  const reads: { readonly url: string; readonly maxBytes: number; readonly signal: AbortSignal }[] = [];
  const store: ObjectReader = {
    async read(url, options) {
      reads.push({ url, ...options });
      const object = objects[url];
      if (object === undefined) throw new AgentError({ code: 'NOT_FOUND', message: 'no such object' });
      if (AgentError.is(object)) throw object;
      return object;
    },
  };
  return { inputs: await lazyInputs(encodeLiterals(inputs)).loaded({ store, signal, maxBytes }), reads };
}

describe('offloaded inputs', () => {
  test('are read to their announced size, and stand where they were', async () => {
    const { inputs, reads } = await loaded(
      { numbers: offloaded('s3://b/o'), name: { kind: 'string', value: 's3://b/name' } },
      { 's3://b/o': bytesOf(list) },
    );
    expect(inputs.literals.get('numbers')).toEqual(list);
    expect(inputs.string('name')).toBe('s3://b/name');
    expect(reads).toEqual([{ url: 's3://b/o', maxBytes: 100, signal }]);
  });

  test('are found in lists, maps and unions', async () => {
    const there = offloaded('s3://b/o', 10n);
    const type = { kind: 'simple', simple: 'STRUCT' } as const;
    const { inputs } = await loaded(
      { deep: { kind: 'collection', items: [{ kind: 'map', entries: new Map([['k', { kind: 'union', value: there, type }]]) }, there] } },
      { 's3://b/o': bytesOf({ kind: 'boolean', value: true }) },
    );
    expect(inputs.value('deep')).toEqual([{ k: true }, true]);
  });

  test('leave their size as it was told', async () => {
    const given = lazyInputs(encodeLiterals({ x: offloaded('s3://b/o') }));
    const { inputs } = await loaded({ x: offloaded('s3://b/o') }, { 's3://b/o': bytesOf(list) });
    expect(inputs.byteLength).toBe(given.byteLength);
  });

  test('that are not there are not looked for: the same inputs come back, undecoded', async () => {
    const store: ObjectReader = { read: () => Promise.reject(new Error('was read')) };
    const encoded = { byteLength: 1, decode: () => expect.fail('was decoded'), hasOffloaded: () => false, decodeObject: decodeLiteral };
    for (const inputs of [Inputs.encoded(encoded), Inputs.of(new Map([['x', offloaded('s3://b/o')]]))])
      expect(await inputs.loaded({ store, signal })).toBe(inputs);
  });

  test('without a store are refused when they are read, by name and place', () => {
    const inputs = Inputs.of(new Map([['numbers', offloaded('s3://b/o', 7n)]]));
    expect(() => inputs.value('numbers')).toThrow(
      expect.objectContaining({
        code: 'FAILED_PRECONDITION',
        origin: 'system',
        message: 'input numbers: is offloaded to s3://b/o (7 bytes), and there is no object store to read it from',
      }),
    );
  });

  test.each<[string, Literal, Readonly<Record<string, Uint8Array | AgentError>>, string]>([
    [
      'too large, without reading them',
      offloaded('s3://b/o', 2001n),
      {},
      'expected at most 2000 bytes in all that is offloaded, got 2001 bytes here',
    ],
    ['not there', offloaded('s3://b/o'), {}, 'no such object'],
    [
      'refused',
      offloaded('s3://b/o'),
      { 's3://b/o': new AgentError({ code: 'PERMISSION_DENIED', message: 'access denied' }) },
      'access denied',
    ],
    ['no literals', offloaded('s3://b/o'), { 's3://b/o': Uint8Array.of(0xff) }, 'what it is offloaded to is not an encoded literal'],
    ['empty', offloaded('s3://b/o'), { 's3://b/o': new Uint8Array() }, 'expected a value, got a literal without one'],
    ['elsewhere again and again', offloaded('s3://b/o'), { 's3://b/o': bytesOf(offloaded('s3://b/o')) }, 'got 3 times only where it is'],
  ])('that are %s fail those who read them, by name and place, and nobody else', async (_name, literal, objects, why) => {
    const { inputs } = await loaded(
      { numbers: { kind: 'collection', items: [literal] }, name: { kind: 'string', value: 'a' } },
      objects,
      2000,
    );
    expect(inputs.string('name')).toBe('a');
    const message = expect.stringMatching(/^input numbers\[0\]: is offloaded to s3:\/\/b\/o, which cannot be read: /);
    expect(() => inputs.value('numbers')).toThrow(expect.objectContaining({ message }));
    expect(() => inputs.value('numbers')).toThrow(why);
    expect(() => inputs.json('numbers')).toThrow(why);
  });

  test('share one limit of bytes', async () => {
    const objects = { 's3://b/1': bytesOf(list), 's3://b/2': bytesOf(list) };
    const { inputs, reads } = await loaded({ a: offloaded('s3://b/1', 1500n), b: offloaded('s3://b/2', 501n) }, objects, 2000);
    expect(inputs.value('a')).toEqual([1n, null]);
    expect(() => inputs.value('b')).toThrow('expected at most 2000 bytes in all that is offloaded, got 501 bytes here');
    expect(reads.map(({ url }) => url)).toEqual(['s3://b/1']);
  });

  test('of no announced size may have what is left', async () => {
    const { reads } = await loaded({ a: offloaded('s3://b/1', 0n) }, { 's3://b/1': bytesOf(list) });
    expect(reads[0]?.maxBytes).toBe(10 * 1024 * 1024);
  });

  test('are at most a hundred', async () => {
    const items = Array.from({ length: 103 }, () => offloaded('s3://b/o', 10n));
    const { inputs, reads } = await loaded({ x: { kind: 'collection', items } }, { 's3://b/o': bytesOf({ kind: 'none' }) });
    expect(reads).toHaveLength(100);
    expect(() => inputs.value('x')).toThrow('expected at most 100 offloaded values, got more');
  });

  test('whose store does not answer are a fault that passes', async () => {
    const fault = new AgentError({ code: 'UNAVAILABLE', message: 'slow down' });
    await expect(loaded({ x: offloaded('s3://b/o') }, { 's3://b/o': fault })).rejects.toBe(fault);
  });
});

test('whether a part of a literal is offloaded', () => {
  const type = { kind: 'simple', simple: 'NONE' } as const;
  const inMap: Literal = { kind: 'map', entries: new Map([['k', offloaded('s3://b/o')]]) };
  const inList: Literal = { kind: 'collection', items: [{ kind: 'none' }, { kind: 'union', value: inMap, type }] };
  const nowhere: Literal = { kind: 'union', value: { kind: 'collection', items: [{ kind: 'none' }] }, type };
  expect([offloaded('s3://b/o'), inMap, inList, nowhere].map(isOffloaded)).toEqual([true, true, true, false]);
});
