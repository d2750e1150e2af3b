import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finish, installTimeoutMs, pythonTool, requirement, startSnowflake, type SnowflakeServer } from '@flyte-agents/test-upstreams';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { acceptanceCases } from './accept.ts';
import { buildPropellerDrive, drive } from './propeller.ts';
import { startSnowflakeAgentServer, type SnowflakeAgentServer } from './snowflake-server.ts';

const python = requirement('python3');
const go = requirement('go');
const scripts = join(import.meta.dirname, '../python');

/** What the Python scripts print. */
interface PythonOutcome {
  readonly uri: string;
  /** What a user reads of a statement that is wrong. */
  readonly error: string;
}

let upstream: SnowflakeServer;
let server: SnowflakeAgentServer;
beforeAll(async () => {
  upstream = await startSnowflake({ pendingMs: 0, runningMs: 0 });
  server = await startSnowflakeAgentServer(upstream.endpoint);
});
afterAll(async () => {
  await server.stop();
  await upstream.stop();
});

describe.skipIf(!python.available)(`the Snowflake agent, run from Python${python.note}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'snowflake-'));
  const keyFile = join(folder, 'key');
  beforeAll(() => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    writeFileSync(keyFile, privateKey.export({ type: 'pkcs8', format: 'pem' }));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    [
      'flytekit’s SnowflakeTask',
      'flytekit-snowflake',
      'flytekit_snowflake.py',
      [],
      ':',
      /000904 \(42000\): .*nowhere.* see https:\/\/app\.snowflake\.com/s,
    ],
    ['flyte-sdk’s Snowflake', 'flyte2-snowflake', 'flyte2_snowflake.py', [keyFile], '/', /^$/],
  ])(
    'C19, SF6, SF9: %s runs on this server, and its output is where its readers look',
    { timeout: installTimeoutMs },
    async (_sdk, tool, script, flags, separator, error) => {
      const interpreter = await pythonTool(tool, join(scripts, `${tool}.txt`));
      const { ended, stdout, output } = await finish(interpreter, [join(scripts, script), server.endpoint, ...flags]);
      expect({ ended, output }).toMatchObject({ ended: 'exit code 0' });
      const outcome: PythonOutcome = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
      const statement = upstream.statements.find(({ handle }) => outcome.uri.endsWith(handle));
      expect(outcome.uri).toBe(`snowflake://FLYTE${separator}MYORG-MYACCOUNT/WH/DEMO/PUBLIC/${statement?.handle}`);
      expect(statement?.body.statement).toBe(
        `SELECT 9007199254740993 AS big, 0.1 AS ratio, TRUE AS flag, 'Hamlet\\'s "ghost"' AS name, '2026-01-02 03:04:05.678901+00:00' AS at, '10%' AS share`,
      );
      const row = ['9007199254740993', '0.1', 'true', 'Hamlet\'s "ghost"', '2026-01-02 03:04:05.678901+00:00', '10%'];
      expect(statement).toMatchObject({ state: 'SUCCESS', answer: { data: [row] } });
      // Its user reads what is wrong with a statement, and where to look at it.
      expect(outcome.error).toMatch(error);
    },
  );
});

describe.skipIf(!go.available)(`the Snowflake agent, driven by the plugin of Flyte 1.16.8's engine${go.note}`, () => {
  const config = { account: 'MYORG-MYACCOUNT', user: 'FLYTE', database: 'DEMO', schema: 'PUBLIC', warehouse: 'WH' };
  const id = { resourceType: 'TASK', project: 'flytesnacks', domain: 'development', name: 'query', version: 'v1' };
  const task = { id, type: 'snowflake', config, interface: { inputs: {}, outputs: {} }, sql: { statement: 'SELECT 1' } };
  const slow = { ...task, sql: { statement: 'SELECT COUNT(*) FROM range(1000000) a, range(1000000) b' } };
  const broken = { ...task, sql: { statement: 'SELECT nothing FROM nowhere' } };
  const inputs = {};
  let binary: string;
  beforeAll(async () => {
    binary = await buildPropellerDrive();
  }, installTimeoutMs);

  acceptanceCases({ subject: () => ({ binary, endpoint: server.endpoint, task, inputs }) });

  test('SF8, C4: an abort cancels the statement', { timeout: 60_000 }, async () => {
    const report = await drive(binary, { endpoint: server.endpoint, task: slow, inputs, flags: ['--abort-after', '3', '--double-abort'] });
    expect(report.executions?.[0]?.attempts[0]).toMatchObject({ final_phase: 'Aborted', aborted: true });
    await expect.poll(() => upstream.statements.at(-1)?.state).toBe('ABORTED');
  });

  test('SF7: a statement that is wrong fails at once, says why, and spends no retry', { timeout: 60_000 }, async () => {
    const report = await drive(binary, { endpoint: server.endpoint, task: broken, inputs, flags: ['--max-attempts', '3'] });
    expect(report.executions?.[0]?.attempts).toMatchObject([{ final_phase: 'PermanentFailure' }]);
    expect(JSON.stringify(report)).toContain('000904 (42000)');
  });

  test('SF1, C31: a create whose answer is lost leaves no statement behind: the next attempt cancels it', { timeout: 60_000 }, async () => {
    const before = upstream.statements.length;
    const flags = ['--max-attempts', '2', '--fault', 'CreateTask:1:UNAVAILABLE:after', '--abort-after', '6'];
    await drive(binary, { endpoint: server.endpoint, task: slow, inputs, flags });
    const attempts = upstream.statements.slice(before);
    expect(attempts.map(({ tag }) => /"attempt":(\d)/.exec(tag)?.[1])).toEqual(['0', '1']);
    await expect.poll(() => attempts.map(({ state }) => state)).toEqual(['ABORTED', 'ABORTED']);
  });
});
