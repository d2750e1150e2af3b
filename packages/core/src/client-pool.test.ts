import { describe, expect, test } from 'vitest';
import { ClientPool, type ClientKey } from './client-pool.ts';

const key: ClientKey = { tenant: '["p","d",""]', host: 'a.example', secrets: ['token', undefined] };

/** A pool, and how it makes its clients. */
function harness(capacity?: number) {
  let made = 0;
  const pool = new ClientPool<{ readonly number: number }>(capacity);
  const make = async (): Promise<{ readonly number: number }> => ({ number: ++made });
  return {
    pool,
    make,
    numbers: async (...keys: readonly ClientKey[]) => Promise.all(keys.map(async (each) => (await pool.get(each, make)).number)),
  };
}

describe('C16: a client', () => {
  test('is made once for all calls of a tenant to a host, also when they come together', async () => {
    const { numbers } = harness();
    expect(await numbers(key, { ...key }, key)).toEqual([1, 1, 1]);
    expect(await numbers(key)).toEqual([1]);
  });

  test.each<[string, Partial<ClientKey>]>([
    ['tenant', { tenant: '["p","e",""]' }],
    ['host', { host: 'b.example' }],
    ['secret', { secrets: ['rotated', undefined] }],
    ['number of secrets', { secrets: ['token'] }],
  ])('is another one for another %s', async (_what, other) => {
    const { numbers } = harness();
    expect(await numbers(key, { ...key, ...other }, key)).toEqual([1, 2, 1]);
  });

  test('needs no secret', async () => {
    const { numbers } = harness();
    const { tenant, host } = key;
    expect(await numbers({ tenant, host }, { tenant, host, secrets: [] }, key)).toEqual([1, 1, 2]);
  });

  test('that could not be made is made anew by the next call', async () => {
    const { pool, make } = harness();
    const both = await Promise.allSettled([pool.get(key, () => Promise.reject(new Error('refused'))), pool.get(key, make)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await pool.get(key, make)).toEqual({ number: 1 });
  });

  test('is dropped when there are too many: the one that was not used for the longest time', async () => {
    const { pool, make } = harness(2);
    const numbers: number[] = [];
    for (const host of ['a', 'b', 'a', 'c', 'a', 'b']) numbers.push((await pool.get({ ...key, host }, make)).number);
    expect(numbers).toEqual([1, 2, 1, 3, 1, 4]);
  });
});
