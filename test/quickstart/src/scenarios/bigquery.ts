import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { readTaskFile } from '@flyte-agents/cli';
import type { BigQueryServer } from '@flyte-agents/test-upstreams';
import { createTwice } from '../create-twice.ts';
import { root, type Scenario } from '../scenario.ts';

const examples = join(root, 'examples');
const twice = `twice-${randomUUID().slice(0, 8)}`;

/** What the examples read. */
export const bigQueryTables = `
  CREATE SCHEMA shop;
  CREATE TABLE shop.orders AS
    SELECT 1 AS id, 'ada' AS customer, 10.5 AS amount, DATE '2026-01-02' AS day
    UNION ALL SELECT 2, 'ada', 4.5, DATE '2026-01-03'
    UNION ALL SELECT 3, 'grace', 20.0, DATE '2026-01-04'
    UNION ALL SELECT 4, 'grace', 99.0, DATE '2025-12-31'
`;

/** Queries whose results are shown, one that is wrong, one that is cancelled, and one whose create comes twice; their SQL runs for real. */
export async function bigQueryScenarios(): Promise<readonly Scenario[]> {
  const [query, rows, broken, long] = await Promise.all([
    readTaskFile(join(examples, 'bigquery-query.yaml')),
    readTaskFile(join(examples, 'bigquery-rows.yaml')),
    readTaskFile(join(examples, 'bigquery-broken.yaml')),
    readTaskFile(join(examples, 'bigquery-long.yaml')),
  ]);
  return [
    {
      name: 'BigQuery query',
      task: query,
      inputs: { least: 5, customers: ['ada', 'grace'] },
      expected: { phase: 'SUCCEEDED', message: /DONE/, outputs: /results=bq:\/\/my-project:_anonymous\.anonflyte_\S+ total=30\.5/ },
    },
    {
      name: 'BigQuery rows',
      task: rows,
      inputs: { customer: 'ada' },
      afterwards: ({ bigquery }) => rowsOf(bigquery, 'shop', 'report'),
      expected: {
        phase: 'SUCCEEDED',
        message: /DONE/,
        outputs:
          /results=bq:\/\/my-project:shop\.report rows: 2026-01-02 10\.5\S* 9007199254740993 \| 2026-01-03 4\.5\S* 18014398509481986/,
      },
    },
    {
      name: 'BigQuery, wrong SQL',
      task: broken,
      inputs: {},
      expected: {
        phase: 'FAILED',
        message: /invalidQuery: .*amout.*; see https:\/\/console\.cloud\.google\.com\/bigquery\?project=my-project&j=bq:EU:flyte_/,
      },
    },
    {
      name: 'BigQuery, cancelled',
      task: long,
      inputs: {},
      cancelAfterMs: 1000,
      afterwards: async ({ bigquery }) => `job: ${await stopped(bigquery)}`,
      expected: { phase: 'ABORTED', message: /cancelled/, outputs: /job: stopped/ },
    },
    {
      name: 'BigQuery, sent twice',
      task: rows,
      inputs: {},
      run: createTwice(
        {
          type: 'bigquery_query_job_task',
          custom: { ProjectID: 'my-project', Location: 'EU' },
          target: { case: 'sql', value: { statement: 'SELECT COUNT(*) FROM shop.orders' } },
        },
        twice,
      ),
      afterwards: async ({ bigquery }) =>
        `jobs: ${bigquery.jobs.filter(({ configuration }) => configuration.labels?.['flyte-execution'] === twice).length}`,
      expected: { phase: 'SUCCEEDED', message: /the same reference twice/, outputs: /jobs: 1/ },
    },
  ];
}

/** A table's rows, as BigQuery's API tells them. */
async function rowsOf({ endpoint }: BigQueryServer, dataset: string, table: string): Promise<string> {
  const response = await fetch(`${endpoint}/bigquery/v2/projects/my-project/datasets/${dataset}/tables/${table}/data`);
  const { rows }: { readonly rows: readonly { readonly f: readonly { readonly v: string }[] }[] } = JSON.parse(await response.text());
  return `rows: ${rows.map(({ f }) => f.map(({ v }) => v).join(' ')).join(' | ')}`;
}

/** How the job ended that was cancelled. */
async function stopped({ jobs }: BigQueryServer): Promise<string> {
  const job = jobs.find(({ configuration }) => configuration.query?.query.includes('GENERATE_ARRAY'));
  await job?.done;
  return job?.error?.reason ?? 'not stopped';
}
