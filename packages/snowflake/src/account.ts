import { AgentError } from '@flyte-agents/core';
import type { SnowflakeAgentOptions } from './options.ts';

/** What of a task leads to an account. */
interface AccountPlace {
  readonly account: string;
  readonly origin: string | null;
}

/** Of Snowflake itself, everywhere and in China. */
const ownHost = /(?:^|\.)snowflakecomputing\.(?:com|cn)$/;
const accountName = /^[a-z0-9](?:[\w.-]*[a-z0-9])?$/i;

/** An account as tasks write it, without the host's domain. @throws AgentError INVALID_ARGUMENT when it cannot be one */
export function toAccount(account: string): string {
  const name = account.replace(/\.snowflakecomputing\.(?:com|cn)$/i, '');
  if (accountName.test(name) && !name.includes('..')) return name;
  throw new AgentError({
    code: 'INVALID_ARGUMENT',
    message: 'account: expected an identifier such as MYORG-MYACCOUNT or xy12345.eu-central-1',
  });
}

/**
 * Where an account is reached. Credentials are sent there, so it is a host of Snowflake's or one that the operator listed.
 *
 * @throws AgentError PERMISSION_DENIED, the task's fault, for any other host
 */
export function toOrigin({ account, origin }: AccountPlace, { url, hosts = [] }: Pick<SnowflakeAgentOptions, 'url' | 'hosts'>): string {
  if (url !== undefined) return new URL(url).origin;
  const own = new URL(origin ?? `https://${accountHost(account)}`);
  if (hosts.includes(own.host)) return own.origin;
  if (own.protocol === 'https:' && own.port === '' && ownHost.test(own.hostname)) return own.origin;
  const message = `Snowflake: ${own.host} is no host of Snowflake, and none that the operator allows: no credentials are sent there (FLYTE_SNOWFLAKE_HOSTS)`;
  throw new AgentError({ code: 'PERMISSION_DENIED', message, origin: 'user' });
}

/** Host names have no underscores. */
function accountHost(account: string): string {
  const isWhole = ownHost.test(account.toLowerCase());
  const name = account.toLowerCase().replaceAll('_', '-');
  return isWhole ? name : `${name}.snowflakecomputing.com`;
}

/** The account in a key pair's token: in upper case, without region. */
export function toIssuer(account: string): string {
  const name = toAccount(account).toUpperCase();
  return name.split('.', 1)[0] ?? name;
}

/** Where people look at a query: https://docs.snowflake.com/en/user-guide/ui-snowsight-gs */
export function toConsoleUrl(account: string, queryId: string): string {
  const path = `#/compute/history/queries/${encodeURIComponent(queryId)}/detail`;
  const isPrivate = /\.privatelink$/i.test(account);
  const name = account.replace(/\.privatelink$/i, '');
  const [locator = name, ...region] = name.split('.');
  if (region.length > 0) {
    const place = region.join('.');
    const host = isPrivate ? `app.${place}.privatelink.snowflakecomputing.com` : 'app.snowflake.com';
    return `https://${host}/${place}/${locator}/${path}`;
  }
  const host = isPrivate ? `app-${name.toLowerCase().replaceAll('_', '-')}.privatelink.snowflakecomputing.com` : 'app.snowflake.com';
  return `https://${host}/${name.replace('-', '/')}/${path}`;
}
