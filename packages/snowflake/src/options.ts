import { z } from 'zod';
import type { Connect } from './client.ts';

/** Options of the agent. */
export interface SnowflakeAgentOptions {
  /** Makes clients. Default: Snowflake's SQL API over the network. */
  readonly connect?: Connect | undefined;
  /** Where every account is: for a proxy, or a stand-in. Default: each at its own host of Snowflake. */
  readonly url?: string | undefined;
  /** Hosts beside Snowflake's that a task may name, each with its port if it has one: credentials are sent there. Default: none. */
  readonly hosts?: readonly string[] | undefined;
  /** How the server logs in unless a task says otherwise. Default `SNOWFLAKE_JWT`, a key pair. */
  readonly authenticator?: string | undefined;
  /** Who gives out OAuth tokens for client credentials and refresh tokens. Default: the account itself. */
  readonly oauthTokenUrl?: string | undefined;
  /** The warehouse for the look-up of lost statements and of earlier attempts'. Default: that of the task, where it may have to queue. */
  readonly lookupWarehouse?: string | undefined;
}

const environment = z.object({
  FLYTE_SNOWFLAKE_URL: z.url({ protocol: /^https?$/ }).optional(),
  FLYTE_SNOWFLAKE_HOSTS: z.string().optional(),
  FLYTE_SNOWFLAKE_AUTHENTICATOR: z.string().min(1).optional(),
  FLYTE_SNOWFLAKE_OAUTH_TOKEN_URL: z.url({ protocol: /^https?$/ }).optional(),
  FLYTE_SNOWFLAKE_LOOKUP_WAREHOUSE: z.string().min(1).optional(),
});

/** The options that an operator sets in the server's environment. @throws ZodError that names a variable that cannot be read */
export function fromEnvironment(variables: Readonly<Record<string, string | undefined>>): SnowflakeAgentOptions {
  const read = environment.parse(variables);
  return {
    url: read.FLYTE_SNOWFLAKE_URL,
    hosts: read.FLYTE_SNOWFLAKE_HOSTS?.split(/[\s,]+/).filter((host) => host !== ''),
    authenticator: read.FLYTE_SNOWFLAKE_AUTHENTICATOR,
    oauthTokenUrl: read.FLYTE_SNOWFLAKE_OAUTH_TOKEN_URL,
    lookupWarehouse: read.FLYTE_SNOWFLAKE_LOOKUP_WAREHOUSE,
  };
}
