import { AsyncAgent, type Locator } from './agent.ts';
import { AgentError, firstLine, type ErrorCode } from './errors.ts';
import type { IdempotencyKey } from './idempotency.ts';
import { Inputs } from './literals/inputs.ts';
import { fromTaggedJson, toTaggedJson } from './literals/json.ts';
import type { JsonObject } from './literals/model.ts';
import { Memory } from './memory.ts';
import { isTerminal } from './phase.ts';
import { parse, unreadKeys, type Schema } from './schema.ts';
import { declaredOutputs, outputsOf } from './sensor-outputs.ts';
import { sensorCustom, sensorRef, sensorSettings, type SensorCustom, type SensorRef, type SensorSettings } from './sensor-settings.ts';
import { pauseMs, timeOver, type TimeOver } from './sensor-times.ts';
import type { PokeResult, Sensor, SensorTask } from './sensor.ts';
import type { CreateContext, GetContext, Resource, Task } from './task.ts';

/** The most that is kept back of a call's time, so that a poke that hangs leaves time to tell of it, in milliseconds. */
const marginMs = 250;
/** How often in a row a sensor may be refused before its task fails, per replica. */
const refusalsBeforeFailure = 3;
/** How many tasks' refusals, and how many tasks' pauses, are remembered. */
const rememberedTasks = 10_000;

/** Tasks of a Python class that a sensor is to take although it does not claim them. */
export interface SensorMapping {
  /** The class's module, and its name, exactly as they are registered. */
  readonly module: string;
  readonly name: string;
  /** The sensor's kind, the word in `sensor_config.kind`. */
  readonly use: string;
  /** What `sensor_config` holds for it, whatever the task says. Default: nothing. */
  readonly config?: JsonObject | undefined;
}

/** A sensor, and what `sensor_config` always holds for it. */
interface Claimed {
  readonly sensor: Sensor<unknown>;
  readonly settings?: SensorSettings;
}

/** Until when a task's sensor need not look again, and what it said the last time. */
interface Rest {
  readonly until: number;
  readonly message: string | undefined;
}

/**
 * The agent behind `sensor` and `file_sensor`: routes every task to the installed sensor that claims it, and keeps the
 * time. The task's Python class is only a name to look up; no module that a task names is ever loaded.
 */
export class SensorHost extends AsyncAgent<SensorCustom, SensorRef> {
  readonly name = 'Sensor';
  readonly taskTypes = [{ name: 'sensor' }, { name: 'file_sensor' }];
  readonly config: Schema<SensorCustom> = sensorCustom;
  readonly ref: Schema<SensorRef> = sensorRef;
  readonly #byName = new Map<string, Claimed>();
  readonly #byClass = new Map<string, Claimed>();
  readonly #byKind = new Map<string, Claimed>();
  readonly #fileSensor: Claimed | undefined;
  readonly #refusals = new Memory<IdempotencyKey, number>(rememberedTasks);
  readonly #rests = new Memory<IdempotencyKey, Rest>(rememberedTasks);

