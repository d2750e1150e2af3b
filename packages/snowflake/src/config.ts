import { simpleTypes, type JsonValue, type Schema, type SimpleType } from '@flyte-agents/core';
import { z } from 'zod';

/** A task's settings as flyte-sdk registers them. flytekit 1 puts the first six into the template's `config`. */
export interface JobConfig {
  readonly user: string | undefined;
  readonly account: string | undefined;
  readonly database: string | undefined;
  readonly schema: string | undefined;
  readonly warehouse: string | undefined;
  readonly role: string | undefined;
  readonly authenticator: string | undefined;
  /** Whether lists of inputs are the rows of one INSERT. */
  readonly batch: boolean;
  readonly options: ConnectionOptions;
}

/** What is read of `connection_kwargs`, in the words of Python's connector. */
interface ConnectionOptions {
  readonly role: string | undefined;
  readonly authenticator: string | undefined;
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly protocol: 'http' | 'https' | undefined;
  /** Parameters of the statement's session: https://docs.snowflake.com/en/sql-reference/parameters */
  readonly parameters: Readonly<Record<string, string>>;
  /** Those that have no effect. */
  readonly unread: readonly string[];
}

/** What an output is: the result's address, a column of its only row, or the list of a column's values. */
export type OutputType = 'TABLE' | SimpleType | { readonly list: SimpleType };

/** What is known of a query before it has an id: who runs it where, and what is wanted of it. Types, not interfaces: they are JSON. */
export type JobPlace = {
  readonly account: string;
  readonly user: string;
  readonly database: string;
  readonly schema: string;
  readonly warehouse: string;
  readonly role: string | null;
  readonly authenticator: string | null;
  /** Where the account is, when the task says so. */
  readonly origin: string | null;
  /** Whose form the addresses of results have. */
  readonly sdk: 'flytekit' | 'flyte-sdk';
  readonly outputs: Readonly<Record<string, OutputType>>;
};

/** What the engine stores of a query. */
export type JobRef = JobPlace & {
  readonly queryId: string;
  /** By what it was submitted: the SQL API, or a session of Python's connector. */
  readonly by: 'api' | 'session';
};

const json: z.ZodType<JsonValue> = z.json();
const text = z
  .string()
  .min(1)
  .nullish()
  .transform((value) => value ?? undefined);
/** Secrets, which would be stored with the task, and what reads files or programs of the server. */
const refused =
  /^(?:password|passcode.*|token|private_key.*|oauth_client_secret|id_token|mfa_token|.*_file|.*_file_path|.*_file_pwd|.*_path|.*_callback|proxy_.*|connection_name)$/;
const parameter = z.union([z.string(), z.number(), z.boolean()]).transform(String);

const connectionOptions = z
  .object({
    role: text,
    authenticator: text,
    host: text,
    port: z.int().min(1).max(65_535).nullish(),
    protocol: z.enum(['http', 'https']).nullish(),
    session_parameters: z.record(z.string(), parameter).nullish(),
  })
  .catchall(json)
  .superRefine((options, context) => {
    for (const [name] of Object.entries(options).filter(([key, value]) => refused.test(key) && value !== null)) {
      const message = 'is not taken from a task: give it to the agent as a secret (see its README)';
      context.addIssue({ code: 'custom', path: [name], message });
    }
  })
  .transform(({ role, authenticator, host, port, protocol, session_parameters: parameters, ...others }): ConnectionOptions => ({
    role,
    authenticator,
    host,
    port: port ?? undefined,
    protocol: protocol ?? undefined,
    parameters: parameters ?? {},
    unread: Object.keys(others).filter((name) => !withoutEffect.has(name)),
  }));

/** Of Python's own way to connect; the server has its own. */
const withoutEffect: ReadonlySet<string> = new Set([
  'application',
  'autocommit',
  'client_session_keep_alive',
  'login_timeout',
  'network_timeout',
  'socket_timeout',
]);

const noOptions: ConnectionOptions = {
  role: undefined,
  authenticator: undefined,
  host: undefined,
  port: undefined,
  protocol: undefined,
  parameters: {},
  unread: [],
};

/** Reads the template's `custom`. Null means not set. */
export const jobConfig: Schema<JobConfig> = z
  .object({
    user: text,
    account: text,
    database: text,
    schema: text,
    warehouse: text,
    role: text,
    authenticator: text,
    batch: z.boolean().nullish(),
    connection_kwargs: connectionOptions.nullish(),
  })
  .transform(({ connection_kwargs: options, batch, ...names }) => ({ ...names, batch: batch ?? false, options: options ?? noOptions }));

const simpleType: z.ZodType<SimpleType> = z.enum(simpleTypes);
const outputType: z.ZodType<OutputType> = z.union([z.literal('TABLE'), simpleType, z.object({ list: simpleType })]);

const place = z.object({
  account: z.string().min(1),
  user: z.string().min(1),
  database: z.string(),
  schema: z.string(),
  warehouse: z.string(),
  role: z.string().nullable(),
  authenticator: z.string().nullable(),
  origin: z.string().nullable(),
  sdk: z.enum(['flytekit', 'flyte-sdk']),
  outputs: z.record(z.string(), outputType),
});

/** Reads what is stored of a query that has not shown itself yet. */
export const jobPlace: z.ZodType<JobPlace> = place;

/** Reads the stored reference. */
export const jobRef: Schema<JobRef> = place.extend({ queryId: z.string().min(1), by: z.enum(['api', 'session']) });

const legacyOptions = z.object({ role: z.string().nullish(), authenticator: z.string().nullish() });

/** Reads the reference of flytekit's and flyte-sdk's agents. Of its options no host and no secret. */
export const legacyJobRef: Schema<JobRef> = z
  .object({
    account: z.string().min(1),
    user: z.string().min(1),
    database: z.string(),
    schema: z.string(),
    warehouse: z.string(),
    query_id: z.string().min(1),
    has_output: z.boolean().nullish(),
    connection_kwargs: legacyOptions.nullish(),
  })
  .transform(({ query_id: queryId, has_output: hasOutput, connection_kwargs: options, ...names }) => ({
    ...names,
    queryId,
    role: options?.role ?? null,
    authenticator: options?.authenticator ?? null,
    origin: null,
    // Only flyte-sdk's has options, if only empty ones.
    sdk: options === undefined || options === null ? 'flytekit' : 'flyte-sdk',
    outputs: hasOutput ? { results: 'TABLE' } : {},
    by: 'session',
  }));
