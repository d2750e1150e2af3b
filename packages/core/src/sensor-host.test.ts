import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  badConfig,
  denied,
  during,
  failing,
  FlagSensor,
  recordingLogger,
  storedRequest,
  taskRequest,
  unavailable,
  type RequestChanges,
} from './__fixtures__/agents.ts';
import { literal, random } from './__fixtures__/generate.ts';
import { Creator } from './dispatcher/create.ts';
import { Poller } from './dispatcher/get.ts';
import { AgentError } from './errors.ts';
import type { JsonObject, Literal } from './literals/model.ts';
import { decodeReference } from './ref.ts';
import { AgentRegistry } from './registry.ts';
import { SensorHost } from './sensor-host.ts';
import { toKey } from './idempotency.ts';
import type { GetContext } from './task.ts';
import type { Sensor } from './sensor.ts';

beforeEach(() => vi.useFakeTimers({ now: 1_795_000_000_000 }));
afterEach(() => vi.useRealTimers());

const python = { sensor_module: 'flags', sensor_name: 'FlagSensor' };

interface Changes {
  readonly custom?: JsonObject;
  readonly type?: string;
  readonly timeoutMs?: number;
  readonly inputs?: RequestChanges['inputs'];
}

/** A server with these sensors: starts sensor tasks and polls them. */
function harness(...sensors: readonly Sensor<unknown>[]) {
  const flag = new FlagSensor();
  const registry = new AgentRegistry(sensors.length > 0 ? sensors : [flag]);
  const logger = recordingLogger();
  const creator = new Creator({ logger });
  let poller = new Poller({ registry, logger, unreachableAfterMs: 3_600_000 });
  let node = 0;
  const start = async ({ custom = { ...python, sensor_config: {} }, type = 'sensor', timeoutMs, inputs = {} }: Changes = {}) => {
    const request = taskRequest({ template: { type, custom, timeoutMs }, inputs, execution: { node: `n${node++}` } });
    const host = registry.find(type);
    if (host === undefined) throw new Error(`nobody serves ${type}`);
    const { reference } = await during((call) => creator.create(host, request, call));
    const poll = async (callerMs?: number) => (await during((call) => poller.get(storedRequest(reference, type), call), callerMs)).resource;
    return { reference, poll };
  };
  /** The server is started again: what it had in memory is gone. */
  const restart = (): void => {
    poller = new Poller({ registry: new AgentRegistry(sensors.length > 0 ? sensors : [flag]), logger, unreachableAfterMs: 3_600_000 });
  };
  return { flag, start, restart };
}

