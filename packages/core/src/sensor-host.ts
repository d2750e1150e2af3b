import { z } from 'zod';
import { AsyncAgent, type Locator } from './agent.ts';
import { AgentError, type ErrorCode } from './errors.ts';
import type { IdempotencyKey } from './idempotency.ts';
import { Inputs } from './literals/inputs.ts';
import { fromTaggedJson, toTaggedJson } from './literals/json.ts';
import type { JsonObject, JsonValue } from './literals/model.ts';
import { isTerminal } from './phase.ts';
import { parse, type Schema } from './schema.ts';
import type { PokeResult, Sensor, SensorTask } from './sensor.ts';
import type { GetContext, Resource, Task } from './task.ts';

const json: z.ZodType<JsonValue> = z.json();
/** What was JSON already: taken as it is, for a record of zod's loses the key `__proto__`. */
const jsonObject: z.ZodType<JsonObject> = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'expected an object',
);

const durationHint = 'expected seconds, or a number with a unit: 90s, 15m, 2h, 1d';

/** Seconds as a number, or a text with a unit: `90`, `"90s"`, `"15m"`, `"2h"`, `"1d"`; gives milliseconds. */
const duration = z
  .union(
    [
      z.number().transform((seconds) => seconds * 1000),
      z
        .string()
        .regex(/^\d+(\.\d+)?[smhd]$/)
        .transform((text) => Number(text.slice(0, -1)) * unitMs(text)),
    ],
    durationHint,
  )
  .refine((milliseconds) => milliseconds > 0, durationHint);

const custom = z.looseObject({
  sensor_module: z.string().nullish(),
  sensor_name: z.string().nullish(),
  sensor_config: z.looseObject({ kind: z.string().nullish(), timeout: duration.nullish() }).catchall(json).nullish(),
});
type Custom = z.infer<typeof custom>;

const sensorRef = z.object({
  sensor: z.string(),
  config: jsonObject,
  inputs: jsonObject,
  timeoutMs: z.number().nullable(),
  taskTimeoutMs: z.number().nullable(),
});
type SensorRef = z.infer<typeof sensorRef>;

/** The most that is kept back of a call's time, so that a poke that hangs leaves time to tell of it, in milliseconds. */
const marginMs = 250;
/** How often in a row a sensor may be refused before its task fails, per replica. */
const refusalsBeforeFailure = 3;
/** How many tasks' refusals are remembered; the oldest go first. */
const rememberedTasks = 10_000;

/**
 * The agent behind `sensor` and `file_sensor`: routes every task to the installed sensor that claims it, and keeps the
 * time. The task's Python class is only a name to look up; no module that a task names is ever loaded.
 */
export class SensorHost extends AsyncAgent<Custom, SensorRef> {
  readonly name = 'Sensor';
  readonly taskTypes = [{ name: 'sensor' }, { name: 'file_sensor' }];
  readonly config: Schema<Custom> = custom;
  readonly ref: Schema<SensorRef> = sensorRef;
  readonly #byName = new Map<string, Sensor<unknown>>();
  readonly #byClass = new Map<string, Sensor<unknown>>();
  readonly #byKind = new Map<string, Sensor<unknown>>();
  readonly #fileSensor: Sensor<unknown> | undefined;
  readonly #refusals = new Map<IdempotencyKey, number>();

