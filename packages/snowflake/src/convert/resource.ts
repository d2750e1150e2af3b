import type { JsonObject, Literal, LogLink, Resource } from '@flyte-agents/core';
import { toConsoleUrl } from '../account.ts';
import type { Progress, Row, Statement } from '../client.ts';
import type { JobRef } from '../config.ts';
import { queryPhase, stateOf } from '../states.ts';
import { toColumn } from './columns.ts';

/** What was found out about a query. */
interface Findings {
  readonly ref: JobRef;
  /** What the SQL API says; absent for a query that a session submitted. */
  readonly statement?: Statement | undefined;
  /** What a session says of one that has not ended. */
  readonly progress?: Progress | undefined;
  /** Of several statements in one request: each of them. */
  readonly children: readonly Statement[];
  /** Of a result in several partitions: the rows after the first one's, where an output is a list. */
  readonly rest?: readonly Row[] | undefined;
}

/** How a query stands. @throws AgentError INVALID_ARGUMENT when the result lacks an output */
export function toResource(findings: Findings): Resource {
  const { ref, statement, progress, children } = findings;
  const ofApi = statement && stateOf(statement);
  // The SQL API's end counts: its result is there.
  const state = ofApi === undefined || ofApi === 'RUNNING' ? toUnended(progress?.state, ofApi) : ofApi;
  const phase = queryPhase(state);
  const customInfo = toCustomInfo(statement, children);
  if (phase === 'FAILED' || phase === 'RETRYABLE_FAILED') return { phase, message: failureMessage(findings, state), customInfo };
  const outputs = phase === 'SUCCEEDED' ? toOutputs(findings) : {};
  return { phase, message: `Snowflake query ${ref.queryId}: ${state}`, ...(Object.keys(outputs).length > 0 && { outputs }), customInfo };
}

/** A success that the SQL API does not show yet is told when it does: its result would not be there. */
function toUnended(state: string | undefined, ofApi: string | undefined): string {
  if (ofApi === undefined) return state ?? 'NO_QUERY_DATA';
  return state === undefined || state === 'SUCCESS' ? ofApi : state;
}

/** Where people look at a query. */
export function toLink({ account, queryId }: JobRef): LogLink {
  return { name: 'Snowflake Dashboard', uri: toConsoleUrl(account, queryId) };
}

function failureMessage({ ref, statement, progress, children }: Findings, state: string): string {
  const failed = children.find((child) => child.state === 'FAILED') ?? (statement?.state === 'FAILED' ? statement : undefined);
  const code = failed?.code ?? progress?.code;
  const sqlState = failed?.sqlState === undefined ? '' : ` (${failed.sqlState})`;
  const said = failed?.message ?? progress?.message ?? '';
  const what = state === 'ABORTED' ? `the query was cancelled or timed out${said === '' ? '' : `: ${said}`}` : said || state;
  const part = failed === undefined || failed === statement ? '' : ` in statement ${children.indexOf(failed) + 1} (${failed.handle})`;
  return `Snowflake query ${ref.queryId}${part}: ${code === undefined ? '' : `${code}${sqlState}: `}${what}; see ${toLink(ref).uri}`;
}

function toOutputs(findings: Findings): Readonly<Record<string, Literal>> {
  const { ref, statement, rest = [] } = findings;
  const declared = Object.entries(ref.outputs);
  const columns = declared.filter(([, type]) => type !== 'TABLE');
  const tables = declared.filter(([, type]) => type === 'TABLE').map(([name]): [string, Literal] => [name, toTable(findings)]);
  const result = lastOf(findings) ?? statement;
  return Object.fromEntries([
    ...tables,
    ...columns.map(([name, type]): [string, Literal] => [name, toColumn({ ref, result, rest, name, type })]),
  ]);
}

/** Of several statements, the last one's result counts. */
function lastOf({ children }: Findings): Statement | undefined {
  return children.at(-1);
}

/** The result's address as the SDKs read it: `RESULT_SCAN` of the query. */
function toTable(findings: Findings): Literal {
  const { user, account, warehouse, database, schema, sdk, queryId } = findings.ref;
  const id = lastOf(findings)?.handle ?? queryId;
  const uri = `snowflake://${user}${sdk === 'flytekit' ? ':' : '/'}${account}/${warehouse}/${database}/${schema}/${id}`;
  return { kind: 'dataset', uri, format: '', columns: [] };
}

/** What the query did, for the task's event. */
function toCustomInfo(statement: Statement | undefined, children: readonly Statement[]): JsonObject {
  const { rowCount, stats = {} } = statement ?? {};
  return {
    ...(rowCount !== undefined && { rows: rowCount }),
    ...stats,
    ...(children.length > 0 && { statements: children.map(({ handle, state }) => ({ queryId: handle, state })) }),
  };
}
