import type { Schema } from '@flyte-agents/core';
import { z } from 'zod';

/** A FileSensor has no settings of its own; what else somebody put there is left alone. */
export type SensorConfig = z.infer<typeof schema>;

const schema = z.looseObject({});

/** Reads `sensor_config`. */
export const sensorConfig: Schema<SensorConfig> = schema;
