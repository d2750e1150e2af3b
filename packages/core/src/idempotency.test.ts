import { describe, expect, test } from 'vitest';
import { execution, template } from './__fixtures__/agents.ts';
import { attemptKey, earlierAttemptKeys, randomKey, type AttemptIdentity } from './idempotency.ts';

const outputPrefix = 's3://bucket/metadata/flytesnacks-development-f3a/n0/data/0';
const identity: AttemptIdentity = { task: template.id, execution, outputPrefix };

describe('the key of an attempt', () => {
  // Computed by Python: hashlib.sha256(json.dumps([...], separators=(',', ':'), ensure_ascii=False).encode()).hexdigest()[:32]
  test.each<[string, AttemptIdentity, string]>([
    ['an attempt', identity, 'e0b8e54bcda9931a5d6d7d1eaad89c8b'],
    ['an attempt of a named installation', { ...identity, instance: 'blue' }, '13427b6792eab032b33109436300521c'],
    [
      'names that JSON escapes, and that are not ASCII',
      {
        task: { org: 'not part of it', project: 'p', domain: 'd', name: 't\\ask', version: 'v é 😀' },
        execution: { ...execution, org: 'org-1', project: 'größe', domain: 'dev', name: 'run"1', node: 'a0', attempt: 3 },
        outputPrefix: 'gs://b/ab/run/a0/4',
      },
      '5f6f38e1dcd7c3da08d35de2a7510709',
    ],
  ])('C1: is a fixed hash for %s', (_name, known, key) => {
    expect(attemptKey(known)).toBe(key);
  });

  test.each<[string, AttemptIdentity]>([
    ['org', { ...identity, execution: { ...execution, org: 'x' } }],
    ['project', { ...identity, execution: { ...execution, project: 'x' } }],
    ['domain', { ...identity, execution: { ...execution, domain: 'x' } }],
    ['execution', { ...identity, execution: { ...execution, name: 'x' } }],
    ['node', { ...identity, execution: { ...execution, node: 'x' } }],
    ['task name', { ...identity, task: { ...template.id, name: 'x' } }],
    ['task version', { ...identity, task: { ...template.id, version: 'x' } }],
    ['retry attempt', { ...identity, execution: { ...execution, attempt: 1 } }],
    ['output prefix', { ...identity, outputPrefix: `${outputPrefix}/n1/data/0` }],
    ['instance', { ...identity, instance: 'x' }],
  ])('C1: changes with the %s', (_name, other) => {
    expect(attemptKey(other)).not.toBe(attemptKey(identity));
  });

  test('C1: does not change with anything else', () => {
    const other = {
      ...execution,
      namespace: 'x',
      labels: { a: 'b' },
      annotations: { a: 'b' },
      serviceAccount: 'x',
      environment: { A: 'b' },
    };
    expect(attemptKey({ task: { ...template.id, org: 'x', project: 'x', domain: 'x' }, execution: other, outputPrefix })).toBe(
      attemptKey(identity),
    );
  });

  test('C1: tells apart fields that read the same one after the other', () => {
    const one = attemptKey({ ...identity, execution: { ...execution, project: 'a', domain: 'bc' } });
    expect(attemptKey({ ...identity, execution: { ...execution, project: 'ab', domain: 'c' } })).not.toBe(one);
  });

  test.each<[string, AttemptIdentity]>([
    ['output prefix', { ...identity, outputPrefix: '' }],
    ['execution name', { ...identity, execution: { ...execution, name: '' } }],
  ])('C1: is none without an %s: every such call is new work', (_name, local) => {
    expect(attemptKey(local)).toBeUndefined();
    expect(earlierAttemptKeys({ ...local, execution: { ...local.execution, attempt: 1 } })).toEqual([]);
  });

  test('a random key has the form of the others and is another each time', () => {
    expect(randomKey()).toMatch(/^[0-9a-f]{32}$/);
    expect(randomKey()).not.toBe(randomKey());
  });
});

function at(attempt: number, prefix: string, instance?: string): AttemptIdentity {
  return { task: template.id, execution: { ...execution, attempt }, outputPrefix: prefix, instance };
}

describe('the keys of the attempts before', () => {
  test.each([
    ['Flyte 1, whose prefixes count from 0', 's3://b/n0/data', 0],
    ['Flyte 2, whose prefixes count from 1', 's3://b/run/a0', 1],
  ])('C31: are those attempts’ own keys on %s, the latest first', (_name, parent, first) => {
    for (const attempt of [1, 2, 9, 10, 11]) {
      const back = Array.from({ length: Math.min(attempt, 10) }, (_each, index) => attempt - 1 - index);
      const own = back.map((earlier) => attemptKey(at(earlier, `${parent}/${earlier + first}`, 'blue')));
      expect(earlierAttemptKeys(at(attempt, `${parent}/${attempt + first}`, 'blue'))).toEqual(own);
    }
  });

  test.each([
    ['the first attempt', 0, 's3://b/n0/data/0'],
    ['the first attempt of Flyte 2', 0, 's3://b/n0/data/1'],
    ['a prefix that ends with another number', 3, 's3://b/n0/data/1'],
    ['a prefix that ends with no number', 1, 's3://b/n0/data'],
    ['a prefix with a slash at its end', 1, 's3://b/n0/data/1/'],
    ['a prefix whose last part only ends with the number', 1, 's3://b/n0/attempt-1'],
    ['a prefix that is a number', 1, '1'],
  ])('C31: are unknown for %s', (_name, attempt, prefix) => {
    expect(earlierAttemptKeys(at(attempt, prefix))).toEqual([]);
  });
});
