import { randomUUID } from 'node:crypto';
import { runTask, type RunTaskSettings } from '@flyte-agents/cli';
import agents, { connect } from '@flyte-agents/snowflake';
import type { Smoke, Step } from './smoke.ts';

/** A statement that is cancelled runs so long before, in milliseconds. */
const cancelMs = 5000;

/** A query, a statement that is wrong, one that is cancelled, and one request id twice; with the account of the variables. */
export const snowflakeSmoke: Smoke = {
  needs: ['SNOWFLAKE_ACCOUNT', 'SNOWFLAKE_USER', 'SNOWFLAKE_DATABASE', 'SNOWFLAKE_WAREHOUSE', 'SNOWFLAKE_PRIVATE_KEY'],
  run: async function* () {
    yield step('a query', 'SUCCEEDED', await run('SELECT 41 + 1 AS total'));
    yield step('a statement that is wrong', 'FAILED', await run('SELECT nothing FROM nowhere'));
    yield step('a statement, cancelled', 'ABORTED', await run('CALL SYSTEM$WAIT(60)', { signal: AbortSignal.timeout(cancelMs) }));
    yield await sameRequest();
  },
};

type Ended = Awaited<ReturnType<typeof runTask>>;

function variable(name: string): string {
  return process.env[`SNOWFLAKE_${name}`] ?? '';
}

async function run(statement: string, settings: Partial<RunTaskSettings> = {}): Promise<Ended> {
  const custom = { account: variable('ACCOUNT'), user: variable('USER'), database: variable('DATABASE'), warehouse: variable('WAREHOUSE') };
  const id = { resourceType: 'TASK', project: 'flytesnacks', domain: 'development', name: 'smoke', version: 'v1' };
  const task = { template: { id, type: 'snowflake', interface: {}, custom, sql: { statement } } };
  // A server of its own, which takes the key from this process's environment, as it would in a cluster.
  return runTask({ agents, task, callTimeoutMs: 60_000, ...settings });
}

function step(name: string, expected: string, { phase, message }: Ended): Step {
  return { name, isGood: phase === expected, message: `${phase} ${message}` };
}

/** What the bound on duplicates rests on: Snowflake runs a request id once, also while its statement runs. */
async function sameRequest(): Promise<Step> {
  const host = `${variable('ACCOUNT').toLowerCase().replaceAll('_', '-')}.snowflakecomputing.com`;
  const credentials = {
    account: variable('ACCOUNT'),
    user: variable('USER'),
    authenticator: 'SNOWFLAKE_JWT',
    privateKey: variable('PRIVATE_KEY'),
  } as const;
  const client = connect({ origin: process.env['FLYTE_SNOWFLAKE_URL'] ?? `https://${host}`, credentials, hide: () => undefined });
  const statement = { requestId: randomUUID(), body: { statement: 'CALL SYSTEM$WAIT(5)', warehouse: variable('WAREHOUSE') } };
  const handles = [(await client.submit(statement)).handle, (await client.submit(statement)).handle];
  return { name: 'one request id, twice', isGood: new Set(handles).size === 1, message: handles.join(' and ') };
}
