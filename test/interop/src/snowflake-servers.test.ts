import { toJson } from '@bufbuild/protobuf';
import { ResourceSchema, TaskExecution_Phase } from '@flyte-agents/proto/flyte1';
import { installTimeoutMs, requirement, startFakesnow, startSnowduck, startSnowflake } from '@flyte-agents/test-upstreams';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endOf, startSnowflakeAgentServer, type SnowflakeAgentServer } from './snowflake-server.ts';

const { WAITING_FOR_RESOURCES, INITIALIZING, RUNNING, SUCCEEDED, FAILED, RETRYABLE_FAILED } = TaskExecution_Phase;
const unended = [WAITING_FOR_RESOURCES, INITIALIZING, RUNNING];
const python = requirement('python3');

/**
 * The same cases on our own stand-in and on snowduck. Of snowduck differ: what is submitted as asynchronous is never run (its
 * end is shown on what was submitted as synchronous), a repeated request id runs twice, any token is good, there is no history,
 * and nobody tells what a query waits for. Those are shown on our own alone (snowflake.test.ts).
 */
const subjects = [
  { name: 'our stand-in', start: () => startSnowflake({ pendingMs: 0, runningMs: 0 }), available: true, note: '' },
  { name: 'snowduck 0.3.0', start: startSnowduck, available: python.available, note: python.note },
];

for (const { name, start, available, note } of subjects) {
  describe.skipIf(!available)(`the SQL API of ${name}${note}`, () => {
    let upstream: Awaited<ReturnType<typeof start>>;
    let server: SnowflakeAgentServer;
    beforeAll(async () => {
      upstream = await start();
      server = await startSnowflakeAgentServer(upstream.endpoint);
    }, installTimeoutMs);
    afterAll(async () => {
      await server.stop();
      await upstream.stop();
    });

    async function submit(statement: string): Promise<string> {
      const response = await fetch(`${upstream.endpoint}/api/v2/statements`, { method: 'POST', body: JSON.stringify({ statement }) });
      const { statementHandle }: { statementHandle: string } = JSON.parse(await response.text());
      return statementHandle;
    }

    test('SF2, SF14: a statement that is done gives its row', async () => {
      const resource = await endOf(server.submitted(await submit('SELECT 41 + 1 AS total')), unended);
      expect(resource).toMatchObject({ phase: SUCCEEDED });
      const total = resource?.outputs?.literals['total']?.value;
      expect(total).toMatchObject({ value: { value: { value: { value: { value: 42n } } } } });
    });

    test('SF14: a list is a column of all rows, and one that is too long is refused', async () => {
      const [whole, long] = [
        await submit('SELECT range AS total FROM range(2500)'),
        await submit('SELECT range AS total FROM range(10001)'),
      ];
      const resource = await endOf(server.submitted(whole, { list: 'INTEGER' }), unended);
      const literals = Array.from({ length: 2500 }, (_literal, index) => ({ scalar: { primitive: { integer: String(index) } } }));
      expect(resource && toJson(ResourceSchema, resource)).toMatchObject({
        phase: 'SUCCEEDED',
        outputs: { literals: { total: { collection: { literals } } } },
      });
      await expect(endOf(server.submitted(long, { list: 'INTEGER' }), unended)).resolves.toMatchObject({
        phase: FAILED,
        message: expect.stringContaining('the result has 10001 rows'),
      });
    });

    test('SF7: a statement that is wrong fails with a code, an SQLSTATE and the link', async () => {
      const resource = await endOf(server.submitted(await submit('SELECT nothing FROM nowhere')), unended);
      expect(resource).toMatchObject({ phase: FAILED, message: expect.stringMatching(/: \d{6} \(\w{5}\): .*nowhere.*; see https:/is) });
    });

    test('SF1, SF8: a statement is submitted, runs, is cancelled once or twice, and has failed', async () => {
      const query = await server.create('SELECT COUNT(*) FROM range(1000000) a, range(1000000) b');
      expect(unended).toContain((await query.get())?.phase);
      await query.delete();
      await query.delete();
      expect(await endOf(query, unended)).toMatchObject({ phase: FAILED, message: expect.stringContaining('cancelled') });
    });

    test('C8: a statement that Snowflake does not know is waited for while it is young', async () => {
      expect(await server.submitted('01b2c3d4-0000-1111-0000-000000000001').get()).toMatchObject({ phase: RUNNING });
    });
  });
}

/** Of fakesnow, a session knows no queries but its own; nothing ever runs. So this shows the login and the question. */
describe.skipIf(!python.available)(`the sessions of fakesnow 0.12.1${python.note}`, () => {
  let upstream: Awaited<ReturnType<typeof startFakesnow>>;
  let server: SnowflakeAgentServer;
  beforeAll(async () => {
    upstream = await startFakesnow();
    server = await startSnowflakeAgentServer(upstream.endpoint);
  }, installTimeoutMs);
  afterAll(async () => {
    await server.stop();
    await upstream.stop();
  });

  test('SF4, C8: a session is logged in to with a key pair, and says that a query of a Python agent is not there', async () => {
    const query = server.legacy('01b2c3d4-0000-1111-0000-000000000001');
    expect(await query.get()).toMatchObject({ phase: RETRYABLE_FAILED, message: expect.stringContaining('job lost') });
  });
});
