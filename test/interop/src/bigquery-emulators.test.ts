import { BigQueryAgent } from '@flyte-agents/bigquery';
import { runTask } from '@flyte-agents/cli';
import { createLogger, startServer, type AgentServer } from '@flyte-agents/core';
import {
  installTimeoutMs,
  requirement,
  startBigQuery,
  startBqEmulator,
  startGoEmulator,
  type BigQueryEmulator,
  type Requirement,
} from '@flyte-agents/test-upstreams';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { cases, jobOf, type Stage } from './bigquery-cases.ts';

/** A stand-in. */
interface Place {
  readonly name: string;
  readonly needs: Requirement;
  readonly start: () => Promise<BigQueryEmulator>;
  /** Cases that end otherwise there, by their names, and why. When one of them changes, its test fails. */
  readonly differences: Readonly<Record<string, string>>;
}

const places: readonly Place[] = [
  {
    name: 'our stand-in',
    needs: { available: true, note: '' },
    start: () => startBigQuery({ pendingMs: 20, runningMs: 20 }),
    differences: {},
  },
  {
    name: 'bqemulator',
    needs: requirement('python3'),
    start: startBqEmulator,
    differences: {
      'BQ1: an id is taken once': 'it takes the second job and forgets the first',
      'BQ2, BQ7: a table is written as the dispositions say, and is the output': 'it writes every result to a table of its own',
      'BQ5: the location is kept': 'it answers US',
      'BQ7: statements without a table give no output': 'it names a table for every statement',
      "BQ7, BQ11: a script's output is the table of its last SELECT": 'it keeps no rows of scripts',
      'BQ8: a job that runs is cancelled': 'it answers an insert when the query is done',
      'BQ12: a query that would read more than it may is not run': 'it says that every query reads nothing',
      'C21: labels are kept': 'it forgets them',
    },
  },
  // It takes many minutes to build: `pnpm test:emulators`.
  ...(process.env['FLYTE_AGENTS_EMULATORS'] === 'all'
    ? [
        {
          name: 'the emulator in Go',
          needs: requirement('go'),
          start: startGoEmulator,
          differences: {
            'BQ1: an id is taken once': 'it refuses the second job with 400',
            'BQ2, BQ7: a table is written as the dispositions say, and is the output': 'it heeds no WRITE_EMPTY',
            'BQ3: dates and times': 'it answers a DATETIME in microseconds',
            'BQ3: structs': 'it takes a STRUCT for a STRING',
            "BQ7, BQ11: a script's output is the table of its last SELECT": 'it has no jobs for the statements of a script',
            'BQ8: a job that runs is cancelled': 'it answers an insert when the query is done',
            'BQ9: wrong SQL is invalidQuery': 'it tells of a failure in the answer to the insert only',
            'BQ9: a table that is not there is notFound': 'it tells of a failure in the answer to the insert only',
          },
        },
      ]
    : []),
];

const tables = ['CREATE TABLE shop.log (n INT64)', 'CREATE TABLE shop.orders AS SELECT 1 AS id, 2.5 AS amount UNION ALL SELECT 2, 7.5'];

for (const { name: place, needs, start, differences } of places) {
  describe.skipIf(!needs.available)(`the BigQuery agent on ${place}${needs.note}`, () => {
    let emulator: BigQueryEmulator;
    let server: AgentServer;
    beforeAll(async () => {
      emulator = await start();
      vi.stubEnv('BIGQUERY_EMULATOR_HOST', emulator.endpoint);
      const logger = createLogger({ level: 'error' });
      server = await startServer({ agents: [new BigQueryAgent()], host: '127.0.0.1', port: 0, metricsPort: 0, logger });
      await ask('POST', 'datasets', { datasetReference: { projectId: 'p', datasetId: 'shop' } });
      for (const sql of tables) await run(sql, { outputs: {} });
    }, installTimeoutMs);
    afterAll(async () => {
      await server?.stop();
      await emulator?.stop();
      vi.unstubAllEnvs();
    });

    const ask: Stage['ask'] = async (method, path, body) => {
      const url = `${emulator.endpoint}/bigquery/v2/projects/p/${path}`;
      const headers = { 'content-type': 'application/json' };
      const response = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
      return { ...JSON.parse(await response.text()), code: response.status };
    };

    const run: Stage['run'] = async (sql, { custom = {}, inputs = {}, outputs = { results: { structuredDatasetType: {} } } } = {}) =>
      runTask({
        endpoint: `127.0.0.1:${server.port}`,
        task: {
          type: 'bigquery_query_job_task',
          interface: {
            inputs: { variables: Object.fromEntries(Object.entries(inputs).map(([name, [type]]) => [name, { type }])) },
            outputs: { variables: Object.fromEntries(Object.entries(outputs).map(([name, type]) => [name, { type }])) },
          },
          custom: { ProjectID: 'p', Location: 'EU', ...custom },
          sql: { statement: sql },
        },
        inputs: Object.fromEntries(Object.entries(inputs).map(([name, [, value]]) => [name, value])),
        pollIntervalMs: 50,
      });

    const rows: Stage['rows'] = async (result) => {
      const { jobId, location } = jobOf(result);
      const answer = await ask('GET', `queries/${jobId}?location=${location}&formatOptions.useInt64Timestamp=true`);
      return (answer.rows ?? []).map(({ f }) => f.map(({ v }) => v));
    };

    test.each(cases.filter(([name]) => differences[name] === undefined))('%s', async (_name, look, seen) => {
      expect(await look({ run, rows, ask })).toMatchObject(seen);
    });

    const other = cases.flatMap(([name, look, seen]) => (differences[name] ? [{ name, look, seen, instead: differences[name] }] : []));
    test.fails.each(other)('$name (not there: $instead)', async ({ look, seen }) => {
      expect(await look({ run, rows, ask })).toMatchObject(seen);
    });
  });
}
