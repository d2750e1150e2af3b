import { z } from 'zod';
import type { Connect } from './client.ts';
import { authTypes, type AuthType } from './config.ts';
import type { HostRules } from './hosts.ts';

/** Where the code that runs Flyte's tasks is fetched from. */
export interface Entrypoint {
  readonly gitUrl: string;
  /** `gitHub`, `gitLab`, `bitbucketCloud`… */
  readonly gitProvider: string;
  /** Of flytekit's tasks. */
  readonly flyte1Commit: string;
  /** Of flyte-sdk's tasks. */
  readonly flyte2Commit: string;
}

/** Options of the agents. */
export interface DatabricksOptions extends HostRules {
  /** Makes clients. Default: Databricks' REST API. */
  readonly connect?: Connect | undefined;
  /** Whether `spark` tasks are taken too: of all of them, Kubernetes' included. Default false. */
  readonly spark?: boolean | undefined;
  /** Whether new clusters are tagged with project, domain, execution, node and attempt. Default true. */
  readonly tags?: boolean | undefined;
  /** Default: Flyte's own repository on GitHub, at the commits of the Python agents. */
  readonly entrypoint?: Partial<Entrypoint> | undefined;
  /** How tasks that do not say it authenticate. Default `pat`. Only with `azure_msi` is the server's managed identity used. */
  readonly authType?: AuthType | undefined;
  /** The secret with the service principal's id and secret. Default `databricks-oauth`. */
  readonly oauthSecret?: string | undefined;
  /** The file with the token to exchange. Default `AWS_WEB_IDENTITY_TOKEN_FILE`, then `/var/run/secrets/databricks/token`. */
  readonly oidcTokenFile?: string | undefined;
  /** Folders in which a task may name that file. Default `/var/run/secrets/databricks`. */
  readonly oidcTokenFolders?: readonly string[] | undefined;
  /** The service principal of federation, where a task names none. */
  readonly clientId?: string | undefined;
  /** Where Microsoft gives out the tokens of its service principals. Default `https://login.microsoftonline.com`. */
  readonly azureAuthority?: string | undefined;
  /** Where the machine gives out the tokens of its managed identity. Default `http://169.254.169.254`. */
  readonly azureMetadata?: string | undefined;
  /** The server's managed identity, where its machine has several. */
  readonly azureClientId?: string | undefined;
  /** Of serverless tasks that name none. */
  readonly serviceCredentialProvider?: string | undefined;
}

const list = z.string().transform((text) => text.split(/[\s,]+/).filter((entry) => entry !== ''));
const text = z
  .string()
  .transform((value) => value.trim() || undefined)
  .optional();
const environment = z.object({
  FLYTE_DATABRICKS_INSTANCE: text,
  FLYTE_DATABRICKS_HOSTS: list.optional(),
  FLYTE_DATABRICKS_SPARK: z.stringbool().optional(),
  FLYTE_DATABRICKS_TAGS: z.stringbool().optional(),
  FLYTE_DATABRICKS_ENTRYPOINT_GIT_URL: text,
  FLYTE_DATABRICKS_ENTRYPOINT_GIT_PROVIDER: text,
  FLYTE_DATABRICKS_ENTRYPOINT_FLYTE1_COMMIT: text,
  FLYTE_DATABRICKS_ENTRYPOINT_FLYTE2_COMMIT: text,
  FLYTE_DATABRICKS_AUTH_TYPE: z.enum(authTypes).optional(),
  FLYTE_DATABRICKS_OAUTH_SECRET_NAME: text,
  FLYTE_DATABRICKS_OIDC_TOKEN_FILE: text,
  FLYTE_DATABRICKS_OIDC_TOKEN_FOLDERS: list.optional(),
  FLYTE_DATABRICKS_SERVICE_CREDENTIAL_PROVIDER: text,
  DATABRICKS_CLIENT_ID: text,
  // As Microsoft's and Databricks' own libraries name them.
  AZURE_AUTHORITY_HOST: text.pipe(z.url({ protocol: /^https$/ }).optional()),
  AZURE_POD_IDENTITY_AUTHORITY_HOST: text.pipe(z.url({ protocol: /^https?$/ }).optional()),
  ARM_CLIENT_ID: text,
});

/** The options that an operator sets in the server's environment. @throws ZodError that names a variable that cannot be read */
export function fromEnvironment(variables: Readonly<Record<string, string | undefined>>): DatabricksOptions {
  const read = environment.parse(variables);
  const entrypoint = Object.entries({
    gitUrl: read.FLYTE_DATABRICKS_ENTRYPOINT_GIT_URL,
    gitProvider: read.FLYTE_DATABRICKS_ENTRYPOINT_GIT_PROVIDER,
    flyte1Commit: read.FLYTE_DATABRICKS_ENTRYPOINT_FLYTE1_COMMIT,
    flyte2Commit: read.FLYTE_DATABRICKS_ENTRYPOINT_FLYTE2_COMMIT,
  });
  return {
    instance: read.FLYTE_DATABRICKS_INSTANCE,
    hosts: read.FLYTE_DATABRICKS_HOSTS,
    spark: read.FLYTE_DATABRICKS_SPARK,
    tags: read.FLYTE_DATABRICKS_TAGS,
    entrypoint: Object.fromEntries(entrypoint.filter(([, value]) => value !== undefined)),
    authType: read.FLYTE_DATABRICKS_AUTH_TYPE,
    oauthSecret: read.FLYTE_DATABRICKS_OAUTH_SECRET_NAME,
    oidcTokenFile: read.FLYTE_DATABRICKS_OIDC_TOKEN_FILE,
    oidcTokenFolders: read.FLYTE_DATABRICKS_OIDC_TOKEN_FOLDERS,
    clientId: read.DATABRICKS_CLIENT_ID,
    azureAuthority: read.AZURE_AUTHORITY_HOST,
    azureMetadata: read.AZURE_POD_IDENTITY_AUTHORITY_HOST,
    azureClientId: read.ARM_CLIENT_ID,
    serviceCredentialProvider: read.FLYTE_DATABRICKS_SERVICE_CREDENTIAL_PROVIDER,
  };
}
