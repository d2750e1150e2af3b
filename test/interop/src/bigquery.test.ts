import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { finish, installTimeoutMs, pythonTool, requirement } from '@flyte-agents/test-upstreams';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acceptanceCases } from './accept.ts';
import { startBigQueryAgent, type BigQueryAgentServer } from './bigquery-server.ts';
import { fixturePath } from './fixtures.ts';
import { buildPropellerDrive, drive } from './propeller.ts';

const python = requirement('python3');
const go = requirement('go');
const scripts = join(import.meta.dirname, '../python');

/** A task as flytekit registered it, in protobuf JSON. */
interface Registered {
  readonly template: { readonly sql: { readonly statement: string } };
  readonly inputs: object;
}

/** What the Python scripts print. */
interface PythonOutcome {
  readonly uri: string;
  readonly job: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly rows: readonly (readonly string[])[];
  /** What the user of a query that is wrong reads. */
  readonly error: string;
}

let server: BigQueryAgentServer;
beforeAll(async () => {
  server = await startBigQueryAgent();
});
afterAll(async () => server.stop());

describe.skipIf(!python.available)(`the BigQuery agent, run from Python${python.note}`, () => {
  const row = [
    '9007199254740993',
    '0.1',
    'True',
    'Hamlet\'s "ghost"',
    '2026-01-02 03:04:05.678901',
    '2026-01-02',
    '[1, 2, 3]',
    'None',
    'from-config',
  ];

  test.each([
    ['flytekit', 'flytekit-bigquery', 'flytekit_bigquery.py', 'bq://p:out.flytekit'],
    ['flyte-sdk', 'flyte2-bigquery', 'flyte2_bigquery.py', 'bq://p:out.flyte2'],
  ])(
    "C19, BQ2, BQ3, BQ7, BQ9: %s's own BigQueryTask runs on this server, its output is the table, its rows are those that were asked for, and what is wrong is said",
    { timeout: installTimeoutMs },
    async (_sdk, tool, script, uri) => {
      const interpreter = await pythonTool(tool, join(scripts, `${tool}.txt`));
      const { ended, stdout, output } = await finish(interpreter, [join(scripts, script), server.endpoint, server.bigquery.endpoint]);
      expect({ ended, output }).toMatchObject({ ended: 'exit code 0' });
      const outcome: PythonOutcome = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
      expect(outcome).toMatchObject({ uri, rows: [row] });
      expect(outcome.job).toBe(`flyte_${outcome.labels['flyte-key']}`);
      expect(outcome.error).toMatch(/invalidQuery: Syntax error: .* see https:\/\/console\.cloud\.google\.com/);
    },
  );
});

describe.skipIf(!go.available)(`the BigQuery agent, driven by the plugin of Flyte 1.16.8's engine${go.note}`, () => {
  const { template, inputs }: Registered = JSON.parse(readFileSync(fixturePath('v1/bigquery.params-and-output.json'), 'utf8'));
  const slow = {
    ...template,
    sql: { statement: 'SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 100000)) a, UNNEST(GENERATE_ARRAY(1, 1000000)) b' },
  };
  const broken = { ...template, sql: { statement: 'SELECT FROM' } };
  let binary: string;
  beforeAll(async () => {
    binary = await buildPropellerDrive();
  }, installTimeoutMs);

  acceptanceCases({ subject: () => ({ binary, endpoint: server.endpoint, task: template, inputs }) });

  test('BQ7: the engine stores the table as the output', { timeout: 60_000 }, async () => {
    const report = await drive(binary, { endpoint: server.endpoint, task: template, inputs });
    const job = server.bigquery.jobs.at(-1);
    const uri = `bq://flyte-test-340607:_anonymous.${job?.destinationTable?.tableId}`;
    expect(report.executions?.[0]?.attempts[0]?.outputs).toMatchObject({
      literals: { results: { scalar: { structuredDataset: { uri } } } },
    });
  });

  test('BQ17: the engine is told what the job used', { timeout: 60_000 }, async () => {
    const report = await drive(binary, { endpoint: server.endpoint, task: template, inputs });
    expect(JSON.stringify(report.executions?.[0]?.attempts[0]?.transitions)).toContain('"statementType":"SELECT"');
  });

  test('BQ8, C4: an abort cancels the job', { timeout: 60_000 }, async () => {
    const report = await drive(binary, { endpoint: server.endpoint, task: slow, inputs, flags: ['--abort-after', '3', '--double-abort'] });
    expect(report.executions?.[0]?.attempts[0]).toMatchObject({ final_phase: 'Aborted', aborted: true });
    await expect.poll(() => server.bigquery.jobs.at(-1)?.error?.reason).toBe('stopped');
  });

  test('BQ9: a query that is wrong fails at once, says why, and spends no retry', { timeout: 60_000 }, async () => {
    const report = await drive(binary, { endpoint: server.endpoint, task: broken, inputs, flags: ['--max-attempts', '3'] });
    expect(report.executions?.[0]?.attempts).toMatchObject([{ final_phase: 'PermanentFailure' }]);
    expect(JSON.stringify(report)).toContain('invalidQuery: Syntax error');
  });

  test('BQ1, C31: a create whose answer is lost leaves no job behind: the next attempt cancels it', { timeout: 60_000 }, async () => {
    const before = server.bigquery.jobs.length;
    const flags = ['--max-attempts', '2', '--fault', 'CreateTask:1:UNAVAILABLE:after', '--abort-after', '6'];
    await drive(binary, { endpoint: server.endpoint, task: slow, inputs, flags });
    const attempts = server.bigquery.jobs.slice(before);
    expect(attempts.map(({ configuration }) => configuration.labels?.['flyte-attempt'])).toEqual(['0', '1']);
    await expect.poll(() => attempts.map(({ error }) => error?.reason)).toEqual(['stopped', 'stopped']);
  });
});
