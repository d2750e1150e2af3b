import { join } from 'node:path';
import { readTaskFile, runTask, type RunTaskSettings, type TaskSource } from '@flyte-agents/cli';
import agents from '@flyte-agents/databricks';
import type { Smoke, Step } from './smoke.ts';

const example = join(import.meta.dirname, '../../../examples/databricks-notebook.yaml');
/** Before this, no compute is ready, in milliseconds. */
const cancelMs = 1000;

/** A statement, a notebook, one that is not there, and a run that is cancelled: on serverless compute of a workspace. */
export const databricksSmoke: Smoke = {
  needs: ['FLYTE_DATABRICKS_INSTANCE', 'FLYTE_DATABRICKS_ACCESS_TOKEN', 'DATABRICKS_SMOKE_WAREHOUSE', 'DATABRICKS_SMOKE_NOTEBOOK'],
  run: async function* () {
    const path = process.env['DATABRICKS_SMOKE_NOTEBOOK'];
    const warehouse = process.env['DATABRICKS_SMOKE_WAREHOUSE'];
    yield step('a statement', 'SUCCEEDED', await run(statement(warehouse)));
    yield step('a notebook', 'SUCCEEDED', await run(notebook(path)));
    yield step('a notebook that is not there', 'FAILED', await run(notebook(`${path}-broken`)));
    yield step('a notebook, cancelled', 'ABORTED', await run(await readTaskFile(example), { signal: AbortSignal.timeout(cancelMs) }));
  },
};

type Ended = Awaited<ReturnType<typeof runTask>>;

function statement(warehouse: string | undefined): TaskSource {
  const outputs = { variables: { answer: { type: { simple: 'INTEGER' } } } };
  const custom = { databricksWarehouseId: warehouse ?? '' };
  return { template: { type: 'databricks_sql', interface: { outputs }, custom, sql: { statement: 'SELECT 42 AS answer' } } };
}

function notebook(path: string | undefined): TaskSource {
  const databricksConf = { run_name: 'flyte-agents smoke test', environment_key: 'default' };
  return { template: { type: 'databricks', interface: {}, custom: { notebookPath: path ?? '', databricksConf } } };
}

async function run(task: TaskSource, settings: Partial<RunTaskSettings> = {}): Promise<Ended> {
  // A server of its own, which takes the token from this process's environment, as it would in a cluster.
  return runTask({ agents, task, callTimeoutMs: 60_000, ...settings });
}

function step(name: string, expected: string, { phase, message }: Ended): Step {
  return { name, isGood: phase === expected, message: `${phase} ${message}` };
}
