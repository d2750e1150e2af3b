import type { Check } from './check.ts';
import type { Inputs } from './literals/inputs.ts';
import type { JsonObject, Literal, LiteralType } from './literals/model.ts';
import type { Schema } from './schema.ts';
import type { AgentContext } from './task.ts';

/** How a sensor is recognised in a registered task; nothing here is ever imported. */
export interface SensorClaims {
  /** Exact names of Python classes: `{ module: 'flytekit.sensor.file_sensor', name: 'FileSensor' }`. */
  readonly classes?: readonly SensorClass[];
  /** The word in `sensor_config.kind`. */
  readonly kind?: string;
  /** Task type `file_sensor` with a string input `path`, whatever class made it. */
  readonly fileSensor?: boolean;
}

/** A Python sensor class by name. */
export interface SensorClass {
  readonly module: string;
  readonly name: string;
}

/** What a poke is given: the checked `sensor_config`, the task's inputs, and what it wants to be told. */
export interface SensorTask<Config> {
  readonly config: Config;
  readonly inputs: Inputs;
  /** The outputs that the task declares: of others nobody hears. */
  readonly outputs: ReadonlySet<string>;
}

/** What a poke may use. */
export interface PokeContext extends AgentContext {
  /** When the task was created, in milliseconds since 1970. */
  readonly createdAt: number;
}

/** What a poke found. */
export interface PokeResult {
  /** Whether the condition holds. */
  readonly met: boolean;
  /** What it waits for, or what was found. */
  readonly message?: string | undefined;
  /** With `met`: a value for each of the sensor's {@link Sensor.outputs}. */
  readonly outputs?: Readonly<Record<string, Literal>> | undefined;
  readonly customInfo?: JsonObject | undefined;
}

/**
 * Waits for a condition. All sensors of a server share the task types `sensor` and `file_sensor`; the server's sensor host
 * finds the one that claims a task, keeps its config and inputs, and keeps the time.
 */
export abstract class Sensor<Config> {
  readonly kind = 'sensor';
  abstract readonly name: string;
  /** Which tasks are this sensor's. Two sensors with one claim stop the server's start. */
  abstract readonly claims: SensorClaims;
  /**
   * Reads `sensor_config` (an empty object if there is none), without the keys that the host reads: `kind`, `timeout`,
   * `soft_timeout`, `min_interval` and `max_interval`.
   */
  abstract readonly config: Schema<Config>;
  /** What it can tell besides `found`, by name. A task gets of these what it declares. Default: nothing. */
  readonly outputs: Readonly<Record<string, LiteralType>> = {};

  /** Checks the inputs before the first poke. Pure. @throws AgentError what is wrong with them */
  check(_task: SensorTask<Config>): void {}

  /** Which host it looks at, where there are several: what is down together. Pure. Default: there is one. */
  hostOf(_task: SensorTask<Config>): string {
    return '';
  }

  /** Looks once whether the condition holds. No side effects: several replicas do it, also after it held. */
  abstract poke(task: SensorTask<Config>, context: PokeContext): Promise<PokeResult>;

  /** What can be looked at without a task: secrets, the service. For operators, whom `flyte-agents doctor` tells. Default: nothing. */
  checks(): readonly Check[] {
    return [];
  }

  /** Loads what the first poke would have to wait for, such as an SDK. */
  async prepare(): Promise<void> {}
}
