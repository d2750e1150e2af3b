import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import {
  badConfig,
  denied,
  during,
  failing,
  FlagSensor,
  noSecrets,
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
import { createFetch } from './http/fetch.ts';
import type { JsonObject, Literal, LiteralType } from './literals/model.ts';
import { decodeReference } from './ref.ts';
import { AgentRegistry } from './registry.ts';
import { parse } from './schema.ts';
import { SensorHost, type SensorMapping } from './sensor-host.ts';
import { toKey } from './idempotency.ts';
import type { GetContext, Variable } from './task.ts';
import type { Sensor, SensorTask } from './sensor.ts';
import { noStore } from './store/store.ts';

beforeEach(() => vi.useFakeTimers({ now: 1_795_000_000_000 }));
afterEach(() => vi.useRealTimers());

const python = { sensor_module: 'flags', sensor_name: 'FlagSensor' };

interface Changes {
  readonly custom?: JsonObject;
  readonly type?: string;
  readonly timeoutMs?: number;
  readonly outputs?: Readonly<Record<string, LiteralType>>;
  readonly inputs?: RequestChanges['inputs'];
}

/** A server with these sensors: starts sensor tasks and polls them. */
function harness(...sensors: readonly Sensor<unknown>[]) {
  return mappedHarness([], ...sensors);
}

function mappedHarness(mappings: readonly SensorMapping[], ...sensors: readonly Sensor<unknown>[]) {
  const flag = new FlagSensor();
  const registry = new AgentRegistry(sensors.length > 0 ? sensors : [flag], undefined, mappings);
  const logger = recordingLogger();
  const creator = new Creator({ logger });
  let poller = new Poller({ registry, logger, unreachableAfterMs: 3_600_000 });
  let node = 0;
  const start = async ({
    custom = { ...python, sensor_config: {} },
    type = 'sensor',
    timeoutMs,
    outputs = {},
    inputs = {},
  }: Changes = {}) => {
    const request = taskRequest({
      template: { type, custom, timeoutMs, outputs: toVariables(outputs) },
      inputs,
      execution: { node: `n${node++}` },
    });
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
  return { flag, start, restart, logger };
}

function toVariables(outputs: Readonly<Record<string, LiteralType>>): ReadonlyMap<string, Variable> {
  return new Map(Object.entries(outputs).map(([name, type]) => [name, { type, description: '' }]));
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
      message: `no sensor on this server claims ${asked} (installed: flags.FlagSensor, kind flag); Python code is never run here: install or write a sensor package that claims it, or map the class to an installed one (setting sensors)`,
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

const integer: LiteralType = { kind: 'simple', simple: 'INTEGER' };
const text: LiteralType = { kind: 'simple', simple: 'STRING' };
const bool: LiteralType = { kind: 'simple', simple: 'BOOLEAN' };
const texts: LiteralType = { kind: 'collection', items: text };

/** Tells of its flag. */
class TellingSensor extends FlagSensor {
  override readonly outputs = { height: integer, colours: texts, motto: text };
}

describe('SE10: outputs', () => {
  const declared = { found: bool, height: integer, colours: texts };
  const told = {
    height: { kind: 'integer', value: 3n },
    colours: { kind: 'collection', items: [{ kind: 'string', value: 'red' }] },
    motto: { kind: 'string', value: 'up' },
  } as const;

  test('are given to a task that declares them, and only those', async () => {
    const flag = new TellingSensor();
    const { poll } = await harness(flag).start({ outputs: declared });
    expect((await poll()).outputs).toBeUndefined();
    flag.look = () => ({ met: true, outputs: told });
    const { height, colours } = told;
    expect((await poll()).outputs).toEqual({ found: { kind: 'boolean', value: true }, height, colours });
    expect([...(flag.poked[0]?.task.outputs ?? [])]).toEqual(['found', 'height', 'colours']);
  });

  test('are not given to a task that declares none', async () => {
    const flag = new TellingSensor();
    const { poll } = await harness(flag).start();
    flag.look = () => ({ met: true, outputs: told });
    expect((await poll()).outputs).toBeUndefined();
  });

  test.each<[string, LiteralType, string]>([
    ['weight', integer, 'weight: INTEGER'],
    ['height', text, 'height: STRING'],
    ['colours', text, 'colours: STRING'],
    ['toString', text, 'toString: STRING'],
    ['found', integer, 'found: INTEGER'],
  ])('that the sensor cannot give are refused when the task is created: %s', async (name, type, wanted) => {
    const { poll } = await harness(new TellingSensor()).start({ outputs: { [name]: type } });
    expect(await poll()).toEqual({
      phase: 'FAILED',
      message: `the task declares an output ${wanted}, which Flag does not give (it gives height: INTEGER, colours: list of STRING, motto: STRING, found: BOOLEAN)`,
    });
  });
});

describe('SE11: a soft timeout', () => {
  const soft = { custom: { ...python, sensor_config: { soft_timeout: '1m' } } };

  test('ends the task with success, and says that nothing was found', async () => {
    const { poll } = await harness(new TellingSensor()).start({
      ...soft,
      outputs: { found: bool, height: integer, colours: texts, motto: text },
    });
    await vi.advanceTimersByTimeAsync(59_999);
    expect((await poll()).phase).toBe('RUNNING');
    await vi.advanceTimersByTimeAsync(1);
    expect(await poll()).toEqual({
      phase: 'SUCCEEDED',
      message: 'gave up after 60 s: the flag is down',
      outputs: {
        found: { kind: 'boolean', value: false },
        height: { kind: 'integer', value: 0n },
        colours: { kind: 'collection', items: [] },
        motto: { kind: 'string', value: '' },
      },
    });
  });

  test('looks once more at its end', async () => {
    const flag = new TellingSensor();
    const { poll } = await harness(flag).start({ ...soft, outputs: { found: bool } });
    await vi.advanceTimersByTimeAsync(60_000);
    flag.look = () => ({ met: true });
    expect(await poll()).toMatchObject({ phase: 'SUCCEEDED', outputs: { found: { value: true } } });
  });

  test.each([
    [30, 'FAILED', 'timed out after 30 s: the flag is down'],
    [90, 'SUCCEEDED', 'gave up after 60 s: the flag is down'],
  ])('and a hard one of %i s: the first counts', async (timeoutSeconds, phase, message) => {
    const { poll } = await harness().start({ custom: { ...python, sensor_config: { soft_timeout: 60, timeout: timeoutSeconds } } });
    await vi.advanceTimersByTimeAsync(100_000);
    expect(await poll()).toMatchObject({ phase, message });
  });
});

/** When a sensor looked in a day of polls every 30 s, in seconds after its task began. */
async function looks(settings: JsonObject, hours: number): Promise<readonly number[]> {
  const { flag, start } = harness();
  const { poll } = await start({ custom: { ...python, sensor_config: settings } });
  const times: number[] = [];
  for (let seconds = 0; seconds < hours * 3600; seconds += 30) {
    const before = flag.poked.length;
    expect(await poll()).toMatchObject({ phase: 'RUNNING', message: 'the flag is down' });
    if (flag.poked.length > before) times.push(seconds);
    await vi.advanceTimersByTimeAsync(30_000);
  }
  return times;
}
function gaps(times: readonly number[]): readonly number[] {
  return times.slice(1).map((time, index) => time - (times[index] ?? 0));
}

describe('SE12: intervals', () => {
  test('are the engine’s own where the task says nothing', async () => {
    expect(await looks({}, 1)).toHaveLength(120);
  });

  test('are kept, a tenth more or less', async () => {
    const pauses = gaps(await looks({ min_interval: '5m' }, 10));
    expect(pauses.every((seconds) => seconds >= 270 && seconds <= 360)).toBe(true);
    expect(new Set(pauses).size).toBeGreaterThan(1);
  });

  test('grow from the least to the most', async () => {
    const pauses = gaps(await looks({ min_interval: '1m', max_interval: '1h' }, 24));
    expect(pauses[0]).toBeLessThanOrEqual(90);
    expect(pauses.every((seconds, index) => seconds >= (pauses[index - 1] ?? 0) * 0.8 - 30)).toBe(true);
    expect(pauses.at(-1)).toBeGreaterThanOrEqual(3240);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(3990);
  });

  test('do not hold up the end of the time', async () => {
    const { flag, start } = harness();
    const { poll } = await start({ custom: { ...python, sensor_config: { min_interval: '1h', timeout: '10m' } } });
    await poll();
    flag.look = () => ({ met: true });
    await vi.advanceTimersByTimeAsync(599_000);
    expect((await poll()).phase).toBe('RUNNING');
    await vi.advanceTimersByTimeAsync(1000);
    expect((await poll()).phase).toBe('SUCCEEDED');
  });

  test('are kept for a store that does not answer, too', async () => {
    const { flag, start } = harness();
    const { poll } = await start({ custom: { ...python, sensor_config: { min_interval: '5m' } } });
    flag.before = failing(unavailable());
    await poll();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await poll()).toEqual({ phase: 'RUNNING', message: 'the service does not answer (503)' });
    expect(flag.poked).toHaveLength(1);
  });

  test('R7: are forgotten by a restart, which costs one look', async () => {
    const { flag, start, restart } = harness();
    const { poll } = await start({ custom: { ...python, sensor_config: { min_interval: '5m' } } });
    await poll();
    restart();
    await poll();
    expect(flag.poked).toHaveLength(2);
  });

  test.each(['min_interval', 'max_interval', 'soft_timeout'])('of no length are refused: %s', async (name) => {
    const { poll } = await harness().start({ custom: { ...python, sensor_config: { [name]: 'soon' } } });
    expect(await poll()).toMatchObject({ phase: 'FAILED', message: expect.stringContaining(`sensor_config.${name}: expected seconds`) });
  });
});

test('C11: settings that a sensor does not know are tolerated with one warning that names them', async () => {
  class StrictSensor extends FlagSensor {
    override readonly config = z.object({ flag: z.string().optional() });
  }
  const { start, logger } = harness(new StrictSensor());
  const { poll } = await start({ custom: { ...python, sensor_config: { flag: 'up', flga: 'up', timeout: 60, kind: null } } });
  expect((await poll()).phase).toBe('RUNNING');
  const warnings = logger.lines.filter(({ level }) => level === 'warn');
  expect(warnings).toMatchObject([
    { fields: { keys: ['flga'] }, message: 'Flag: keys of sensor_config that it does not know have no effect' },
  ]);
});

describe('SE1: a class that an operator maps', () => {
  const mapping = { module: 'user_sensors', name: 'TideSensor', use: 'flag', config: { flag: 'high', timeout: '1h' } };
  const custom = {
    sensor_module: 'user_sensors',
    sensor_name: 'TideSensor',
    sensor_config: { flag: 'low', port: 'Bremen', timeout: '2h' },
  };

  test('goes to the sensor that was named, with what the operator says of it', async () => {
    const flag = new FlagSensor();
    const { poll } = await mappedHarness([mapping], flag).start({ custom });
    await poll();
    expect(flag.poked[0]?.task.config).toEqual({ flag: 'high', port: 'Bremen' });
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(await poll()).toMatchObject({ phase: 'FAILED', message: 'timed out after 3600 s: the flag is down' });
  });

  test.each<[string, SensorMapping, string]>([
    [
      'of a kind that nobody has',
      { ...mapping, use: 'kafka' },
      'no installed sensor is of kind kafka, which user_sensors.TideSensor is to use',
    ],
    ['that a sensor claims', { ...mapping, module: 'flags', name: 'FlagSensor' }, 'both claim the class flags.FlagSensor'],
    [
      'with wrong settings',
      { ...mapping, config: { timeout: 'soon' } },
      'the config of user_sensors.TideSensor is not valid: timeout: expected seconds',
    ],
  ])('stops the start: %s', (_name, wrong, message) => {
    expect(() => new AgentRegistry([new FlagSensor()], undefined, [wrong])).toThrow(message);
  });

  test('stops the start when no sensor is installed', () => {
    expect(() => new AgentRegistry([], undefined, [mapping])).toThrow('no installed sensor is of kind flag');
  });
});

describe('C15: sensors of several hosts', () => {
  class HostSensor extends FlagSensor {
    override hostOf({ config }: SensorTask<{ readonly flag?: string | undefined }>): string {
      return config.flag ?? '';
    }
  }

  test('are told apart: one that is down holds up no other', async () => {
    const { start } = harness(new HostSensor());
    const hosts: string[] = [];
    for (const flag of ['a', 'b', undefined]) {
      const { reference } = await start({ custom: { ...python, sensor_config: flag === undefined ? {} : { flag } } });
      const { content } = decodeReference(reference);
      hosts.push(new SensorHost([]).hostOf(content.kind === 'ref' ? content.ref : {}));
    }
    expect(new Set(hosts).size).toBe(3);
  });

  test('SE3: end in time also while their host is left alone, without a look', async () => {
    const { flag, start } = harness();
    const unlimited = await Promise.all(Array.from({ length: 20 }, async () => (await start()).poll));
    const limited = await start({ custom: { ...python, sensor_config: { timeout: 60 } } });
    flag.before = failing(unavailable());
    for (const poll of unlimited) await poll();
    await vi.advanceTimersByTimeAsync(60_000);
    // The one look that shows that the host is still down.
    for (const poll of unlimited) await poll();
    const looked = flag.poked.length;
    expect(await limited.poll()).toEqual({
      phase: 'FAILED',
      message: expect.stringContaining('timed out after 60 s: the service does not answer'),
    });
    expect(flag.poked).toHaveLength(looked);
  });

  test('SE3: are told apart from their host: one whose time is over does not show that the host is back', async () => {
    const { flag, start } = harness();
    const limited = await Promise.all(
      Array.from({ length: 20 }, async () => (await start({ custom: { ...python, sensor_config: { timeout: 60 } } })).poll),
    );
    await vi.advanceTimersByTimeAsync(60_000);
    flag.before = failing(unavailable());
    for (const poll of limited) expect(await poll()).toMatchObject({ phase: 'FAILED' });
    expect(flag.poked).toHaveLength(10);
  });
});

const context: Omit<GetContext, 'idempotencyKey'> = {
  signal: new AbortController().signal,
  deadline: 1_795_000_010_000,
  project: '',
  domain: '',
  secrets: noSecrets,
  store: noStore,
  fetch: createFetch(),
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

test('R7: a reference of an earlier version is still read', async () => {
  const flag = new FlagSensor();
  flag.look = () => ({ met: true });
  const ref = { sensor: 'Flag', config: {}, inputs: {}, timeoutMs: null, taskTimeoutMs: null };
  const host = new SensorHost([flag]);
  expect(await host.get(parse(host.ref, ref, 'ref'), { ...context, idempotencyKey: toKey('0') })).toMatchObject({ phase: 'SUCCEEDED' });
});
