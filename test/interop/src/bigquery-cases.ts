import type { DocumentObject, InputValue, TaskResult } from '@flyte-agents/cli';
import { FlyteDatetime, FlyteDuration } from '@flyte-agents/core';
import { expect, vi } from 'vitest';

/** One stand-in for BigQuery, and the agent that talks to it. It has tables `shop.orders`, with two rows, and `shop.log`. */
export interface Stage {
  /** Runs a query as a task on our server. */
  readonly run: (sql: string, task?: Task) => Promise<TaskResult>;
  /** The rows that its job gave, through the jobs API. */
  readonly rows: (result: TaskResult) => Promise<readonly unknown[]>;
  /** Asks the stand-in itself, below its project. */
  readonly ask: (method: string, path: string, body?: object) => Promise<Answer>;
}

/** What a task has besides its SQL. */
interface Task {
  readonly custom?: DocumentObject;
  /** Each as its type and its value. */
  readonly inputs?: Readonly<Record<string, readonly [type: DocumentObject, value: InputValue]>>;
  /** By name, their types. Default: the table as `results`. */
  readonly outputs?: Readonly<Record<string, DocumentObject>>;
}

/** What the cases read of a stand-in's answer. */
interface Answer {
  /** The HTTP status. */
  readonly code: number;
  readonly jobReference?: { readonly location?: string };
  readonly configuration?: { readonly labels?: object };
  readonly status?: { readonly state: string; readonly errorResult?: { readonly reason: string } };
  readonly rows?: readonly { readonly f: readonly { readonly v: unknown }[] }[];
}

/** Something that must be so wherever the agent's jobs run: what is looked at, and what is seen, as `toMatchObject` has it. */
export type Case = readonly [name: string, look: (stage: Stage) => Promise<object>, seen: object];

const simple = (type: string): DocumentObject => ({ simple: type });
const typed = (types: Readonly<Record<string, string>>): DocumentObject => ({
  queryParameters: Object.entries(types).map(([name, type]) => ({ name, parameterType: { type } })),
});
const time = new FlyteDatetime(1_767_323_045n, 678_901_000);
const text = '12345678901234567890.123456789';

/** The only row of a query that selects its inputs. */
function echo(task: Task): (stage: Stage) => Promise<object> {
  const sql = `SELECT ${Object.keys(task.inputs ?? {})
    .map((name) => `@${name} AS ${name}`)
    .join(', ')}`;
  return async ({ run, rows }) => rows(await run(sql, task));
}

/** The request that inserts a job into the stand-in itself. */
function toInsert(jobId: string, query: string): object {
  return { jobReference: { projectId: 'p', jobId }, configuration: { query: { query, useLegacySql: false } } };
}

const parameters: readonly Case[] = [
  [
    'BQ3: integers, texts and booleans',
    echo({
      inputs: {
        big: [simple('INTEGER'), 9_007_199_254_740_993n],
        name: [simple('STRING'), 'it\'s "ü"'],
        flag: [simple('BOOLEAN'), true],
      },
    }),
    [['9007199254740993', 'it\'s "ü"', 'true']],
  ],
  ['BQ3: floats', echo({ inputs: { ratio: [simple('FLOAT'), 0.1], half: [simple('FLOAT'), 0.5] } }), [['0.1', '0.5']]],
  [
    'BQ3: dates and times',
    echo({
      inputs: {
        d: [simple('DATETIME'), time],
        t: [simple('DATETIME'), time],
        dt: [simple('DATETIME'), time],
        ts: [simple('DATETIME'), time],
      },
      custom: typed({ d: 'DATE', t: 'TIME', ts: 'TIMESTAMP' }),
    }),
    [['2026-01-02', '03:04:05.678901', '2026-01-02T03:04:05.678901', '1767323045678901']],
  ],
  ['BQ3: numerics', echo({ inputs: { n: [simple('STRING'), text] }, custom: typed({ n: 'NUMERIC' }) }), [[text]]],
  ['BQ3: bytes', echo({ inputs: { b: [simple('STRING'), 'AP8='] }, custom: typed({ b: 'BYTES' }) }), [['AP8=']]],
  ['BQ3: JSON', echo({ inputs: { j: [simple('STRING'), '{"a":[1,"x"]}'] }, custom: typed({ j: 'JSON' }) }), [['{"a":[1,"x"]}']]],
  ['BQ3: intervals', echo({ inputs: { i: [simple('DURATION'), new FlyteDuration(3605n)] } }), [['0-0 0 1:0:5']]],
  ['BQ3: null', echo({ inputs: { x: [{ unionType: { variants: [simple('INTEGER'), simple('NONE')] } }, null] } }), [[null]]],
  [
    'BQ3: lists',
    echo({ inputs: { ids: [{ collectionType: simple('INTEGER') }, [1n, 9_007_199_254_740_993n]] } }),
    [[[{ v: '1' }, { v: '9007199254740993' }]]],
  ],
  [
    'BQ3: structs',
    async ({ run, rows }) => {
      const structTypes = [
        { name: 'id', type: { type: 'INT64' } },
        { name: 'name', type: { type: 'STRING' } },
      ];
      const custom = { queryParameters: [{ name: 's', parameterType: { type: 'STRUCT', structTypes } }] };
      return rows(
        await run('SELECT @s.name AS name, @s.id IS NULL AS missing', {
          custom,
          inputs: { s: [{ mapValueType: simple('STRING') }, { name: 'ada' }] },
        }),
      );
    },
    [['ada', 'true']],
  ],
];

