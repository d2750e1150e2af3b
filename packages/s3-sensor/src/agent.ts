import { Sensor, type AgentContext, type PokeResult, type SensorTask } from '@flyte-agents/core';
import { S3Client, type ObjectStore } from './client.ts';
import { sensorConfig, type SensorConfig } from './config.ts';
import { found, notFound, toLocation } from './convert.ts';
import { rethrow } from './errors.ts';

/** Options of {@link S3Sensor}. */
export interface S3SensorOptions {
  /** Default: the AWS SDK with its standard credentials and variables. */
  readonly store?: ObjectStore;
}

/** Waits for an object or a folder on S3: flytekit's FileSensor with an `s3://` path. */
export class S3Sensor extends Sensor<SensorConfig> {
  readonly name = 'S3';
  readonly claims = {
    classes: [
      { module: 'flytekit.sensor.file_sensor', name: 'FileSensor' },
      { module: 'flytekit.sensor', name: 'FileSensor' },
    ],
    kind: 'file',
    fileSensor: true,
  };
  readonly config = sensorConfig;
  readonly #store: ObjectStore;

  constructor({ store = new S3Client() }: S3SensorOptions = {}) {
    super();
    this.#store = store;
  }

  override check({ inputs }: SensorTask<SensorConfig>): void {
    toLocation(inputs.string('path'));
  }

  async poke({ inputs }: SensorTask<SensorConfig>, { signal }: AgentContext): Promise<PokeResult> {
    const location = toLocation(inputs.string('path'));
    try {
      const isObject = await this.#store.hasObject(location, signal);
      return isObject || (await this.#store.hasObjectsBelow(location, signal)) ? found(location) : notFound(location);
    } catch (error) {
      throw rethrow(error, location);
    }
  }

  override async prepare(): Promise<void> {
    await this.#store.prepare();
  }
}