describe('SE1: a sensor task', () => {
  test('goes to the sensor that claims its Python class', async () => {
    const { flag, start } = harness();
    const { poll } = await start();
    expect(await poll()).toEqual({ phase: 'RUNNING', message: 'the flag is down' });
    expect(flag.poked).toHaveLength(1);
  });

  test('goes to the sensor of its kind, whatever class it names', async () => {
    const other = new FlagSensor('Queue', { kind: 'queue' });
    const { poll } = await harness(new FlagSensor(), other).start({ custom: { ...python, sensor_config: { kind: 'queue' } } });
    await poll();
    expect(other.poked).toHaveLength(1);
  });

  test('of type file_sensor with a path goes to the file sensor, whatever class made it', async () => {
    const file = new FlagSensor('File', { fileSensor: true });
    const { poll } = await harness(file).start({
      type: 'file_sensor',
      custom: { sensor_module: 'users', sensor_name: 'Mine' },
      inputs: { path: { kind: 'string', value: 's3://b/k' } },
    });
    await poll();
    expect(file.poked).toHaveLength(1);
  });

  test('of type file_sensor goes to the sensor of its class first', async () => {
    const [file, flag] = [new FlagSensor('File', { fileSensor: true }), new FlagSensor()];
    const { poll } = await harness(file, flag).start({
      type: 'file_sensor',
      custom: python,
      inputs: { path: { kind: 'string', value: 's3://b/k' } },
    });
    await poll();
    expect([file.poked.length, flag.poked.length]).toEqual([0, 1]);
  });

  test.each<[string, Changes]>([
    ['of type sensor', { inputs: { path: { kind: 'string', value: 's3://b/k' } } }],
    ['without a path', { type: 'file_sensor' }],
    ['whose path is no string', { type: 'file_sensor', inputs: { path: { kind: 'integer', value: 1n } } }],
  ])('%s is not the file sensor’s', async (_name, changes) => {
    const { poll } = await harness(new FlagSensor('File', { fileSensor: true })).start({
      custom: { sensor_module: 'users', sensor_name: 'Mine' },
      ...changes,
    });
    expect(await poll()).toMatchObject({
      phase: 'FAILED',
      message: expect.stringContaining('no sensor on this server claims the Python class users.Mine'),
    });
  });

  test.each<[string, JsonObject, string]>([
    ['of an unknown class', { sensor_module: 'os', sensor_name: 'system' }, 'the Python class os.system'],
    ['of no class', {}, 'the Python class (no module).(no name)'],
    ['of an unknown kind', { ...python, sensor_config: { kind: 'kafka' } }, 'sensor_config.kind kafka'],
  ])('C14: %s is refused by name, and nothing is imported', async (_name, custom, asked) => {
    const { flag, start } = harness();
    const { poll } = await start({ custom });
    expect(await poll()).toEqual({
      phase: 'FAILED',
      message: `no sensor on this server claims ${asked} (installed: flags.FlagSensor, kind flag); Python code is never run here: install or write a sensor package that claims it`,
    });
    expect(flag.poked).toHaveLength(0);
  });

  test.each<[string, JsonObject, RegExp]>([
    ['template.custom', { sensor_module: 5 }, /^template\.custom is not valid: sensor_module: /],
    ['template.custom', { ...python, sensor_config: 'x' }, /^template\.custom is not valid: sensor_config: /],
    [
      'the timeout',
      { ...python, sensor_config: { timeout: '5 minutes' } },
      /sensor_config\.timeout: .*expected seconds, or a number with a unit/,
    ],
    ['the timeout', { ...python, sensor_config: { timeout: 0 } }, /sensor_config\.timeout: expected seconds/],
    ['the timeout', { ...python, sensor_config: { timeout: '0s' } }, /sensor_config\.timeout: expected seconds/],
    ['sensor_config', { ...python, sensor_config: { flag: 5 } }, /^sensor_config is not valid: flag: /],
    ['what the sensor checks', { ...python, sensor_config: { flag: 'torn' } }, /^the flag is torn$/],
  ])('SE4: whose %s is wrong fails at once, before the first poke', async (_name, custom, message) => {
    const { flag, start } = harness();
    const { poll } = await start({ custom });
    expect(await poll()).toEqual({ phase: 'FAILED', message: expect.stringMatching(message) });
    expect(flag.poked).toHaveLength(0);
  });

  test('whose sensor is gone fails and names it', async () => {
    const { start } = harness();
    const { reference } = await start();
    const poller = new Poller({
      registry: new AgentRegistry([new FlagSensor('Other', { kind: 'other' })]),
      logger: recordingLogger(),
      unreachableAfterMs: 1,
    });
    const { resource } = await during((call) => poller.get(storedRequest(reference, 'sensor'), call));
    expect(resource).toEqual({ phase: 'FAILED', message: 'sensor Flag is not installed on this server any more' });
  });
});