const tables: readonly Case[] = [
  [
    'BQ2, BQ7: a table is written as the dispositions say, and is the output',
    async ({ run, rows }) => {
      const destinationTable = { projectId: 'p', datasetId: 'shop', tableId: 'written' };
      const first = await run('SELECT 1 AS x', { custom: { destinationTable, writeDisposition: 'WRITE_TRUNCATE' } });
      await run('SELECT 2 AS x', { custom: { destinationTable, writeDisposition: 'WRITE_APPEND' } });
      const written = await rows(await run('SELECT x FROM `p.shop.written` ORDER BY x'));
      const refused = await run('SELECT 3 AS x', { custom: { destinationTable, writeDisposition: 'WRITE_EMPTY' } });
      return { output: first.outputs?.get('results'), written, refused };
    },
    {
      output: { uri: 'bq://p:shop.written' },
      written: [['1'], ['2']],
      refused: { phase: 'FAILED', message: expect.stringContaining('duplicate: Already Exists') },
    },
  ],
  [
    'BQ2: names without a dataset are of the default one',
    async ({ run, rows }) => {
      const custom = { defaultDataset: { projectId: 'p', datasetId: 'shop' } };
      return rows(await run('SELECT COUNT(*) AS n FROM orders', { custom }));
    },
    [['2']],
  ],
  [
    'BQ7: statements without a table give no output',
    async ({ run }) => [
      await run('INSERT INTO shop.log VALUES (1)', { outputs: {} }),
      await run('CREATE OR REPLACE TABLE shop.made (x INT64)'),
    ],
    [
      { phase: 'SUCCEEDED', outputs: undefined },
      { phase: 'FAILED', message: expect.stringContaining('gave no table, but the task declares one') },
    ],
  ],
  [
    "BQ7, BQ11: a script's output is the table of its last SELECT",
    async ({ run, rows }) => {
      const result = await run(
        'CREATE OR REPLACE TABLE shop.scripted AS SELECT 5 AS x; SELECT x + 1 AS y FROM shop.scripted; INSERT INTO shop.log VALUES (2);',
      );
      return { result, output: result.outputs?.get('results'), rows: await rows(result) };
    },
    { result: { phase: 'SUCCEEDED', customInfo: { statementType: 'SCRIPT' } }, output: { kind: 'dataset' }, rows: [['6']] },
  ],
  [
    'BQ14: columns of the only row are outputs',
    async ({ run }) => {
      const outputs = { total: simple('INTEGER'), day: simple('DATETIME') };
      const result = await run('SELECT SUM(id) AS total, DATE "2026-01-02" AS day FROM shop.orders', { outputs });
      return [result.outputs?.get('total'), result.outputs?.get('day')];
    },
    [
      { kind: 'integer', value: 3n },
      { kind: 'datetime', value: new FlyteDatetime(1_767_312_000n) },
    ],
  ],
];

const failures: readonly Case[] = [
  [
    'BQ9: wrong SQL is invalidQuery',
    async ({ run }) => run('SELECT FROM'),
    { phase: 'FAILED', message: expect.stringMatching(/BigQuery job flyte_\w+: (?:400 )?invalidQuery/) },
  ],
  [
    'BQ9: a table that is not there is notFound',
    async ({ run }) => run('SELECT * FROM shop.absent'),
    { phase: 'FAILED', message: expect.stringMatching(/notFound/) },
  ],
  [
    'BQ12: a query that would read more than it may is not run',
    async ({ run }) => run('SELECT * FROM shop.orders', { custom: { maximumBytesProcessed: '1' } }),
    { phase: 'FAILED', message: expect.stringContaining('1 are allowed (maximumBytesProcessed): it was not run') },
  ],
];

const jobs: readonly Case[] = [
  [
    'BQ1: an id is taken once',
    async ({ ask }) => [await ask('POST', 'jobs', toInsert('once', 'SELECT 1')), await ask('POST', 'jobs', toInsert('once', 'SELECT 2'))],
    [{ code: 200 }, { code: 409 }],
  ],
  ['BQ1: a job that nobody knows is not found', async ({ ask }) => ask('GET', 'jobs/unknown'), { code: 404 }],
  [
    'C21: labels are kept',
    async ({ run, ask }) => ask('GET', `jobs/${jobOf(await run('SELECT 1')).jobId}?location=EU`),
    { configuration: { labels: { 'flyte-key': expect.any(String) } } },
  ],
  ['BQ5: the location is kept', async ({ run }) => jobOf(await run('SELECT 1')), { location: 'EU' }],
  [
    'BQ8: a job that runs is cancelled',
    async ({ ask }) => {
      await ask(
        'POST',
        'jobs',
        toInsert('long', 'SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 1000)) a, UNNEST(GENERATE_ARRAY(1, 3000)) b'),
      );
      const before = await ask('GET', 'jobs/long');
      await ask('POST', 'jobs/long/cancel', {});
      const after = await vi.waitUntil(async () => {
        const job = await ask('GET', 'jobs/long');
        return job.status?.state === 'DONE' && job;
      }, 20_000);
      return { isRunning: before.status?.state !== 'DONE', after };
    },
    { isRunning: true, after: { status: { errorResult: { reason: 'stopped' } } } },
  ],
];

/** What must be so wherever the agent's jobs run. */
export const cases: readonly Case[] = [...parameters, ...tables, ...failures, ...jobs];

/** The job that a task's link leads to. */
export function jobOf({ links }: TaskResult): { readonly location: string; readonly jobId: string } {
  const [, location = '', jobId = ''] = /&j=bq:([^:]+):([^&]+)&/.exec(links[0]?.uri ?? '') ?? [];
  return { location, jobId };
}
