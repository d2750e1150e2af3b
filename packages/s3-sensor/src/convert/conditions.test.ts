import { describe, expect, test } from 'vitest';
import { lookedAt, writtenAt } from '../__fixtures__/objects.ts';
import type { FileConfig } from '../config.ts';
import { judge, toConditions, type Finding, type Seen } from './conditions.ts';

const path = 's3://bucket/in/*';
const createdAt = writtenAt + 300_500;

function seen(name: string, changes: Partial<Seen> = {}): Seen {
  return { url: `s3://bucket/in/${name}`, key: `in/${name}`, size: 10, etag: '1', modifiedAt: writtenAt, metadata: {}, ...changes };
}

function found(config: FileConfig, ...objects: readonly Seen[]): Finding {
  return judge({ path, objects, seenAt: lookedAt }, toConditions(config, createdAt));
}

describe('SE8: what counts', () => {
  test.each<[string, FileConfig, Partial<Seen>, boolean]>([
    ['is as large as it must be', { min_size: 10 }, {}, true],
    ['is larger', { min_size: 9 }, {}, true],
    ['is smaller', { min_size: 11 }, {}, false],
    ['is empty, and may be', { min_size: 0 }, { size: 0 }, true],
    ['is newer', { newer_than: writtenAt - 1000 }, {}, true],
    ['is of the same second', { newer_than: writtenAt + 999 }, {}, true],
    ['is older', { newer_than: writtenAt + 1000 }, {}, false],
    ['was there before the task', { newer_than: 'start' }, {}, false],
    ['came in the second in which the task began', { newer_than: 'start' }, { modifiedAt: writtenAt + 300_000 }, true],
    ['has the metadata', { metadata: { State: 'final' } }, { metadata: { state: 'final', x: 'y' } }, true],
    ['has other metadata', { metadata: { state: 'final' } }, { metadata: { state: 'draft' } }, false],
    ['has no such metadata', { metadata: { state: 'final' } }, {}, false],
  ])('an object that %s', (_name, config, changes, met) => {
    expect(found(config, seen('a', changes)).met).toBe(met);
  });

  test('as many as must be there', () => {
    expect(found({ min_count: 2 }, seen('a'))).toEqual({ met: false, message: `waiting for ${path}: 1 of 2 there`, objects: [] });
    expect(found({ min_count: 2 }, seen('a'), seen('b'))).toMatchObject({ met: true, message: `${path} is there: 2 objects` });
  });

  test('only those that count are told', () => {
    const { objects, message } = found({ min_count: 1, min_size: 5 }, seen('a', { size: 1 }), seen('b'), seen('c'));
    expect(objects.map(({ key }) => key)).toEqual(['in/b', 'in/c']);
    expect(message).toBe(`${path} is there`);
    expect(found({ min_size: 5 }, seen('a', { size: 1 })).message).toBe(`waiting for ${path}: 0 of 1 there, 1 more that do not count`);
  });
});

describe('SE9: unchanged', () => {
  test.each([
    [600_000, true],
    [601_000, false],
  ])('for %i ms, by the store’s own clock', (unchanged, met) => {
    expect(found({ unchanged_for: unchanged }, seen('a')).met).toBe(met);
  });

  test('is what nothing was written to, whether it counts or not', () => {
    const young = seen('b', { modifiedAt: lookedAt - 5000, size: 1 });
    expect(found({ unchanged_for: 60_000, min_size: 5 }, seen('a'), young)).toEqual({
      met: false,
      message: `waiting for ${path}: changed 5 s ago, must be unchanged for 60 s`,
      objects: [],
    });
  });

  test('is not what was written a moment ahead of the clock', () => {
    expect(found({ unchanged_for: 1000 }, seen('a', { modifiedAt: lookedAt + 1000 })).message).toContain('changed 0 s ago');
  });
});

test.each<[FileConfig, Partial<Seen>, string]>([
  [
    { unchanged_for: 1000 },
    { modifiedAt: undefined },
    'sensor_config.unchanged_for cannot be checked for s3://bucket/in/a: its store tells no time of the last change',
  ],
  [{ newer_than: 'start' }, { modifiedAt: undefined }, 'sensor_config.newer_than cannot be checked'],
  [{ min_size: 1 }, { size: undefined }, 'sensor_config.min_size cannot be checked for s3://bucket/in/a: its store tells no size'],
  [{ metadata: { a: 'b' } }, { metadata: undefined }, 'sensor_config.metadata cannot be checked'],
])('SE9: %j is refused where the store does not tell', (config, changes, message) => {
  expect(() => found(config, seen('a', changes))).toThrow(
    expect.objectContaining({ code: 'FAILED_PRECONDITION', passes: false, message: expect.stringContaining(message) }),
  );
});
