import { z } from 'zod';
import type { JsonObject, JsonValue } from './literals/model.ts';

const json: z.ZodType<JsonValue> = z.json();
/** What was JSON already: taken as it is, for a record of zod's loses the key `__proto__`. */
const jsonObject: z.ZodType<JsonObject> = z.custom<JsonObject>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  'expected an object',
);

/** What a length of time may look like in `sensor_config`, for errors. */
export const durationHint = 'expected seconds, or a number with a unit: 90s, 15m, 2h, 1d';

const unitsMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A length of time as `sensor_config` has it, in milliseconds: `90`, `"90s"`, `"15m"`, `"2h"`, `"1d"`. `undefined` for what is none. */
export function durationMs(value: number | string): number | undefined {
  const [, digits, unit = ''] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(String(value)) ?? [];
  const milliseconds = typeof value === 'number' ? value * 1000 : Number(digits) * (unitsMs[unit] ?? Number.NaN);
  return milliseconds > 0 && Number.isFinite(milliseconds) ? milliseconds : undefined;
}

const duration = z.union([z.number(), z.string()], durationHint).transform((value, context) => {
  const milliseconds = durationMs(value);
  if (milliseconds !== undefined) return milliseconds;
  context.addIssue(durationHint);
  return z.NEVER;
});

/** `sensor_config`: what all sensors share in it, and what is one sensor's own. */
export const sensorSettings = z
  .looseObject({
    kind: z.string().nullish(),
    timeout: duration.nullish(),
    soft_timeout: duration.nullish(),
    min_interval: duration.nullish(),
    max_interval: duration.nullish(),
  })
  .catchall(json);
export type SensorSettings = z.infer<typeof sensorSettings>;

/** A sensor task's `custom`. */
export const sensorCustom = z.looseObject({
  sensor_module: z.string().nullish(),
  sensor_name: z.string().nullish(),
  sensor_config: sensorSettings.nullish(),
});
export type SensorCustom = z.infer<typeof sensorCustom>;

/** What is stored of a sensor task: a sensor has nothing else to look by. */
export const sensorRef = z.object({
  sensor: z.string(),
  /** Where it looks, as far as that is up or down as one. */
  host: z.exactOptional(z.string()),
  config: jsonObject,
  inputs: jsonObject,
  /** The names of the outputs that the task declares. */
  outputs: z.exactOptional(z.array(z.string())),
  timeoutMs: z.number().nullable(),
  softTimeoutMs: z.exactOptional(z.number()),
  taskTimeoutMs: z.number().nullable(),
  minIntervalMs: z.exactOptional(z.number()),
  maxIntervalMs: z.exactOptional(z.number()),
});
export type SensorRef = z.infer<typeof sensorRef>;
