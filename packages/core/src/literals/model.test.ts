import { describe, expect, test } from 'vitest';
import { FlyteDatetime, FlyteDuration } from './model.ts';

describe('a datetime', () => {
  test.each([
    [new FlyteDatetime(0n), '1970-01-01T00:00:00Z', 0],
    [new FlyteDatetime(-1n, 999_999_999), '1969-12-31T23:59:59.999999999Z', -1],
    [new FlyteDatetime(1n, 1_999_999), '1970-01-01T00:00:01.001999999Z', 1001],
    [new FlyteDatetime(1n, 500_000_000), '1970-01-01T00:00:01.500Z', 1500],
    [new FlyteDatetime(1n, 1000), '1970-01-01T00:00:01.000001Z', 1000],
    [new FlyteDatetime(-62_135_596_800n), '0001-01-01T00:00:00Z', -62_135_596_800_000],
    [new FlyteDatetime(253_402_300_799n, 999_999_999), '9999-12-31T23:59:59.999999999Z', 253_402_300_799_999],
  ])('%s is ISO text and, rounded down, a Date', (datetime, text, milliseconds) => {
    expect(String(datetime)).toBe(text);
    expect(datetime.toDate().getTime()).toBe(milliseconds);
  });

  test.each([0, 1, -1, 1500, -1500, 253_402_300_799_999])('of a Date at %i ms is that time', (milliseconds) => {
    const { seconds, nanos } = FlyteDatetime.fromDate(new Date(milliseconds));
    expect(Number(seconds) * 1000 + nanos / 1e6).toBe(milliseconds);
    expect(nanos).toBeGreaterThanOrEqual(0);
  });
});

describe('a duration', () => {
  test.each([
    [new FlyteDuration(0n), '0s', 0],
    [new FlyteDuration(1n, 500_000_000), '1.5s', 1500],
    [new FlyteDuration(-1n, -500_000_000), '-1.5s', -1500],
    [new FlyteDuration(0n, -1), '-0.000000001s', -1e-6],
    [new FlyteDuration(86_400n, 1000), '86400.000001s', 86_400_000.001],
  ])('%s is decimal text and milliseconds', (duration, text, milliseconds) => {
    expect(String(duration)).toBe(text);
    expect(duration.toMillis()).toBe(milliseconds);
  });
});
