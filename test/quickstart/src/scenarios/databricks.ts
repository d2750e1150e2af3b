import { join } from 'node:path';
import { readTaskFile } from '@flyte-agents/cli';
import { root, type Scenario } from '../scenario.ts';

const example = async (name: string): ReturnType<typeof readTaskFile> => readTaskFile(join(root, 'examples', `databricks-${name}.yaml`));

/** A notebook with a value, a statement with a result, code that fails, and a job that is cancelled. */
export async function databricksScenarios(): Promise<readonly Scenario[]> {
  return [
    {
      name: 'Databricks notebook',
      task: await example('notebook'),
      inputs: {},
      expected: { phase: 'SUCCEEDED', message: /Databricks run \d{16,}: SUCCESS/, outputs: /region=emea.*rows=3|rows=3.*region=emea/s },
    },
    {
      name: 'Databricks SQL',
      task: await example('sql'),
      inputs: { least: 2n },
      expected: { phase: 'SUCCEEDED', message: /Databricks statement [0-9a-f-]+: SUCCEEDED/, outputs: /total=42/ },
    },
    {
      name: 'Databricks, broken code',
      task: await example('broken'),
      inputs: {},
      expected: { phase: 'FAILED', message: /ZeroDivisionError: division by zero[^]*see https:\/\/acme\.cloud\.databricks\.com\// },
    },
    {
      name: 'Databricks job, cancelled',
      task: await example('job'),
      inputs: { day: '2026-01-01' },
      cancelAfterMs: 500,
      expected: { phase: 'ABORTED', message: /cancelled/ },
    },
  ];
}
