import { expect, test } from 'vitest';
import { parseDatetime, parseDuration } from './time.ts';

test.each([
  ['90s', '90s'],
  ['90', '90s'],
  ['1.5', '1.5s'],
  ['1h30m', '5400s'],
  ['1.5h', '5400s'],
  ['250ms', '0.25s'],
  ['1ns', '0.000000001s'],
  ['-1m', '-60s'],
  ['2d', '172800s'],
  ['0.1234567891s', '0.123456789s'],
])('the duration %s is %s', (text, expected) => {
  expect(String(parseDuration(text))).toBe(expected);
});

test.each(['', 'soon', '1 h', '1x', 's', '1.s', '1h-2m'])('%j is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test.each([
  ['2026-11-21', '2026-11-21T00:00:00Z'],
  ['2026-11-21T10:30', '2026-11-21T10:30:00Z'],
  ['2026-11-21 10:30:05', '2026-11-21T10:30:05Z'],
  ['2026-11-21T10:30:05.000000001Z', '2026-11-21T10:30:05.000000001Z'],
  ['2026-11-21T10:30:05.5+01:00', '2026-11-21T09:30:05.500Z'],
  ['2026-11-21T10:30:05-0530', '2026-11-21T16:00:05Z'],
  ['1969-12-31T23:59:59.5Z', '1969-12-31T23:59:59.500Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z'],
])('the time %s is %s', (text, expected) => {
  expect(String(parseDatetime(text))).toBe(expected);
});

test.each(['', 'now', '2026-02-30', '2026-13-01', '21.11.2026', '2026-11-21T25:00', '1700000000'])('%j is no time', (text) => {
  expect(parseDatetime(text)).toBeUndefined();
});
