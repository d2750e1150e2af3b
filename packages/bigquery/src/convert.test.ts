import type { Literal, LiteralType } from '@flyte-agents/core';
import { describe, expect, test } from 'vitest';
import { key, toTask, type TaskInit } from './__fixtures__/task.ts';
import { isOurs, toJobId, toNewJob, toPlace, toRef } from './convert.ts';
import type { BigQueryAgentOptions } from './options.ts';

const attribution = {
  'flyte-project': 'flytesnacks',
  'flyte-domain': 'development',
  'flyte-execution': 'f3a9c1',
  'flyte-node': 'n0',
  'flyte-attempt': '1',
};

function newJob(init: TaskInit, options: BigQueryAgentOptions = {}) {
  return toNewJob(toTask(init), key, options);
}

describe('a query job', () => {
  test('BQ1: has an id of the key, in letters that BigQuery takes', () => {
    expect(toJobId(key)).toMatch(/^[\w-]{1,1024}$/);
    expect(newJob({}).jobId).toBe(`flyte_${key}`);
  });

  test('C21: is labelled with whose it is, and with its key', () => {
    expect(newJob({}).configuration['labels']).toEqual({ ...attribution, 'flyte-key': key });
    expect(newJob({}, { labels: false }).configuration['labels']).toEqual({ 'flyte-key': key });
  });

  test('C21: has labels of letters that BigQuery takes', () => {
    const task = toTask({});
    const execution = { ...task.execution, name: 'Fa.3', node: `N0/${'x'.repeat(80)}`, project: '' };
    expect(toNewJob({ ...task, execution }, key, {}).configuration['labels']).toMatchObject({
      'flyte-execution': 'fa-3',
      'flyte-node': `n0-${'x'.repeat(60)}`,
    });
    expect(toNewJob({ ...task, execution }, key, {}).configuration['labels']).not.toHaveProperty('flyte-project');
  });

  test('BQ2: has all settings of the task, and those that are newer than the agent', () => {
    const settings = {
      destinationTable: { projectId: 'p1', datasetId: 'out', tableId: 'results' },
      defaultDataset: { projectId: 'p1', datasetId: 'src' },
      writeDisposition: 'WRITE_TRUNCATE',
      createDisposition: 'CREATE_IF_NEEDED',
      priority: 'BATCH',
      useQueryCache: false,
      maximumBytesBilled: '10000000000',
      maximumBillingTier: 1,
      schemaUpdateOptions: ['ALLOW_FIELD_ADDITION'],
      timePartitioning: { type: 'DAY', field: 'ts', expirationMs: '86400000' },
      rangePartitioning: { field: 'n', range: { start: '0', end: '100', interval: '10' } },
      clustering: { fields: ['a', 'b'] },
      connectionProperties: [{ key: 'time_zone', value: 'Europe/Paris' }],
      userDefinedFunctionResources: [{ inlineCode: 'return 1' }],
      scriptOptions: { statementTimeoutMs: '1000' },
      tableDefinitions: { ext: { sourceFormat: 'CSV' } },
      createSession: true,
      somethingOfTomorrow: { deep: [1, null] },
    };
    expect(newJob({ custom: settings }).configuration['query']).toEqual({ useLegacySql: false, ...settings, query: 'SELECT 1' });
  });

  test('BQ2: is standard SQL unless the task says otherwise, and has no setting that is null', () => {
    const custom = {
      useLegacySql: true,
      priority: null,
      secrets: { google_application_credentials: 'gcp-sa' },
      configs: {},
      query: 'DROP TABLE x',
    };
    expect(newJob({ custom }).configuration['query']).toEqual({ useLegacySql: true, query: 'SELECT 1' });
  });

  test('BQ3: has the inputs as parameters', () => {
    const inputs = new Map<string, Literal>([['n', { kind: 'integer', value: 5n }]]);
    expect(newJob({ inputs }).configuration['query']).toMatchObject({
      parameterMode: 'NAMED',
      queryParameters: [{ name: 'n', parameterType: { type: 'INT64' }, parameterValue: { value: '5' } }],
    });
  });

  test('BQ13: has limits, a reservation, a key and labels of its own', () => {
    const custom = {
      labels: { team: 'sales', 'flyte-key': 'mine' },
      jobTimeoutMs: 60000,
      maxSlots: '100',
      reservation: 'projects/p/locations/EU/reservations/r',
      destinationEncryptionConfiguration: { kmsKeyName: 'projects/p/locations/eu/keyRings/r/cryptoKeys/k' },
    };
    expect(newJob({ custom }).configuration).toMatchObject({
      labels: { ...attribution, team: 'sales', 'flyte-key': key },
      jobTimeoutMs: '60000',
      maxSlots: '100',
      reservation: 'projects/p/locations/EU/reservations/r',
      query: { destinationEncryptionConfiguration: { kmsKeyName: 'projects/p/locations/eu/keyRings/r/cryptoKeys/k' } },
    });
  });

  test("BQ13: ends at the task's timeout where the operator wants it, unless the task says when", () => {
    expect(newJob({ timeoutMs: 1_200_000 }).configuration).not.toHaveProperty('jobTimeoutMs');
    expect(newJob({ timeoutMs: 1_200_000 }, { jobTimeout: true }).configuration).toHaveProperty('jobTimeoutMs', '1200000');
    expect(newJob({ timeoutMs: 1_200_000, custom: { jobTimeoutMs: '5' } }, { jobTimeout: true }).configuration).toHaveProperty(
      'jobTimeoutMs',
      '5',
    );
  });

  test('C19: has only SQL and inputs where the operator wants it as it was', () => {
    const custom = { priority: 'BATCH', labels: { team: 'sales' }, queryParameters: [{ name: 'n', parameterType: { type: 'DATE' } }] };
    const inputs = new Map<string, Literal>([['n', { kind: 'integer', value: 5n }]]);
    expect(newJob({ custom, inputs }, { jobSettings: false }).configuration).toEqual({
      labels: { ...attribution, 'flyte-key': key },
      query: {
        useLegacySql: false,
        query: 'SELECT 1',
        parameterMode: 'NAMED',
        queryParameters: [{ name: 'n', parameterType: { type: 'INT64' }, parameterValue: { value: '5' } }],
      },
    });
  });

  test.each([
    ['1.16.31', {}, 'Flytekit/1.16.31 (GPN:Union;development)'],
    ['2.12.1', { Domain: 'production' }, 'Flyte/2.12.1 (GPN:Union;production)'],
  ])('C19: of SDK %s says so as the Python agents did', (sdkVersion, custom, userAgent) => {
    expect(newJob({ sdkVersion, custom }).userAgent).toBe(userAgent);
  });

  test('R4: without SQL is refused', () => {
    expect(() => newJob({ sql: ' ' })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: 'template.sql.statement is empty' }),
    );
  });
});

