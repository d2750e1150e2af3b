import { expect, test } from 'vitest';
import { parseJson, writeJson } from './json.ts';

test('64-bit ids are read without loss, other numbers as numbers', () => {
  expect(parseJson('{"run_id":9223372036854775807,"small":3,"share":1.5,"huge":1e300,"text":"9223372036854775807"}')).toEqual({
    run_id: '9223372036854775807',
    small: 3,
    share: 1.5,
    huge: 1e300,
    text: '9223372036854775807',
  });
});

test('64-bit ids are written as the integers that they are', () => {
  expect(writeJson({ run_id: '9223372036854775807' })).toBe('{"run_id":9223372036854775807}');
  expect(writeJson({ job_id: '1', b: '2' }, { only: ['x'] })).toBe('{"job_id":1,"b":2,"only":["x"]}');
});
