import type { Inputs } from './literals/inputs.ts';
import type { JsonObject, Literal } from './literals/model.ts';
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

/** What a poke is given: the checked `sensor_config` and the task's inputs. */
export interface SensorTask<Config> {
  readonly config: Config;
  readonly inputs: Inputs;
}

/** What a poke found. */
export interface PokeResult {
  /** Whether the condition holds. */
  readonly met: boolean;
  /** What it waits for, or what was found. */
  readonly message?: string | undefined;
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
  /** Reads `sensor_config` (an empty object if there is none), without the keys that the host reads: `kind` and `timeout`. */
  abstract readonly config: Schema<Config>;

  /** Checks the inputs before the first poke. Pure. @throws AgentError what is wrong with them */
  check(_task: SensorTask<Config>): void {}

  /** Looks once whether the condition holds. No side effects: several replicas do it, also after it held. */
  abstract poke(task: SensorTask<Config>, context: AgentContext): Promise<PokeResult>;

  /** Loads what the first poke would have to wait for, such as an SDK. */
  async prepare(): Promise<void> {}
}