describe('a sensor', () => {
  test('is given its config without what the host reads', async () => {
    const { flag, start } = harness();
    const { poll } = await start({
      custom: { ...python, sensor_config: { kind: 'flag', timeout: 90, flag: 'up', min_messages: 1, nested: { a: [null] } } },
    });
    await poll();
    expect(flag.poked[0]?.task.config).toEqual({ flag: 'up', min_messages: 1, nested: { a: [null] } });
  });

  test('that finds its condition met ends the task with what it found', async () => {
    const { flag, start } = harness();
    const { poll } = await start();
    flag.look = () => ({ met: true, message: 'up', customInfo: { height: 3 } });
    expect(await poll()).toEqual({ phase: 'SUCCEEDED', message: 'up', customInfo: { height: 3 } });
  });

  test('R7: is given its inputs exactly, on another replica too', async () => {
    for (let seed = 0; seed < 50; seed++) {
      const next = random(seed);
      const { flag, start, restart } = harness();
      const inputs: Record<string, Literal> = Object.fromEntries([
        ['n', { kind: 'integer', value: 2n ** 63n - 1n }] as const,
        ['__proto__', { kind: 'float', value: -0 }] as const,
        ['any', literal(next, { stored: true })] as const,
      ]);
      const { poll } = await start({ inputs });
      restart();
      await poll();
      expect(Object.fromEntries(flag.poked[0]?.task.inputs.literals ?? []), `seed ${seed}`).toEqual(inputs);
    }
  });

  test('P7: whose inputs do not fit into a reference fails clearly', async () => {
    const { poll } = await harness().start({ inputs: { text: { kind: 'string', value: 'x'.repeat(9000) } } });
    expect(await poll()).toEqual({
      phase: 'FAILED',
      message: expect.stringContaining('8192 are allowed: make its config or inputs smaller'),
    });
  });

  test('R5: that takes too long is still RUNNING, and told to stop', async () => {
    const { flag, start } = harness();
    const { poll } = await start();
    flag.look = () => new Promise(() => {});
    const answer = poll(3000);
    await vi.advanceTimersByTimeAsync(2700);
    expect(await answer).toEqual({ phase: 'RUNNING', message: 'waiting: Flag: still looking, will ask again' });
    expect(flag.poked[0]?.context.signal.aborted).toBe(true);
  });

  test('leaves nothing to delete', async () => {
    const host = new SensorHost([new FlagSensor()]);
    await expect(host.delete()).resolves.toBeUndefined();
    await expect(host.find()).resolves.toBeUndefined();
    expect(host.locate()).toEqual({});
  });

  test('is loaded with the host', async () => {
    const sensors = [new FlagSensor(), new FlagSensor('Other', { kind: 'other' })];
    await new SensorHost(sensors).prepare();
    expect(sensors.map(({ prepared }) => prepared)).toEqual([1, 1]);
  });
});

function timeout(value: number | string): Changes {
  return { custom: { ...python, sensor_config: { timeout: value } } };
}