describe('BQ10: a job that is no query', () => {
  const destinationTable = { projectId: 'p1', datasetId: 'out', tableId: 't' };
  const sourceTable = { projectId: 'p1', datasetId: 'd', tableId: 't' };
  const file: Literal = { kind: 'blob', uri: 'gs://b/in.csv', format: 'csv', multipart: false };
  const folder: Literal = { kind: 'dataset', uri: 'gs://b/folder/', format: 'parquet', columns: [] };
  const table: Literal = { kind: 'dataset', uri: 'bq://p1:d.t', format: '', columns: [] };

  test.each<[string, object, Literal | undefined, object]>([
    [
      'loads files',
      { load: { destinationTable, sourceUris: ['gs://b/x'] } },
      undefined,
      { load: { destinationTable, sourceUris: ['gs://b/x'] } },
    ],
    ['loads a file that is its input', { load: { destinationTable } }, file, { load: { destinationTable, sourceUris: ['gs://b/in.csv'] } }],
    ['loads a folder', { load: { destinationTable } }, folder, { load: { destinationTable, sourceUris: ['gs://b/folder/*'] } }],
    [
      'loads a list of files',
      { load: { destinationTable } },
      { kind: 'collection', items: [file, { kind: 'string', value: 'gs://b/y' }] },
      { load: { destinationTable, sourceUris: ['gs://b/in.csv', 'gs://b/y'] } },
    ],
    [
      'extracts a table',
      { extract: { destinationUris: ['gs://b/out'] } },
      table,
      { extract: { destinationUris: ['gs://b/out'], sourceTable } },
    ],
    [
      'copies a table that SQL names',
      { copy: { destinationTable } },
      { kind: 'string', value: 'p1.d.t' },
      { copy: { destinationTable, sourceTable } },
    ],
    [
      'copies a table of a project with a domain',
      { copy: { destinationTable } },
      { kind: 'string', value: 'bq://example.com:p1:d.t' },
      { copy: { destinationTable, sourceTable: { ...sourceTable, projectId: 'example.com:p1' } } },
    ],
  ])('%s', (_name, custom, literal, expected) => {
    const { labels, ...configuration } = newJob({ custom, sql: '', inputs: literal && new Map([['source', literal]]) }).configuration;
    expect(configuration).toEqual(expected);
    expect(labels).toHaveProperty('flyte-key', key);
  });

  test.each<[string, Literal, string]>([
    ['source', { kind: 'integer', value: 5n }, 'input source: expected files or a table'],
    ['source', { kind: 'string', value: 'orders' }, 'input source: expected a table, bq://project:dataset.table'],
    ['limit', { kind: 'integer', value: 5n }, 'input limit: a copy job has no input but source'],
  ])('refuses the input %s', (name, literal, message) => {
    expect(() => newJob({ custom: { copy: { destinationTable } }, inputs: new Map([[name, literal]]) })).toThrow(message);
  });
});

