import { expect, test } from 'vitest';
import { fromEnvironment } from './options.ts';

test('an operator sets nothing, or everything, by variables', () => {
  expect(Object.values(fromEnvironment({ PATH: '/bin' })).filter((value) => value !== undefined)).toEqual([]);
  expect(
    fromEnvironment({
      FLYTE_BIGQUERY_JOB_SETTINGS: 'false',
      FLYTE_BIGQUERY_LABELS: '0',
      FLYTE_BIGQUERY_MAXIMUM_BYTES_PROCESSED: '9007199254740993',
      FLYTE_BIGQUERY_JOB_TIMEOUT: 'true',
      FLYTE_BIGQUERY_PRICE_PER_TEBIBYTE: '7.5',
    }),
  ).toEqual({ jobSettings: false, labels: false, maximumBytesProcessed: 9_007_199_254_740_993n, jobTimeout: true, pricePerTebibyte: 7.5 });
});

test('a variable that cannot be read stops the start, by its name', () => {
  expect(() => fromEnvironment({ FLYTE_BIGQUERY_LABELS: 'perhaps' })).toThrow('FLYTE_BIGQUERY_LABELS');
  expect(() => fromEnvironment({ FLYTE_BIGQUERY_MAXIMUM_BYTES_PROCESSED: '1 GB' })).toThrow('FLYTE_BIGQUERY_MAXIMUM_BYTES_PROCESSED');
});