  /** @throws Error when two sensors claim the same tasks, or a mapping leads to no sensor */
  constructor(sensors: readonly Sensor<unknown>[], mappings: readonly SensorMapping[] = []) {
    super();
    for (const sensor of sensors) {
      claim(this.#byName, sensor.name, { sensor }, 'the name');
      for (const name of sensor.claims.classes ?? []) claim(this.#byClass, className(name.module, name.name), { sensor }, 'the class');
      if (sensor.claims.kind !== undefined) claim(this.#byKind, sensor.claims.kind, { sensor }, 'the kind');
    }
    for (const { module, name, use, config = {} } of mappings) {
      const sensor = this.#byKind.get(use)?.sensor;
      if (sensor === undefined)
        throw new Error(`sensors: no installed sensor is of kind ${use}, which ${className(module, name)} is to use`);
      const settings = parse(sensorSettings, config, `sensors: the config of ${className(module, name)}`);
      claim(this.#byClass, className(module, name), { sensor, settings }, 'the class');
    }
    const fileSensors = sensors.filter(({ claims }) => claims.fileSensor === true);
    const [first, second] = fileSensors;
    if (first !== undefined && second !== undefined)
      throw new Error(`${first.name} and ${second.name} both claim file_sensor: install one of them`);
    this.#fileSensor = first && { sensor: first };
  }

  async create(task: Task<SensorCustom>, context: CreateContext): Promise<SensorRef> {
    const { sensor, settings } = this.#route(task);
    // What the operator says of a class wins.
    const all = { ...task.config.sensor_config, ...settings };
    const { kind: _kind, timeout, soft_timeout: soft, min_interval: least, max_interval: most, ...config } = all;
    const outputs = declaredOutputs(sensor, task.template);
    const sensorTask = { config: parse(sensor.config, config, 'sensor_config'), inputs: task.inputs, outputs: new Set(outputs) };
    sensor.check(sensorTask);
    const host = sensor.hostOf(sensorTask);
    warnOfUnread(sensor, config, context);
    return {
      sensor: sensor.name,
      config,
      inputs: Object.fromEntries([...task.inputs.literals].map(([name, value]) => [name, toTaggedJson(value)])),
      timeoutMs: timeout ?? null,
      taskTimeoutMs: task.template.timeoutMs ?? null,
      ...(host !== '' && { host }),
      ...(outputs.length > 0 && { outputs: [...outputs] }),
      ...(typeof soft === 'number' && { softTimeoutMs: soft }),
      ...(typeof least === 'number' && { minIntervalMs: least }),
      ...(typeof most === 'number' && { maxIntervalMs: most }),
    };
  }

  async get(ref: SensorRef, context: GetContext): Promise<Resource> {
    const sensor = this.#byName.get(ref.sensor)?.sensor;
    if (sensor === undefined) return { phase: 'FAILED', message: `sensor ${ref.sensor} is not installed on this server any more` };
    const { idempotencyKey: key, createdAt } = context;
    const rest = this.#rests.get(key);
    if (rest !== undefined && Date.now() < rest.until && timeOver(ref, createdAt) === undefined) {
      return { phase: 'RUNNING', message: rest.message };
    }
    const inputs = Inputs.of(new Map(Object.entries(ref.inputs).map(([name, value]) => [name, fromTaggedJson(value)])));
    const config = parse(sensor.config, ref.config, 'sensor_config');
    const found = await this.#poke(sensor, { config, inputs, outputs: new Set(ref.outputs) }, context);
    if (!AgentError.is(found) && isTerminal(found.phase)) return found;
    const pause = pauseMs(ref, createdAt);
    if (pause > 0) this.#rests.set(key, { until: Date.now() + pause, message: found.message });
    if (AgentError.is(found)) throw found;
    return this.overdue(ref, context, found.message) ?? found;
  }

  /** A sensor's time runs on while its store does not answer, and while that is left alone for it. */
  override overdue(ref: SensorRef, { createdAt }: GetContext, waitingFor: string | undefined): Resource | undefined {
    const sensor = this.#byName.get(ref.sensor)?.sensor;
    const late = timeOver(ref, createdAt);
    if (late === undefined || sensor === undefined) return undefined;
    return { ...ended(late, waitingFor), outputs: outputsOf(sensor, ref.outputs ?? [], { met: false }) };
  }

  /** A sensor leaves nothing behind. */
  async delete(): Promise<void> {}

  locate(): Locator {
    return {};
  }

  /** Sensors look into different services. */
  override hostOf(where: JsonObject): string {
    return JSON.stringify([where['sensor'], where['host']]);
  }

  /** A sensor starts nothing, so nothing of it can be lost. */
  async find(): Promise<undefined> {}

  override async prepare(): Promise<void> {
    await Promise.all([...this.#byName.values()].map(({ sensor }) => sensor.prepare()));
  }

  /** What one look found; a passing fault is given back: after it, as after any look, the sensor rests. */
  async #poke(sensor: Sensor<unknown>, task: SensorTask<unknown>, context: GetContext): Promise<Resource | AgentError> {
    try {
      const { message, customInfo, ...result } = await withinCall(sensor, task, context);
      this.#refusals.delete(context.idempotencyKey);
      const outputs = result.met ? outputsOf(sensor, [...task.outputs], result) : undefined;
      return { phase: result.met ? 'SUCCEEDED' : 'RUNNING', message, customInfo, outputs };
    } catch (error) {
      const fault = AgentError.from(error);
      if (fault.passes) return fault;
      if (!refusals.has(fault.code)) return { phase: 'FAILED', message: fault.message };
      return this.#refused(fault, context.idempotencyKey);
    }
  }

  #refused(fault: AgentError, key: IdempotencyKey): Resource {
    const count = (this.#refusals.get(key) ?? 0) + 1;
    this.#refusals.delete(key);
    if (count >= refusalsBeforeFailure) return { phase: 'FAILED', message: `${fault.message} (refused ${count} times in a row)` };
    this.#refusals.set(key, count);
    return { phase: 'RUNNING', message: `${fault.message} (refused ${count} of ${refusalsBeforeFailure} times before the task fails)` };
  }

  #route({ template, config, inputs }: Task<SensorCustom>): Claimed {
    const { sensor_module: module, sensor_name: name, sensor_config: settings } = config;
    const kind = settings?.kind ?? undefined;
    const isFileSensor = template.type === 'file_sensor' && inputs.literal('path')?.kind === 'string';
    const claimed =
      kind === undefined
        ? (this.#byClass.get(className(module, name)) ?? (isFileSensor ? this.#fileSensor : undefined))
        : this.#byKind.get(kind);
    if (claimed !== undefined) return claimed;
    const asked = kind === undefined ? `the Python class ${className(module, name)}` : `sensor_config.kind ${kind}`;
    const known = [...this.#byClass.keys(), ...[...this.#byKind.keys()].map((each) => `kind ${each}`)].join(', ');
    throw new AgentError({
      code: 'INVALID_ARGUMENT',
      message: `no sensor on this server claims ${asked} (installed: ${known}); Python code is never run here: install or write a sensor package that claims it, or map the class to an installed one (setting sensors)`,
    });
  }
}

/** Access refused, or the place itself is missing: may be mended while the sensor waits, but not for long. */
const refusals: ReadonlySet<ErrorCode> = new Set(['UNAUTHENTICATED', 'PERMISSION_DENIED', 'NOT_FOUND']);

/** @throws AgentError DEADLINE_EXCEEDED shortly before the call must be answered */
async function withinCall(sensor: Sensor<unknown>, task: SensorTask<unknown>, context: GetContext): Promise<PokeResult> {
  const remainingMs = Math.max(0, context.deadline - Date.now());
  const over = new AbortController();
  const timer = setTimeout(
    () => over.abort(new AgentError({ code: 'DEADLINE_EXCEEDED', message: `${sensor.name}: still looking` })),
    remainingMs - Math.min(marginMs, remainingMs / 10),
  );
  const { promise: late, reject } = Promise.withResolvers<never>();
  over.signal.addEventListener('abort', () => reject(AgentError.from(over.signal.reason)), { once: true });
  try {
    return await Promise.race([late, sensor.poke(task, { ...context, signal: AbortSignal.any([context.signal, over.signal]) })]);
  } finally {
    clearTimeout(timer);
  }
}

/** One warning names the settings that the sensor does not know (C11): they may be misspelt, or of the Python class. */
function warnOfUnread(sensor: Sensor<unknown>, config: JsonObject, { idempotencyKey: key, logger }: CreateContext): void {
  const keys = unreadKeys(sensor.config, config).slice(0, 20);
  if (keys.length === 0) return;
  const fields = { key, keys: keys.map((name) => firstLine(name)) };
  logger.warn(fields, `${sensor.name}: keys of sensor_config that it does not know have no effect`);
}

/** How a task ends whose time is over: softly with success, else with the reason. */
function ended({ phase, seconds }: TimeOver, waitingFor: string | undefined): Resource {
  const what = waitingFor ?? 'the condition did not come true';
  return { phase, message: `${phase === 'SUCCEEDED' ? 'gave up' : 'timed out'} after ${seconds} s: ${what}` };
}

function claim(claimed: Map<string, Claimed>, key: string, by: Claimed, what: string): void {
  const other = claimed.get(key);
  if (other !== undefined)
    throw new Error(`${other.sensor.name} and ${by.sensor.name} both claim ${what} ${key}: install one of them, or map the class once`);
  claimed.set(key, by);
}

function className(module: string | null | undefined, name: string | null | undefined): string {
  return `${module ?? '(no module)'}.${name ?? '(no name)'}`;
}
