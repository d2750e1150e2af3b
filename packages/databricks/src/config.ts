import { simpleTypes, withoutNulls, type JsonObject, type JsonValue, type Schema, type SimpleType } from '@flyte-agents/core';
import { z } from 'zod';

/** The ways to authenticate. */
export const authTypes = ['pat', 'oauth_m2m', 'oidc_federation', 'azure_client_secret', 'azure_msi'] as const;

/** A way to authenticate. */
export type AuthType = (typeof authTypes)[number];

/** How a task authenticates. A type, not an interface: it is JSON, and stored with the reference. It has names only. */
export type AuthConfig = {
  /** Default: the server's. */
  readonly type?: AuthType;
  /** The secret that holds the personal access token. */
  readonly tokenSecret?: string;
  readonly clientId?: string;
  /** The secret that holds the service principal's id and secret. */
  readonly oauthSecret?: string;
  readonly oidcTokenFile?: string;
};

/** A task's settings: what flytekit's and flyte-sdk's Databricks tasks register, and what this agent adds to it. */
export interface RunConfig {
  /** The workspace: a host name. Default: the server's. */
  readonly instance: string | undefined;
  /** The body of `runs/submit`, or of `run-now`. */
  readonly settings: JsonObject;
  readonly sparkConf: Readonly<Record<string, string>>;
  readonly notebook: { readonly path: string; readonly parameters: JsonObject | undefined } | undefined;
  readonly serviceCredentialProvider: string | undefined;
  readonly auth: AuthConfig;
  /** The job to run, in place of a one-time run. */
  readonly job: JobName | undefined;
  /** The parameter of the job that is given the attempt's key. */
  readonly keyParameter: string | undefined;
  /** Whether a retry starts the failed tasks of the job's run again, in place of a new run. */
  readonly repair: boolean;
}

/** Which job is run. A type, not an interface: it is JSON, and stored with the reference. */
export type JobName = { readonly id: string } | { readonly name: string };

/** What a run does for Flyte: the code of a Flyte task, a notebook, or something of Databricks alone. */
export type RunKind = 'python' | 'notebook' | 'job';

/** What is known of a run before it has an id. */
export type RunPlace = {
  readonly host: string;
  readonly auth: AuthConfig;
  readonly kind: RunKind;
  /** The declared outputs, for which there is nothing but the value that a notebook ends with. */
  readonly outputs: Readonly<Record<string, SimpleType>>;
  /** Of a run of a job: which one, and the parameter by which its runs can be told apart, if there is one. */
  readonly jobRun?: { readonly job: JobName; readonly keyParameter?: string };
};

/** What the engine stores of a run. */
export type RunRef = RunPlace & {
  readonly runId: string;
  /** Of a run that is repaired: how often it had been when this attempt took it. */
  readonly repairs?: number;
};

const json: z.ZodType<JsonValue> = z.json();
/** Numbers come as doubles: what is larger has lost digits on its way. */
const exact = 'has an integer that is too large for a number: write it as text';
const jsonObject: z.ZodType<JsonObject> = z.record(z.string(), json).refine((value) => !holdsRounded(value), exact);
const texts = z.record(z.string(), z.coerce.string());
const name = z.string().min(1).nullish();
const id = z.union([z.int().positive(), z.string().regex(/^\d{1,19}$/, 'must be a whole number')]).transform(String);

/** What is checked of the settings: what the API would drop without a word, or what this agent reads. */
const checked = z.looseObject({
  performance_target: z.exactOptional(z.enum(['PERFORMANCE_OPTIMIZED', 'STANDARD'])),
  budget_policy_id: z.exactOptional(z.string().min(1)),
  usage_policy_id: z.exactOptional(z.string().min(1)),
  run_name: z.exactOptional(z.string()),
  environment_key: z.exactOptional(z.string().min(1)),
  python_file: z.exactOptional(z.string().min(1)),
  existing_cluster_id: z.exactOptional(z.string().min(1)),
  new_cluster: z.exactOptional(jsonObject),
  environments: z.exactOptional(z.array(jsonObject)),
  git_source: z.exactOptional(jsonObject),
  tasks: z.exactOptional(z.array(jsonObject).min(1)),
  idempotency_token: z.exactOptional(z.string().min(1).max(64)),
});

/** Reads the id of a warehouse: the last part of its address. */
export const warehouseId: z.ZodType<string> = z.string().regex(/^[\w-]+$/, 'must be the id of a warehouse');

/** What every task of Databricks says of its workspace. */
export const workspaceShape = {
  databricksInstance: name,
  databricksTokenSecret: name,
  databricksAuthType: z.enum(authTypes).nullish(),
  databricksClientId: name,
  databricksOauthSecret: name,
  databricksOidcTokenFile: name,
  // The audience of tokens that are minted; this agent exchanges those that are mounted.
  databricksOidcAudience: name,
} as const;

const workspace = z.object(workspaceShape);

