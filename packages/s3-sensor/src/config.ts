import { durationHint, durationMs, type JsonValue, type Schema } from '@flyte-agents/core';
import { z } from 'zod';

const duration = z.union([z.number(), z.string()], durationHint).transform((value, context) => {
  const milliseconds = durationMs(value);
  if (milliseconds !== undefined) return milliseconds;
  context.addIssue(durationHint);
  return z.NEVER;
});

const timeHint = 'expected "start", or a point in time with a time zone: 2026-01-31T06:00:00Z';
/** When the sensor's own task was created. */
const start = 'start';
/** A point in time, in milliseconds since 1970. */
const time = z.union([z.literal(start), z.iso.datetime({ offset: true, error: timeHint }).transform((text) => Date.parse(text))], timeHint);

const fileConfigSchema = z.object({
  /** More paths, besides the inputs `path` and `paths`. */
  paths: z.array(z.string()).max(100).nullish(),
  /** Whether all paths must be there, or one of them will do. Default `all`. */
  match: z.enum(['all', 'any']).nullish(),
  /** Whether `*`, `**`, `?` and `[…]` in paths stand for other characters. Default false: they are characters like any other. */
  glob: z.boolean().nullish(),
  /** Smaller objects do not count, in bytes. */
  min_size: z.int().nonnegative().nullish(),
  /** How many objects must be there for each path. Default 1. */
  min_count: z.int().positive().nullish(),
  /** Objects written before do not count. In whole seconds. */
  newer_than: time.nullish(),
  /** For how long nothing may have been written to any object of a path. */
  unchanged_for: duration.nullish(),
  /** Objects whose metadata lacks any of these do not count. */
  metadata: z.record(z.string(), z.string()).nullish(),
});
export type FileConfig = z.infer<typeof fileConfigSchema>;
/** Reads the `sensor_config` of a file sensor. */
export const fileConfig: Schema<FileConfig> = fileConfigSchema;

const json: z.ZodType<JsonValue> = z.json();
const status = z.int().min(100).max(599);
const names = z.record(z.string(), z.string().min(1));

const httpConfigSchema = z.object({
  /** Default: the input `url`. */
  url: z.string().nullish(),
  /** Default GET. A POST must not change anything: it is sent again and again. */
  method: z.enum(['GET', 'HEAD', 'POST']).nullish(),
  /** Headers without secrets. */
  headers: z.record(z.string(), z.string()).nullish(),
  /** Headers whose values are secrets, by the secrets' names. */
  secret_headers: names.nullish(),
  /** Parameters of the URL whose values are secrets, by the secrets' names. */
  secret_query: names.nullish(),
  /** What a POST sends, as JSON. */
  body: json.optional(),
  /** Statuses that will do. Default: 200 to 299. */
  statuses: z.array(status).min(1).nullish(),
  /** Statuses for which is waited on. 404 and 410 always are. */
  tolerated_statuses: z.array(status).nullish(),
  /** What the answer's JSON must hold. */
  json: z
    .object({
      /** Where, as a JSON Pointer (RFC 6901): `/job/state`. Empty: all of it. */
      pointer: z.string().regex(/^(?:\/.*)?$/s, 'expected a JSON Pointer, such as /job/state'),
      equals: json.optional(),
      one_of: z.array(json).min(1).optional(),
      at_least: z.number().optional(),
    })
    .nullish(),
});
export type HttpConfig = z.infer<typeof httpConfigSchema>;
/** Reads the `sensor_config` of an HTTP sensor. */
export const httpConfig: Schema<HttpConfig> = httpConfigSchema;
