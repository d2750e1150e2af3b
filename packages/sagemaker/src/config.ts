import type { JsonObject, JsonValue, Schema } from '@flyte-agents/core';
import { z } from 'zod';
import type { JobKind } from './kinds.ts';

/** What a request is made of: SageMaker's own words, with placeholders in them. */
export interface RequestConfig {
  readonly region: string | undefined;
  readonly images: Readonly<Record<string, string>>;
  readonly request: JsonObject;
}

/** How a task's own code runs in a job. */
export interface FunctionConfig {
  readonly roleArn: string;
  readonly instanceType: string;
  readonly instanceCount: number;
  readonly volumeGigabytes: number;
  /** In seconds. */
  readonly longestRuntime: number;
  readonly environment: Readonly<Record<string, string>>;
  readonly kmsKeyId: string | undefined;
  readonly tags: Readonly<Record<string, string>>;
  readonly namePrefix: string;
  readonly outputPath: string | undefined;
  readonly vpc: JsonObject | undefined;
  readonly network: JsonObject | undefined;
}

/** A task's settings: what flytekit's plugin registers, and what this agent adds to it. */
export interface JobConfig extends RequestConfig {
  /** Absent for jobs and endpoints that are configured by a request. */
  readonly function: FunctionConfig | undefined;
  /** Whether an endpoint that there is already gets the task's endpoint config. Default false. */
  readonly update: boolean;
}

/** What a `boto` task calls. */
export interface CallConfig extends RequestConfig {
  /** As boto3 names it: `sagemaker`. */
  readonly service: string;
  /** As boto3 names it: `create_model`. */
  readonly method: string;
}

/** What is known of a job before it is there. A type, not an interface: it is JSON. */
export type JobPlace = {
  readonly kind: JobKind;
  readonly region: string;
  /** How a name begins that the key makes. */
  readonly stem: string;
  /** What the task calls it, and what its previous attempt's was called; empty where the key makes the name. */
  readonly names: readonly string[];
  /** Whether a job of this name is of this content, whoever started it. */
  readonly isShared: boolean;
  /** The endpoint config that an endpoint of the same name is to get; null where there must be none. */
  readonly update: string | null;
  /** The pipeline, or the group of model packages, that it is one of; null for all others. */
  readonly parent: string | null;
  /** Where a task's own code writes what it gave, or why it failed; null for all others. */
  readonly outputPrefix: string | null;
  /** Whether a task's own code gives something. */
  readonly hasOutputs: boolean;
};

/** What the engine stores of a job. */
export type JobRef = Pick<JobPlace, 'kind' | 'region' | 'update' | 'outputPrefix' | 'hasOutputs'> & {
  readonly name: string;
  /** What its tag says if this attempt made it. */
  readonly key: string;
};

const json: z.ZodType<JsonValue> = z.json();
const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), json);
const text = z.string().min(1);
const region = z.string().regex(/^[a-z0-9-]+$/, 'must be the name of a region');
const texts = z.record(z.string(), z.string());

const request = z.object({ config: jsonObject, region: region.nullish(), images: texts.nullish(), update: z.boolean().nullish() });

const ownCode = z.object({
  execution_role_arn: text,
  region: region.nullish(),
  instance_type: text,
  instance_count: z.int().min(1).nullish(),
  volume_size_in_gb: z.int().min(1),
  max_runtime_in_seconds: z.int().min(1),
  environment: texts.nullish(),
  kms_key_id: text.nullish(),
  tags: texts.nullish(),
  job_name_prefix: z.string().nullish(),
  output_s3_path: text.nullish(),
  vpc_config: jsonObject.nullish(),
  network_config: jsonObject
    .refine(
      (network) => network['EnableNetworkIsolation'] !== true,
      'EnableNetworkIsolation: the task could reach neither its inputs nor its outputs',
    )
    .nullish(),
});

/** Reads the template's `custom`. Null means not set. */
export const jobConfig: Schema<JobConfig> = z.looseObject({}).transform((custom, context): JobConfig => {
  const isOwnCode = !('config' in custom) && 'execution_role_arn' in custom;
  const read = isOwnCode ? ownCode.safeParse(custom) : request.safeParse(custom);
  if (!read.success) {
    for (const { path, message } of read.error.issues) context.addIssue({ code: 'custom', path: [...path], message });
    return z.NEVER;
  }
  return 'config' in read.data ? toRequestConfig(read.data) : toFunctionConfig(read.data);
});

/** Reads the `custom` of a `boto` task. */
export const callConfig: Schema<CallConfig> = request
  .omit({ update: true })
  .extend({ service: text, method: text })
  .transform(({ service, method, config, region: where, images }) => ({
    service,
    method,
    request: config,
    region: where ?? undefined,
    images: images ?? {},
  }));

function toRequestConfig({ config, region: where, images, update }: z.infer<typeof request>): JobConfig {
  return { request: config, region: where ?? undefined, images: images ?? {}, update: update ?? false, function: undefined };
}

function toFunctionConfig(custom: z.infer<typeof ownCode>): JobConfig {
  return {
    request: {},
    region: custom.region ?? undefined,
    images: {},
    update: false,
    function: {
      roleArn: custom.execution_role_arn,
      instanceType: custom.instance_type,
      instanceCount: custom.instance_count ?? 1,
      volumeGigabytes: custom.volume_size_in_gb,
      longestRuntime: custom.max_runtime_in_seconds,
      environment: custom.environment ?? {},
      kmsKeyId: custom.kms_key_id ?? undefined,
      tags: custom.tags ?? {},
      namePrefix: custom.job_name_prefix ?? '',
      outputPath: custom.output_s3_path ?? undefined,
      vpc: custom.vpc_config ?? undefined,
      network: custom.network_config ?? undefined,
    },
  };
}

const found = z.object({
  kind: z.enum([
    'endpoint',
    'training',
    'processing',
    'transform',
    'tuning',
    'recommender',
    'autoMl',
    'pipeline',
    'modelPackage',
    'modelVersion',
  ]),
  region,
  update: z.string().nullable(),
  outputPrefix: z.string().nullable(),
  hasOutputs: z.boolean(),
});

/** Reads where a job is. */
export const jobPlace: z.ZodType<JobPlace> = found.extend({
  stem: z.string(),
  names: z.array(text),
  isShared: z.boolean(),
  parent: text.nullable(),
});

/** Reads the stored reference. */
export const jobRef: z.ZodType<JobRef> = found.extend({ name: text, key: text });
