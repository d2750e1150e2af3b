import { withoutNulls, type JsonObject, type JsonValue, type Schema } from '@flyte-agents/core';
import { z } from 'zod';

/** Batch's own jobs run containers; its service jobs run in another service, such as SageMaker. */
export type JobKind = 'job' | 'service';

/** A task's settings: what flytekit's `AWSBatchConfig` registers, and what this agent adds to it, in the words of Batch's API. */
export interface JobConfig {
  readonly jobQueue: string | undefined;
  readonly region: string | undefined;
  /** A definition that is registered already, by name, name and revision, or ARN. Default: one is registered. */
  readonly jobDefinition: string | undefined;
  readonly platform: Platform | undefined;
  readonly jobRoleArn: string | undefined;
  readonly executionRoleArn: string | undefined;
  readonly schedulingPriority: number | undefined;
  readonly shareIdentifier: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** What a new definition's `containerProperties` have beside the image: volumes, secrets, `logConfiguration`… */
  readonly containerProperties: JsonObject;
  readonly overrides: Overrides;
  /** What the request for a job has as it is: `parameters`, `dependsOn`, `arrayProperties`… */
  readonly settings: JsonObject;
  /** Which share of an array's jobs must succeed, above 0 and up to 1. Default: all. */
  readonly minSuccessRatio: number | undefined;
  /** A request for a service job, without what names and places it. Default: it is a job. */
  readonly serviceJob: JsonObject | undefined;
}

/** Where a job runs: on instances of the account, or on AWS's own. */
export type Platform = 'EC2' | 'FARGATE';

/** What a job has instead of what its definition says, by how its containers run. */
interface Overrides {
  readonly container: JsonObject;
  readonly ecs: JsonObject | undefined;
  readonly eks: JsonObject | undefined;
  readonly nodes: JsonObject | undefined;
}

/** What is known of a job before it has an id. A type, not an interface: it is JSON. */
export type JobPlace = {
  /** Null where it is the server's own. */
  readonly region: string | null;
  readonly queue: string;
  readonly kind: JobKind;
  /** How its name begins; the key of its attempt follows. */
  readonly stem: string;
  /** Where its container writes what it gave, or why it failed. */
  readonly outputPrefix: string;
  readonly minSuccessRatio: number | null;
};

/** What the engine stores of a job. */
export type JobRef = Omit<JobPlace, 'stem'> & { readonly jobId: string; readonly name: string };

const json: z.ZodType<JsonValue> = z.json();
const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), json);
const text = z.string().min(1).nullish();
const texts = z.record(z.string(), z.string()).nullish();

/** Reads the template's `custom`. Null means not set. */
export const jobConfig: Schema<JobConfig> = z
  .object({
    parameters: texts,
    schedulingPriority: z.int().min(0).max(9999).nullish(),
    platformCapabilities: z.enum(['EC2', 'FARGATE']).nullish(),
    propagateTags: z.boolean().nullish(),
    tags: texts,
    jobQueue: text,
    region: z
      .string()
      .regex(/^[a-z0-9-]+$/, 'must be the name of a region')
      .nullish(),
    jobDefinition: text,
    shareIdentifier: text,
    arrayProperties: z.object({ size: z.int().min(2).max(10_000) }).nullish(),
    minSuccessRatio: z.number().gt(0).max(1).nullish(),
    dependsOn: z.array(jsonObject).max(20).nullish(),
    retryStrategy: jsonObject.nullish(),
    timeout: z.object({ attemptDurationSeconds: z.int().min(60) }).nullish(),
    jobRoleArn: text,
    executionRoleArn: text,
    logConfiguration: jsonObject.nullish(),
    containerProperties: jsonObject.nullish(),
    consumableResourcePropertiesOverride: jsonObject.nullish(),
    containerOverrides: jsonObject.nullish(),
    ecsPropertiesOverride: jsonObject.nullish(),
    eksPropertiesOverride: jsonObject.nullish(),
    nodeOverrides: jsonObject.nullish(),
    serviceJob: z.object({ serviceJobType: z.string(), serviceRequestPayload: z.string() }).catchall(json).nullish(),
  })
  .refine(
    ({ ecsPropertiesOverride, eksPropertiesOverride, nodeOverrides, jobDefinition }) =>
      jobDefinition || !(ecsPropertiesOverride || eksPropertiesOverride || nodeOverrides),
    'ecsPropertiesOverride, eksPropertiesOverride and nodeOverrides need a jobDefinition of that kind',
  )
  .transform((custom) => ({
    jobQueue: custom.jobQueue ?? undefined,
    region: custom.region ?? undefined,
    jobDefinition: custom.jobDefinition ?? undefined,
    platform: custom.platformCapabilities ?? undefined,
    jobRoleArn: custom.jobRoleArn ?? undefined,
    executionRoleArn: custom.executionRoleArn ?? undefined,
    schedulingPriority: custom.schedulingPriority ?? undefined,
    shareIdentifier: custom.shareIdentifier ?? undefined,
    tags: custom.tags ?? {},
    containerProperties: { ...custom.containerProperties, ...(custom.logConfiguration && { logConfiguration: custom.logConfiguration }) },
    overrides: {
      container: custom.containerOverrides ?? {},
      ecs: custom.ecsPropertiesOverride ?? undefined,
      eks: custom.eksPropertiesOverride ?? undefined,
      nodes: custom.nodeOverrides ?? undefined,
    },
    settings: withoutNulls({
      parameters: custom.parameters,
      propagateTags: custom.propagateTags,
      arrayProperties: custom.arrayProperties,
      dependsOn: custom.dependsOn,
      retryStrategy: custom.retryStrategy,
      timeout: custom.timeout,
      consumableResourcePropertiesOverride: custom.consumableResourcePropertiesOverride,
    }),
    minSuccessRatio: custom.minSuccessRatio ?? undefined,
    serviceJob: custom.serviceJob ?? undefined,
  }));

const place = z.object({
  region: z.string().nullable(),
  queue: z.string().min(1),
  kind: z.enum(['job', 'service']),
  outputPrefix: z.string(),
  minSuccessRatio: z.number().nullable(),
});

/** Reads where a job is. */
export const jobPlace: z.ZodType<JobPlace> = place.extend({ stem: z.string().min(1) });

/** Reads the stored reference. */
export const jobRef: z.ZodType<JobRef> = place.extend({ jobId: z.string().min(1), name: z.string().min(1) });
