import { describe, expect, test } from 'vitest';
import jobs from '../__fixtures__/jobs.json' with { type: 'json' };
import type { Rows } from '../client.ts';
import type { JobRef } from '../config.ts';
import { columnsOf, toLink, toResource, type Findings } from './resource.ts';

const price = 6.25;
const ref: JobRef = { project: 'p1', jobId: 'job-1', location: 'EU', outputs: { results: 'TABLE' } };
const link = 'https://console.cloud.google.com/bigquery?project=p1&j=bq:EU:job-1&page=queryresults';
const dataset = (uri: string) => ({ kind: 'dataset', uri, format: '', columns: [] });

function resource(job: Findings['job'], more: Partial<Findings> = {}) {
  return toResource({ ref, job, children: [], ...more }, price);
}

test('BQ8: the link leads to the job, with project, location and id', () => {
  expect(toLink(ref)).toEqual({ name: 'BigQuery Console', uri: link });
  expect(toLink({ ...ref, project: 'example.com:p', location: null }).uri).toContain('?project=example.com%3Ap&j=bq:US:job-1&');
});

test.each([
  ['pending', 'WAITING_FOR_RESOURCES', 'PENDING'],
  ['running', 'RUNNING', 'RUNNING'],
] as const)('a job that is %s is %s', (name, phase, message) => {
  expect(resource(jobs[name])).toEqual({ phase, message });
});

test.each([
  ['select', 'bq://p1:_d1.anon1'],
  ['warned', 'bq://p1:out.loaded'],
  ['copied', 'bq://p1:out.copied'],
  ['extracted', 'gs://bucket/out'],
] as const)('BQ7, BQ10: the table of a job that is %s is its output', (name, uri) => {
  expect(resource(jobs[name])).toMatchObject({ phase: 'SUCCEEDED', message: 'DONE', outputs: { results: dataset(uri) } });
});

describe('BQ7: a job that gave no table', () => {
  test('has no output where none is declared', () => {
    const { phase, outputs } = resource(jobs.insert, { ref: { ...ref, outputs: {} } });
    expect([phase, outputs]).toEqual(['SUCCEEDED', undefined]);
  });

  test('fails the task where one is', () => {
    expect(() => resource(jobs.insert)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining('gave no table, but the task declares one (results)'),
      }),
    );
  });

  test('has none where a Python agent did not say', () => {
    expect(resource(jobs.insert, { ref: { ...ref, outputs: null } }).outputs).toBeUndefined();
    expect(resource(jobs.select, { ref: { ...ref, outputs: null } }).outputs).toEqual({ results: dataset('bq://p1:_d1.anon1') });
  });
});

test('BQ7, BQ11: the table of a script is that of its last SELECT, and its jobs are told', () => {
  const { outputs, customInfo } = resource(jobs.script, { children: jobs.scriptJobs });
  expect(outputs).toEqual({ results: dataset('bq://p1:_d1.anon2') });
  expect(customInfo).toMatchObject({
    statementType: 'SCRIPT',
    childJobs: [
      { jobId: 'script_job_3', statementType: 'DROP_TABLE', state: 'DONE' },
      { jobId: 'script_job_2', statementType: 'SELECT', state: 'DONE' },
      { jobId: 'script_job_1', statementType: 'CREATE_TABLE_AS_SELECT', state: 'DONE' },
      { jobId: 'script_job_0', statementType: 'SELECT', state: 'DONE' },
    ],
  });
});

test('BQ4: errors beside a success are warnings', () => {
  expect(resource(jobs.warned)).toMatchObject({
    phase: 'SUCCEEDED',
    customInfo: { warnings: ['invalid: Too many values in line. Found 3 column(s) while expected 2.'] },
  });
});

describe('C9: a job that failed', () => {
  test('says why, where, and in which job, and what a comment does in one line', () => {
    expect(resource(jobs.failed)).toMatchObject({
      phase: 'FAILED',
      message:
        'BigQuery job job-1: invalidQuery: Syntax error: Unexpected end of script (location query); ' +
        `use /* */ for comments: -- hides the rest of the query; see ${link}`,
    });
  });

  test('BQ8: that was cancelled says so', () => {
    const { phase, message } = resource(jobs.stopped);
    expect([phase, message]).toEqual(['FAILED', `BigQuery job job-1: stopped: the job was cancelled; see ${link}`]);
  });
});

describe('BQ17: what a job used is told:', () => {
  test('bytes, slots and an estimate of the cost', () => {
    expect(resource(jobs.select).customInfo).toEqual({
      statementType: 'SELECT',
      bytesProcessed: 219_902_325_555,
      bytesBilled: 219_902_325_555,
      slotMs: 1234,
      cacheHit: false,
      estimatedCostUsd: expect.closeTo(1.25, 6),
    });
  });

  test('a result that was there already costs nothing', () => {
    expect(resource(jobs.cached).customInfo).toMatchObject({ cacheHit: true, bytesBilled: 0, estimatedCostUsd: 0 });
  });

  test('slots that are reserved are paid for in any case', () => {
    expect(resource(jobs.reserved).customInfo).toMatchObject({ reservation: 'admin:EU.etl', slotMs: 9000, bytesBilled: 10_485_760 });
    expect(resource(jobs.reserved).customInfo).not.toHaveProperty('estimatedCostUsd');
  });
});

test('BQ14: columns of the only row are outputs, beside the table', () => {
  const rows: Rows = { schema: { fields: [{ name: 'total', type: 'INTEGER' }] }, rows: [{ f: [{ v: '9007199254740993' }] }] };
  const both: JobRef = { ...ref, outputs: { results: 'TABLE', total: 'INTEGER' } };
  expect([...columnsOf(both)]).toEqual([['total', 'INTEGER']]);
  expect(resource(jobs.select, { ref: both, rows }).outputs).toEqual({
    results: dataset('bq://p1:_d1.anon1'),
    total: { kind: 'integer', value: 9_007_199_254_740_993n },
  });
});
