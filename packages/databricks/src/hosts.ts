import { AgentError } from '@flyte-agents/core';

/** Where Databricks has its workspaces: https://docs.databricks.com/aws/en/workspace/workspace-details */
const ownSuffixes: readonly string[] = [
  '.cloud.databricks.com',
  '.cloud.databricks.us',
  '.azuredatabricks.net',
  '.databricks.azure.cn',
  '.databricks.azure.us',
  '.gcp.databricks.com',
];

/** What an operator says about workspaces. */
export interface HostRules {
  /** The workspace of tasks that name none. */
  readonly instance?: string | undefined;
  /** Hosts beside Databricks' own that tokens may be sent to: `databricks.example.com`, `*.example.com`. */
  readonly hosts?: readonly string[] | undefined;
}

/**
 * The host of the workspace that a task names. Its token goes there, so that it must be one of Databricks, or one that the
 * operator named.
 *
 * @throws AgentError INVALID_ARGUMENT for any other, or when neither the task nor the operator names one
 */
export function toHost(instance: string | undefined, rules: HostRules): string {
  const named = instance ?? rules.instance;
  if (named === undefined) {
    throw refused('databricksInstance: the task names no workspace, and FLYTE_DATABRICKS_INSTANCE is not set on the server');
  }
  const host = bare(named);
  if (!/^(?:[a-z0-9-]+\.)+[a-z0-9-]+$/.test(host)) {
    throw refused(`databricksInstance: ${JSON.stringify(named.slice(0, 200))} is no host name: write account.cloud.databricks.com`);
  }
  const operators = [...(rules.hosts ?? []), ...(rules.instance === undefined ? [] : [rules.instance])].map(bare);
  const isOperators = operators.some((entry) => (entry.startsWith('*.') ? host.endsWith(entry.slice(1)) : host === entry));
  if (isOperators || ownSuffixes.some((suffix) => host.endsWith(suffix))) return host;
  throw refused(
    `databricksInstance: tokens are not sent to ${host}: it is not one of Databricks (an operator may list it in FLYTE_DATABRICKS_HOSTS)`,
  );
}

function bare(instance: string): string {
  return instance
    .trim()
    .toLowerCase()
    .replace(/^https:\/\//, '')
    .replace(/\/$/, '');
}

function refused(message: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message });
}