describe('SE3: time', () => {
  test.each([
    [90, 90_000],
    [0.5, 500],
    ['90s', 90_000],
    ['1.5m', 90_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ])('of sensor_config (%j) ends the task with FAILED', async (value, milliseconds) => {
    const { start } = harness();
    const { poll } = await start(timeout(value));
    await vi.advanceTimersByTimeAsync(milliseconds - 1);
    expect((await poll()).phase).toBe('RUNNING');
    await vi.advanceTimersByTimeAsync(1);
    expect(await poll()).toEqual({ phase: 'FAILED', message: `timed out after ${milliseconds / 1000} s: the flag is down` });
  });

  test('of the task ends it with RETRYABLE_FAILED, as the engine does', async () => {
    const { start } = harness();
    const { poll } = await start({ timeoutMs: 60_000 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await poll()).toEqual({ phase: 'RETRYABLE_FAILED', message: 'timed out after 60 s: the flag is down' });
  });

  test.each([
    ['its own', 30, 60_000, 'FAILED', 30],
    ['the task’s', 90, 60_000, 'RETRYABLE_FAILED', 60],
    ['its own when both are the same', 60, 60_000, 'FAILED', 60],
  ])('that comes first counts: %s', async (_name, own, timeoutMs, phase, seconds) => {
    const { start } = harness();
    const { poll } = await start({ ...timeout(own), timeoutMs });
    await vi.advanceTimersByTimeAsync(100_000);
    expect(await poll()).toEqual({ phase, message: `timed out after ${seconds} s: the flag is down` });
  });

  test('is not looked at when the condition holds', async () => {
    const { flag, start } = harness();
    const { poll } = await start(timeout(1));
    await vi.advanceTimersByTimeAsync(10_000);
    flag.look = () => ({ met: true });
    expect((await poll()).phase).toBe('SUCCEEDED');
  });

  test.each<[string, (flag: FlagSensor) => void, string]>([
    ['does not answer', (flag) => (flag.look = () => new Promise(() => {})), 'Flag: still looking'],
    ['answers with a passing fault', (flag) => (flag.before = failing(unavailable())), 'the service does not answer (503)'],
    ['refuses', (flag) => (flag.before = failing(denied())), 'access denied: grant jobs.run (refused 1 of 3 times before the task fails)'],
  ])('runs on while the store %s', async (_name, breaks, reason) => {
    const { flag, start } = harness();
    const { poll } = await start(timeout(60));
    breaks(flag);
    await vi.advanceTimersByTimeAsync(60_000);
    const answer = poll();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(await answer).toEqual({ phase: 'FAILED', message: `timed out after 60 s: ${reason}` });
  });
});

const context: Omit<GetContext, 'idempotencyKey'> = {
  signal: new AbortController().signal,
  deadline: 1_795_000_010_000,
  project: '',
  domain: '',
  createdAt: 0,
  outputPrefix: '',
  logger: recordingLogger(),
};

describe('SE4: a sensor', () => {
  const refused = ['UNAUTHENTICATED', 'PERMISSION_DENIED', 'NOT_FOUND'] as const;

  test.each(refused)('refused with %s three times in a row fails', async (code) => {
    const { flag, start } = harness();
    const { poll } = await start();
    flag.before = failing(new AgentError({ code, message: 'no' }));
    expect(await poll()).toEqual({ phase: 'RUNNING', message: 'no (refused 1 of 3 times before the task fails)' });
    expect(await poll()).toEqual({ phase: 'RUNNING', message: 'no (refused 2 of 3 times before the task fails)' });
    expect(await poll()).toEqual({ phase: 'FAILED', message: 'no (refused 3 times in a row)' });
  });

  test('begins to count anew after a look that was not refused', async () => {
    const { flag, start } = harness();
    const { poll } = await start();
    for (let i = 0; i < 5; i++) {
      flag.before = failing(denied(), 2);
      expect([(await poll()).phase, (await poll()).phase]).toEqual(['RUNNING', 'RUNNING']);
      flag.look = () => ({ met: false });
      await poll();
    }
  });

  test('counts every task for itself', async () => {
    const { flag, start } = harness();
    const tasks = await Promise.all([start(), start(), start()]);
    flag.before = failing(denied());
    for (const { poll } of tasks) expect((await poll()).phase).toBe('RUNNING');
  });

  test('is forgotten when too many others were refused since: memory does not grow', async () => {
    const flag = new FlagSensor();
    flag.before = failing(denied());
    const host = new SensorHost([flag]);
    const ref = { sensor: 'Flag', config: {}, inputs: {}, timeoutMs: null, taskTimeoutMs: null };
    const poll = (key: number) => host.get(ref, { ...context, idempotencyKey: toKey(String(key)) });
    await poll(0);
    await poll(0);
    for (let key = 1; key <= 10_000; key++) await poll(key);
    expect((await poll(0)).message).toContain('refused 1 of 3');
  });

  test('waits on with a message through any number of passing faults', async () => {
    const { flag, start } = harness();
    const { poll } = await start();
    flag.before = failing(unavailable());
    for (let i = 0; i < 10; i++)
      expect(await poll()).toEqual({ phase: 'RUNNING', message: 'waiting: the service does not answer (503), will ask again' });
  });

  test('with a wrong config fails at once', async () => {
    const { flag, start } = harness();
    const { poll } = await start();
    flag.before = failing(badConfig());
    expect(await poll()).toEqual({ phase: 'FAILED', message: 'no such machine type: xxl' });
  });
});

describe('two sensors', () => {
  test.each<[string, Sensor<unknown>[], RegExp]>([
    ['one name', [new FlagSensor('A', { kind: 'a' }), new FlagSensor('A', { kind: 'b' })], /A and A both claim the name A/],
    [
      'one class',
      [new FlagSensor('A', { classes: [{ module: 'm', name: 'N' }] }), new FlagSensor('B', { classes: [{ module: 'm', name: 'N' }] })],
      /A and B both claim the class m\.N/,
    ],
    ['one kind', [new FlagSensor('A', { kind: 'k' }), new FlagSensor('B', { kind: 'k' })], /A and B both claim the kind k/],
    [
      'file_sensor',
      [new FlagSensor('A', { fileSensor: true }), new FlagSensor('B', { fileSensor: true })],
      /A and B both claim file_sensor/,
    ],
  ])('that claim %s stop the start', (_name, sensors, message) => {
    expect(() => new AgentRegistry(sensors)).toThrow(message);
  });
});

test('a sensor’s reference holds no more than it needs', async () => {
  const { start } = harness();
  const { reference } = await start({
    timeoutMs: 60_000,
    inputs: { n: { kind: 'integer', value: 5n } },
    custom: { ...python, inputs: null, sensor_config: { timeout: 30, flag: 'up' } },
  });
  expect(decodeReference(reference).content).toEqual({
    kind: 'ref',
    ref: { sensor: 'Flag', config: { flag: 'up' }, inputs: { n: { $integer: '5' } }, timeoutMs: 30_000, taskTimeoutMs: 60_000 },
  });
});