describe('a reference', () => {
  const job = { jobReference: { jobId: 'j', location: 'EU' }, status: { state: 'PENDING' }, configuration: {} };
  const dataset: LiteralType = { kind: 'dataset', format: '', columns: [] };

  test('BQ5: has the project of the task and the location that BigQuery answered', () => {
    const place = toPlace(toTask({ outputs: { results: dataset } }));
    expect(place).toEqual({ project: 'p1', location: null, outputs: { results: 'TABLE' } });
    expect(toRef(job, place)).toEqual({ project: 'p1', jobId: 'j', location: 'EU', outputs: { results: 'TABLE' } });
    const silent = { ...job, jobReference: { jobId: 'j' } };
    expect(toRef(silent, toPlace(toTask({ custom: { Location: 'US' } })))).toMatchObject({ location: 'US' });
  });

  test('BQ14: knows which outputs are columns', () => {
    const outputs = toPlace(toTask({ outputs: { results: dataset, total: { kind: 'simple', simple: 'INTEGER' } } })).outputs;
    expect(outputs).toEqual({ results: 'TABLE', total: 'INTEGER' });
    expect(() => toPlace(toTask({ outputs: { x: { kind: 'collection', items: dataset } } }))).toThrow(
      'output x must be a structured dataset',
    );
  });

  test('C3: is only of a job that has the key of its id', () => {
    const own = { ...job, jobReference: { jobId: toJobId(key) }, configuration: { labels: { 'flyte-key': key } } };
    expect(isOurs(own)).toBe(true);
    expect(isOurs({ ...own, configuration: { labels: { 'flyte-key': key.replace('0', '1') } } })).toBe(false);
    expect(isOurs({ ...own, configuration: {} })).toBe(false);
    // What a Python agent started.
    expect(isOurs(job)).toBe(true);
  });
});