/** How a task says that it authenticates. */
export function toAuth(custom: z.infer<typeof workspace>): AuthConfig {
  const { databricksAuthType, databricksTokenSecret, databricksClientId, databricksOauthSecret, databricksOidcTokenFile } = custom;
  return {
    ...(databricksAuthType && { type: databricksAuthType }),
    ...(databricksTokenSecret && { tokenSecret: databricksTokenSecret }),
    ...(databricksClientId && { clientId: databricksClientId }),
    ...(databricksOauthSecret && { oauthSecret: databricksOauthSecret }),
    ...(databricksOidcTokenFile && { oidcTokenFile: databricksOidcTokenFile }),
  };
}

/** Reads the template's `custom`. Null means not set. */
export const runConfig: Schema<RunConfig> = workspace
  .extend({
    databricksConf: jsonObject.nullish(),
    sparkConf: texts.nullish(),
    notebookPath: name,
    notebookBaseParameters: jsonObject.nullish(),
    databricksServiceCredentialProvider: name,
    databricksRepair: z.boolean().nullish(),
    databricksKeyParameter: z
      .string()
      .regex(/^[\w.-]+$/, 'must be the name of a job parameter')
      .nullish(),
    // Of Spark on Kubernetes.
    hadoopConf: z.unknown().optional(),
    executorPath: z.unknown().optional(),
    mainApplicationFile: z.unknown().optional(),
    applicationType: z.unknown().optional(),
  })
  .transform((custom, context) => {
    const { job_id: jobId, job_name: jobName, ...conf } = withoutNulls(custom.databricksConf ?? {});
    const read = checked.safeParse(conf);
    const job = z.object({ id: id.nullish(), name }).safeParse({ id: jobId, name: jobName });
    for (const issue of [...(read.error?.issues ?? []), ...(job.error?.issues ?? [])]) {
      const path = issue.path.map((key) => (key === 'id' ? 'job_id' : key === 'name' ? 'job_name' : key));
      context.addIssue({ code: 'custom', path: ['databricksConf', ...path], message: issue.message });
    }
    if (custom.databricksKeyParameter && (custom.databricksRepair || !(job.data?.id || job.data?.name))) {
      const message = 'is for jobs (job_id, job_name) that are not repaired: other runs are found without it';
      context.addIssue({ code: 'custom', path: ['databricksKeyParameter'], message });
    }
    return {
      instance: custom.databricksInstance ?? undefined,
      settings: conf,
      sparkConf: custom.sparkConf ?? {},
      notebook: custom.notebookPath ? { path: custom.notebookPath, parameters: custom.notebookBaseParameters ?? undefined } : undefined,
      serviceCredentialProvider: custom.databricksServiceCredentialProvider ?? undefined,
      auth: toAuth(custom),
      job: job.data?.id ? { id: job.data.id } : job.data?.name ? { name: job.data.name } : undefined,
      keyParameter: custom.databricksKeyParameter ?? undefined,
      repair: custom.databricksRepair ?? false,
    };
  });

/** Reads how a stored reference authenticates. */
export const storedAuth: z.ZodType<AuthConfig> = z.object({
  type: z.exactOptional(z.enum(authTypes)),
  tokenSecret: z.exactOptional(z.string()),
  clientId: z.exactOptional(z.string()),
  oauthSecret: z.exactOptional(z.string()),
  oidcTokenFile: z.exactOptional(z.string()),
});

/** Reads the name of a simple type. */
export const simpleType: z.ZodType<SimpleType> = z.enum(simpleTypes);

const place = z.object({
  host: z.string().min(1),
  auth: storedAuth,
  kind: z.enum(['python', 'notebook', 'job']),
  outputs: z.record(z.string(), simpleType),
  jobRun: z.exactOptional(
    z.object({
      job: z.union([z.object({ id: z.string().min(1) }), z.object({ name: z.string().min(1) })]),
      keyParameter: z.exactOptional(z.string().min(1)),
    }),
  ),
});

/** Reads what is stored of a run that has not shown itself yet. */
export const runPlace: z.ZodType<RunPlace> = place;

/** Reads the stored reference. */
export const runRef: Schema<RunRef> = place.extend({ runId: z.string().regex(/^\d+$/), repairs: z.exactOptional(z.int()) });

/** Reads the reference of flytekit's and flyte-sdk's agents. The token that flytekit's put there is not used. */
export const legacyRunRef: Schema<RunRef> = z
  .object({
    databricks_instance: z.string().min(1),
    run_id: z.union([z.int(), z.string().regex(/^\d+$/)]).transform(String),
    auth_type: z.enum(['pat', 'oauth_m2m', 'oidc_federation']).nullish(),
    client_id: name,
    oauth_secret_name: name,
    oidc_token_file: name,
  })
  .transform((stored) => ({
    host: stored.databricks_instance,
    auth: toAuth({
      databricksAuthType: stored.auth_type,
      databricksClientId: stored.client_id,
      databricksOauthSecret: stored.oauth_secret_name,
      databricksOidcTokenFile: stored.oidc_token_file,
    }),
    kind: 'python',
    outputs: {},
    runId: stored.run_id,
  }));

function holdsRounded(value: JsonValue): boolean {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value);
  return typeof value === 'object' && value !== null && Object.values(value).some((item: JsonValue) => holdsRounded(item));
}
