import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import agents, { BigQueryError, connect } from '@flyte-agents/bigquery';
import { runTask, type RunTaskSettings, type TaskSource } from '@flyte-agents/cli';
import { FlyteDatetime, toValue } from '@flyte-agents/core';
import type { Smoke, Step } from './smoke.ts';

/** A query that is cancelled runs so long before, in milliseconds. */
const cancelMs = 5000;
const long = 'SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 100000)) a, UNNEST(GENERATE_ARRAY(1, 1000000)) b';

/** Parameters that come back, a query that is wrong, one that is cancelled, and one id twice; as whom Google's SDK finds. */
export const bigQuerySmoke: Smoke = {
  needs: ['BIGQUERY_SMOKE_PROJECT'],
  run: async function* () {
    yield await parameters();
    yield step('a query that is wrong', 'FAILED', await run(toTask('SELECT FROM')));
    yield step('a query, cancelled', 'ABORTED', await run(toTask(long), { signal: AbortSignal.timeout(cancelMs) }));
    yield await sameId();
  },
};

type Ended = Awaited<ReturnType<typeof runTask>>;

const project = process.env['BIGQUERY_SMOKE_PROJECT'] ?? '';

/** Reads no table, and so costs nothing. */
function toTask(statement: string, types: Readonly<Record<string, string>> = {}): TaskSource {
  const variables = Object.fromEntries(Object.entries(types).map(([name, simple]) => [name, { type: { simple } }]));
  const queryParameters = [{ name: 'amount', parameterType: { type: 'NUMERIC' } }];
  return {
    template: {
      type: 'bigquery_query_job_task',
      interface: { inputs: { variables }, outputs: { variables } },
      custom: { ProjectID: project, useQueryCache: false, queryParameters: 'amount' in types ? queryParameters : [] },
      sql: { statement },
    },
  };
}

async function run(task: TaskSource, settings: Partial<RunTaskSettings> = {}): Promise<Ended> {
  // A server of its own, which finds the credentials where it would in a cluster.
  return runTask({ agents, task, callTimeoutMs: 60_000, ...settings });
}

function step(name: string, expected: string, { phase, message }: Ended): Step {
  return { name, isGood: phase === expected, message: `${phase} ${message}` };
}

/** What is sent as parameters, comes back as columns. */
async function parameters(): Promise<Step> {
  const inputs = {
    big: 9_007_199_254_740_993n,
    ratio: 0.1,
    word: 'it\'s "ü"',
    at: new FlyteDatetime(1_767_323_045n, 678_901_000),
    amount: '12345678901234567890.123456789',
  };
  const types = { big: 'INTEGER', ratio: 'FLOAT', word: 'STRING', at: 'DATETIME', amount: 'STRING' };
  const ended = await run(toTask('SELECT @big AS big, @ratio AS ratio, @word AS word, @at AS at, @amount AS amount', types), { inputs });
  const outputs = Object.fromEntries([...(ended.outputs ?? [])].map(([name, literal]) => [name, toValue(literal, `output ${name}`)]));
  return {
    name: 'parameters, and columns as outputs',
    isGood: isDeepStrictEqual(outputs, inputs),
    message: `${ended.phase} ${ended.message}`,
  };
}

/** What the bound on duplicates rests on: BigQuery takes an id once. */
async function sameId(): Promise<Step> {
  const name = 'one id, twice';
  const client = await connect(project, {});
  const configuration = { query: { query: 'SELECT 1', useLegacySql: false } };
  const job = { project, location: 'US', jobId: `flyte_smoke_${randomUUID()}`, configuration, userAgent: 'flyte-agents' };
  await client.insert(job);
  try {
    await client.insert(job);
    return { name, isGood: false, message: `${job.jobId} was taken twice` };
  } catch (error) {
    if (!(error instanceof BigQueryError)) throw error;
    return { name, isGood: error.facts.reason === 'duplicate', message: error.message };
  }
}
