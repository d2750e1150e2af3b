import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { connect, type Client, type Connection } from '@flyte-agents/proto/client';
import { AsyncAgentService, CreateTaskRequestSchema, TaskExecution_Phase, type Resource } from '@flyte-agents/proto/flyte1';
import { finish, installTimeoutMs, pythonTool, requirement, startChild, type Finished } from '@flyte-agents/test-upstreams';

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { acceptanceCases } from './accept.ts';
import { fixturePath, readFixture } from './fixtures.ts';
import { buildPropellerDrive, drive } from './propeller.ts';
import { bucket, startSensorServer, type SensorServer } from './sensor-server.ts';

const python = requirement('python3');
const go = requirement('go', 'python3');
const scripts = join(import.meta.dirname, '../python');
const key = 'in/_SUCCESS';

describe.skipIf(!python.available)(`the file sensor on moto${python.note}`, () => {
  let server: SensorServer;
  beforeAll(async () => {
    server = await startSensorServer();
  }, installTimeoutMs);
  afterAll(async () => server.stop());
  beforeEach(async () => server.remove(key));

  describe('with the requests that flytekit serialises', () => {
    let connection: Connection;
    let agents: Client<typeof AsyncAgentService.method>;
    beforeAll(() => {
      connection = connect(server.endpoint);
      agents = connection.client(AsyncAgentService);
    });
    afterAll(() => connection.close());

    async function create(name: string): Promise<() => Promise<Resource | undefined>> {
      const request = fromBinary(CreateTaskRequestSchema, readFixture(`v1/${name}`).bytes);
      // The fixtures share one execution; each test is an execution of its own.
      request.outputPrefix = `s3://${bucket}/metadata/${randomUUID()}/n0/data/0`;
      const { resourceMeta } = await agents.createTask(request);
      const taskCategory = { name: request.template?.type ?? '', version: 0 };
      return async () => (await agents.getTask({ resourceMeta, taskCategory })).resource;
    }

    test.each(['sensor-file', 'sensor-task-type-file_sensor'])('SE1: %s waits until its object is there', async (name) => {
      const get = await create(name);
      expect(await get()).toMatchObject({ phase: TaskExecution_Phase.RUNNING, message: `waiting for s3://${bucket}/${key}` });
      await server.put(key);
      const found = await get();
      expect(found).toMatchObject({ phase: TaskExecution_Phase.SUCCEEDED });
      expect(found?.outputs).toBeUndefined();
    });

    test('SE1: a folder counts as there when an object is in it', async () => {
      const get = await create('sensor-file');
      await server.put(`${key}/part-0`);
      expect(await get()).toMatchObject({ phase: TaskExecution_Phase.SUCCEEDED });
      await server.remove(`${key}/part-0`);
    });

    test.each([
      ['sensor-file-https', /the host is not allowed on this server \(settings denyHosts, allowHosts\)/],
      ['sensor-user-config', /no sensor on this server claims the Python class user_sensors\.QueueSensor/],
    ])('R4: %s, which cannot be served, fails once and says why', async (name, message) => {
      const get = await create(name);
      expect(await get()).toMatchObject({ phase: TaskExecution_Phase.FAILED, message: expect.stringMatching(message) });
    });
  });

  describe('with flytekit as the client', () => {
    let interpreter: string;
    beforeAll(async () => {
      interpreter = await pythonTool('flytekit', join(scripts, 'flytekit.txt'));
    }, installTimeoutMs);

    async function run(path: string): Promise<Finished> {
      return finish(interpreter, [join(scripts, 'file_sensor.py'), server.endpoint, path]);
    }

    test("C19: flytekit's own FileSensor runs on this server", { timeout: 60_000 }, async () => {
      const running = run(`s3://${bucket}/${key}`);
      await server.put(key);
      const { ended, stdout, output } = await running;
      expect({ ended, output }).toMatchObject({ ended: 'exit code 0' });
      expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toEqual({ announced: ['file_sensor', 'sensor'], phase: 'SUCCEEDED' });
    });

    test('R4: its user reads what is wrong with the task', { timeout: 60_000 }, async () => {
      const { stdout } = await run('ftp://elsewhere/x');
      expect(stdout).toContain('input path: the location is a ftp:// URL');
    });
  });

  test('C20: the stubs that flyte-sdk uses run a task over the Flyte 2 services', { timeout: installTimeoutMs }, async () => {
    const interpreter = await pythonTool('flyte2', join(scripts, 'flyte2.txt'));
    const client = startChild(interpreter, [join(scripts, 'flyte2_client.py'), server.endpoint, fixturePath('v1/sensor-file.binpb')]);
    let stdout = '';
    client.stdout.on('data', (text: string) => {
      stdout += text;
    });
    await expect.poll(() => client.output(), { timeout: 20_000 }).toContain('RUNNING');
    await server.put(key);
    expect({ ended: await client.ended, output: client.output() }).toMatchObject({ ended: 'exit code 0' });
    expect(JSON.parse(stdout)).toEqual({
      listed: ['file_sensor', 'sensor'],
      sameReference: true,
      phases: ['RUNNING', 'SUCCEEDED'],
      message: `s3://${bucket}/${key} is there`,
    });
  });

  describe.skipIf(!go.available)(`driven by the plugin of Flyte 1.16.8's engine${go.note}`, () => {
    const { template, inputs } = readFixture('v1/sensor-file').request;
    let binary: string;
    beforeAll(async () => {
      binary = await buildPropellerDrive();
    }, installTimeoutMs);

    describe('with an object that is there', () => {
      beforeEach(async () => server.put(key));
      acceptanceCases({ subject: () => ({ binary, endpoint: server.endpoint, task: template, inputs }) });
    });

    test(
      'R3: a sensor that waits is polled while nothing is there, and ends by an abort without an error',
      { timeout: 60_000 },
      async () => {
        const report = await drive(binary, {
          endpoint: server.endpoint,
          task: template,
          inputs,
          flags: ['--abort-after', '3', '--double-abort'],
        });
        expect(report.executions?.[0]?.attempts[0]).toMatchObject({ final_phase: 'Aborted', aborted: true });
        expect(Object.keys(report.rpc_summary ?? {}).toSorted()).toEqual(['CreateTask OK', 'DeleteTask OK', 'GetTask OK', 'ListAgents OK']);
      },
    );

    test('R4: a task that can never run fails at once and spends no retry', { timeout: 60_000 }, async () => {
      const user = readFixture('v1/sensor-user-config').request;
      const flags = ['--max-attempts', '3'];
      const report = await drive(binary, { endpoint: server.endpoint, task: user.template, inputs: user.inputs, flags });
      expect(report.executions?.[0]?.attempts).toMatchObject([{ final_phase: 'PermanentFailure' }]);
      expect(JSON.stringify(report)).toContain('user_sensors.QueueSensor');
    });
  });
});