  /** @throws Error when two sensors claim the same tasks */
  constructor(sensors: readonly Sensor<unknown>[]) {
    super();
    for (const sensor of sensors) {
      claim(this.#byName, sensor.name, sensor, 'the name');
      for (const name of sensor.claims.classes ?? []) claim(this.#byClass, className(name.module, name.name), sensor, 'the class');
      if (sensor.claims.kind !== undefined) claim(this.#byKind, sensor.claims.kind, sensor, 'the kind');
    }
    const fileSensors = sensors.filter(({ claims }) => claims.fileSensor === true);
    const [first, second] = fileSensors;
    if (first !== undefined && second !== undefined)
      throw new Error(`${first.name} and ${second.name} both claim file_sensor: install one of them`);
    this.#fileSensor = first;
  }

  async create(task: Task<Custom>): Promise<SensorRef> {
    const sensor = this.#route(task);
    const { kind: _kind, timeout, ...config } = task.config.sensor_config ?? {};
    sensor.check({ config: parse(sensor.config, config, 'sensor_config'), inputs: task.inputs });
    return {
      sensor: sensor.name,
      config,
      inputs: Object.fromEntries([...task.inputs.literals].map(([name, value]) => [name, toTaggedJson(value)])),
      timeoutMs: timeout ?? null,
      taskTimeoutMs: task.template.timeoutMs ?? null,
    };
  }

  async get(ref: SensorRef, context: GetContext): Promise<Resource> {
    const sensor = this.#byName.get(ref.sensor);
    if (sensor === undefined) return { phase: 'FAILED', message: `sensor ${ref.sensor} is not installed on this server any more` };
    const inputs = Inputs.of(new Map(Object.entries(ref.inputs).map(([name, value]) => [name, fromTaggedJson(value)])));
    const config = parse(sensor.config, ref.config, 'sensor_config');
    const found = await this.#poke(sensor, { config, inputs }, context);
    if (!AgentError.is(found) && isTerminal(found.phase)) return found;
    const late = timedOut(ref, context.createdAt, found.message);
    if (late !== undefined) return late;
    if (AgentError.is(found)) throw found;
    return found;
  }

  /** A sensor leaves nothing behind. */
  async delete(): Promise<void> {}

  locate(): Locator {
    return {};
  }

  /** Sensors look into different services. */
  override hostOf(where: JsonObject): string {
    return typeof where['sensor'] === 'string' ? where['sensor'] : '';
  }

  /** A sensor starts nothing, so nothing of it can be lost. */
  async find(): Promise<undefined> {}

  override async prepare(): Promise<void> {
    await Promise.all([...this.#byName.values()].map((sensor) => sensor.prepare()));
  }

  /** What one look found; a passing fault is given back, so that a sensor's time runs on while its store does not answer. */
  async #poke(sensor: Sensor<unknown>, task: SensorTask<unknown>, context: GetContext): Promise<Resource | AgentError> {
    try {
      const { met, ...result } = await withinCall(sensor, task, context);
      this.#refusals.delete(context.idempotencyKey);
      return { ...result, phase: met ? 'SUCCEEDED' : 'RUNNING' };
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
    const oldest = this.#refusals.size >= rememberedTasks ? this.#refusals.keys().next().value : undefined;
    if (oldest !== undefined) this.#refusals.delete(oldest);
    this.#refusals.set(key, count);
    return { phase: 'RUNNING', message: `${fault.message} (refused ${count} of ${refusalsBeforeFailure} times before the task fails)` };
  }

  #route({ template, config, inputs }: Task<Custom>): Sensor<unknown> {
    const { sensor_module: module, sensor_name: name, sensor_config: settings } = config;
    const kind = settings?.kind ?? undefined;
    const isFileSensor = template.type === 'file_sensor' && inputs.value('path')?.kind === 'string';
    const sensor =
      kind === undefined
        ? (this.#byClass.get(className(module, name)) ?? (isFileSensor ? this.#fileSensor : undefined))
        : this.#byKind.get(kind);
    if (sensor !== undefined) return sensor;
    const asked = kind === undefined ? `the Python class ${className(module, name)}` : `sensor_config.kind ${kind}`;
    const known = [...this.#byClass.keys(), ...[...this.#byKind.keys()].map((each) => `kind ${each}`)].join(', ');
    throw new AgentError({
      code: 'INVALID_ARGUMENT',
      message: `no sensor on this server claims ${asked} (installed: ${known}); Python code is never run here: install or write a sensor package that claims it`,
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

/** The task's own timeout spends a retry, as when the engine is first to notice it; the sensor's own is the end. */
function timedOut(ref: SensorRef, createdAt: number, waitingFor: string | undefined): Resource | undefined {
  const age = Date.now() - createdAt;
  const ends = [
    { after: ref.timeoutMs, phase: 'FAILED' },
    { after: ref.taskTimeoutMs, phase: 'RETRYABLE_FAILED' },
  ] as const;
  const [first] = ends.filter(({ after }) => after !== null && after <= age).toSorted((a, b) => Number(a.after) - Number(b.after));
  if (first === undefined) return undefined;
  return {
    phase: first.phase,
    message: `timed out after ${Number(first.after) / 1000} s: ${waitingFor ?? 'the condition did not come true'}`,
  };
}

function claim(claimed: Map<string, Sensor<unknown>>, key: string, sensor: Sensor<unknown>, what: string): void {
  const other = claimed.get(key);
  if (other !== undefined) throw new Error(`${other.name} and ${sensor.name} both claim ${what} ${key}: install one of them`);
  claimed.set(key, sensor);
}

function className(module: string | null | undefined, name: string | null | undefined): string {
  return `${module ?? '(no module)'}.${name ?? '(no name)'}`;
}

function unitMs(text: string): number {
  const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
  return units[text.slice(-1)] ?? Number.NaN;
}
