import { defineStates, isTerminal, type Phase } from '@flyte-agents/core';
import type { Statement } from './client.ts';

/**
 * The states of a query: https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api (QueryStatus). The SQL
 * API tells three of them, a session all.
 */
export const queryPhase: (state: string) => Phase = defineStates({
  // Not to be seen yet.
  NO_DATA: 'RUNNING',
  NO_QUERY_DATA: 'RUNNING',
  QUEUED: 'WAITING_FOR_RESOURCES',
  // Snowflake spells it so.
  QUEUED_REPARING_WAREHOUSE: 'WAITING_FOR_RESOURCES',
  // By a lock of another query.
  BLOCKED: 'WAITING_FOR_RESOURCES',
  RESUMING_WAREHOUSE: 'INITIALIZING',
  RUNNING: 'RUNNING',
  // Snowflake runs it anew by itself.
  RESTARTED: 'RUNNING',
  ABORTING: 'RUNNING',
  SUCCESS: 'SUCCEEDED',
  FAILED_WITH_ERROR: 'FAILED',
  // An error inside of Snowflake.
  FAILED_WITH_INCIDENT: 'RETRYABLE_FAILED',
  DISCONNECTED: 'RETRYABLE_FAILED',
  // By somebody, or by a timeout.
  ABORTED: 'FAILED',
});

/** What the SQL API says only by a code: https://docs.snowflake.com/en/developer-guide/sql-api/reference */
export function stateOf({ state, code, sqlState }: Pick<Statement, 'state' | 'code' | 'sqlState'>): string {
  if (state !== 'FAILED') return state;
  // Cancelled; over its timeout.
  if (code === '000604' || code === '000630' || sqlState === '57014') return 'ABORTED';
  // An internal error, of which Snowflake keeps a record.
  return code === '000603' || sqlState === 'XX000' ? 'FAILED_WITH_INCIDENT' : 'FAILED_WITH_ERROR';
}

/** Whether a query in this state has ended. */
export function isOver(state: string): boolean {
  return isTerminal(queryPhase(state));
}
