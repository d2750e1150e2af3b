import { simpleTypes, withoutNulls, type JsonObject, type JsonValue, type Schema, type SimpleType } from '@flyte-agents/core';
import { z } from 'zod';

type JobKind = 'query' | 'load' | 'extract' | 'copy';

/** A task's settings: what flytekit's and flyte-sdk's `BigQueryConfig` register, and what this agent adds to it. */
export interface JobConfig {
  /** The project that owns the job and pays for it. */
  readonly project: string;
  /** Where the job runs. Default: where its tables are, or else in US. */
  readonly location: string | null;
  readonly domain: string | undefined;
  readonly kind: JobKind;
  /** The REST API's `configuration.query`, without the SQL and the parameters; or its `.load`, `.extract` or `.copy`. */
  readonly settings: JsonObject;
  /** What stands beside it in `configuration`: `jobTimeoutMs`, `maxSlots`, `reservation`. */
  readonly limits: JsonObject;
  readonly labels: Readonly<Record<string, string>>;
  /** A query's parameters, for their types; their values count where no input has their name. */
  readonly parameters: readonly Parameter[];
  readonly isPositional: boolean;
  /** A query that would read more bytes is refused before it starts. */
  readonly maximumBytesProcessed: bigint | undefined;
}

/** A query parameter in the REST API's words. Types, not interfaces: they are JSON. */
export type Parameter = {
  /** Absent if it is positional. */
  readonly name?: string;
  readonly parameterType: ParameterType;
  readonly parameterValue: JsonObject;
};

/** The type of a query parameter. */
export type ParameterType = {
  readonly type: string;
  /** Of an ARRAY. */
  readonly arrayType?: ParameterType;
  /** Of a STRUCT. */
  readonly structTypes?: readonly { readonly name?: string; readonly type: ParameterType }[];
};

/** What an output is: the table that the job made, or a column of its only row. */
export type OutputType = 'TABLE' | SimpleType;

/** What is known of a job before it has an id: where it will be, and what is wanted of it. */
export type JobPlace = {
  readonly project: string;
  /** Null while only BigQuery knows. Where a Python agent stored none, the job is in US or EU. */
  readonly location: string | null;
  /** The declared outputs; null where a Python agent stored none. */
  readonly outputs: Readonly<Record<string, OutputType>> | null;
};

/** What the engine stores of a job. */
export type JobRef = JobPlace & { readonly jobId: string };

const json: z.ZodType<JsonValue> = z.json();
const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), json);
/** A text, as google-cloud-bigquery writes 64-bit integers, or a number. */
const int64 = z.union([z.int().nonnegative(), z.string().regex(/^\d{1,19}$/, 'must be a whole number')]).transform(String);
const parameterType: z.ZodType<ParameterType> = z.lazy(() =>
  z.looseObject({
    type: z.string(),
    arrayType: z.exactOptional(parameterType),
    structTypes: z.exactOptional(z.array(z.looseObject({ name: z.exactOptional(z.string()), type: parameterType }))),
  }),
);
const parameter = z.object({
  name: z.exactOptional(z.string()),
  parameterType,
  parameterValue: jsonObject.default({ value: null }),
});

/** Reads the template's `custom`. Null means not set. */
export const jobConfig: Schema<JobConfig> = z
  .object({
    ProjectID: z.string().min(1),
    Location: z.string().min(1).nullish(),
    Domain: z.string().nullish(),
    load: jsonObject.nullish(),
    extract: jsonObject.nullish(),
    copy: jsonObject.nullish(),
    labels: z.record(z.string(), z.string()).nullish(),
    jobTimeoutMs: int64.nullish(),
    maxSlots: int64.nullish(),
    reservation: z.string().min(1).nullish(),
    queryParameters: z.array(parameter).nullish(),
    parameterMode: z.enum(['NAMED', 'POSITIONAL']).nullish(),
    maximumBytesProcessed: int64.nullish(),
    // The engine's, and what the template says elsewhere.
    secrets: z.unknown().optional(),
    configs: z.unknown().optional(),
    task_type: z.unknown().optional(),
    query: z.unknown().optional(),
  })
  // The rest are settings of the query, also those that are newer than this agent.
  .catchall(json)
  .refine(({ load, extract, copy }) => [load, extract, copy].filter(Boolean).length < 2, 'load, extract and copy are jobs of their own')
  .transform(
    ({
      ProjectID,
      Location,
      Domain,
      load,
      extract,
      copy,
      labels,
      jobTimeoutMs,
      maxSlots,
      reservation,
      queryParameters,
      parameterMode,
      maximumBytesProcessed,
      secrets: _secrets,
      configs: _configs,
      task_type: _taskType,
      query: _query,
      ...query
    }) => ({
      project: ProjectID,
      location: Location ?? null,
      domain: Domain ?? undefined,
      kind: load ? 'load' : extract ? 'extract' : copy ? 'copy' : 'query',
      settings: withoutNulls(load ?? extract ?? copy ?? query),
      limits: withoutNulls({ jobTimeoutMs, maxSlots, reservation }),
      labels: labels ?? {},
      parameters: queryParameters ?? [],
      isPositional: parameterMode === 'POSITIONAL',
      maximumBytesProcessed: maximumBytesProcessed ? BigInt(maximumBytesProcessed) : undefined,
    }),
  );

const outputType: z.ZodType<OutputType> = z.enum(['TABLE', ...simpleTypes]);

const place = z.object({
  project: z.string().min(1),
  location: z.string().min(1).nullable(),
  outputs: z.record(z.string(), outputType).nullable(),
});

/** Reads what is stored of a job that has not shown itself yet. */
export const jobPlace: z.ZodType<JobPlace> = place;

/** Reads the stored reference. */
export const jobRef: Schema<JobRef> = place.extend({ jobId: z.string().min(1) });

/** Reads the reference of flytekit's and flyte-sdk's agents. */
export const legacyJobRef: Schema<JobRef> = z
  .object({ project: z.string().min(1), job_id: z.string().min(1), location: z.string().nullish() })
  .transform(({ project, job_id: jobId, location = null }) => ({ project, jobId, location, outputs: null }));

/** What a sensor waits for. */
export interface TableConfig {
  /** Default: the input `table`. */
  readonly table: string | undefined;
  /** The id of a partition: `20260102`, `2026010203`, or an integer. Default: the table will do. */
  readonly partition: string | undefined;
  /** How many rows the table must have. Default: none. */
  readonly minRows: bigint;
}

/** Reads the `sensor_config`. */
export const tableConfig: Schema<TableConfig> = z
  .object({ table: z.string().nullish(), partition: z.union([z.string(), z.int()]).nullish(), min_rows: int64.nullish() })
  .transform(({ table, partition, min_rows: rows }) => ({
    table: table ?? undefined,
    partition: partition?.toString(),
    minRows: BigInt(rows ?? 0),
  }));
