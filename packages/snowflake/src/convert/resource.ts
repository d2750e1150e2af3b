import { AgentError, FlyteDatetime, type JsonObject, type Literal, type LogLink, type Resource } from '@flyte-agents/core';
import { toConsoleUrl } from '../account.ts';
import type { Column, Progress, Statement } from '../client.ts';
import type { JobRef, OutputType } from '../config.ts';
import { queryPhase, stateOf } from '../states.ts';

/** What was found out about a query. */
interface Findings {
  readonly ref: JobRef;
  /** What the SQL API says; absent for a query that a session submitted. */
  readonly statement?: Statement | undefined;
  /** What a session says of one that has not ended. */
  readonly progress?: Progress | undefined;
  /** Of several statements in one request: each of them. */
  readonly children: readonly Statement[];
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
  const { ref, statement } = findings;
  const declared = Object.entries(ref.outputs);
  const columns = declared.filter(([, type]) => type !== 'TABLE');
  const tables = declared.filter(([, type]) => type === 'TABLE').map(([name]): [string, Literal] => [name, toTable(findings)]);
  const result = lastOf(findings) ?? statement;
  return Object.fromEntries([...tables, ...columns.map(([name, type]): [string, Literal] => [name, toCell(ref, result, { name, type })])]);
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

/** The value of an output that is a column of the result's only row. */
function toCell(ref: JobRef, result: Statement | undefined, output: { readonly name: string; readonly type: OutputType }): Literal {
  const place = result?.columns.findIndex(({ name }) => name.toUpperCase() === output.name.toUpperCase()) ?? -1;
  const column = result?.columns[place];
  const [row, second] = result?.rows ?? [];
  if (column === undefined || row === undefined || second !== undefined) {
    const found = `${result?.rowCount ?? result?.rows.length ?? 0} rows of ${result?.columns.map(({ name }) => name).join(', ') || 'no columns'}`;
    throw mismatch(ref, output.name, `the query must give one row with a column of this name, and gave ${found}`);
  }
  const text = row[place] ?? null;
  if (text === null) return { kind: 'none' };
  const literal = toLiteral(text, output.type, column);
  if (literal === undefined)
    throw mismatch(ref, output.name, `its column is of Snowflake's type ${column.type}, the task declares ${output.type}`);
  return literal;
}

function mismatch(ref: JobRef, name: string, what: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message: `Snowflake query ${ref.queryId}: output ${name}: ${what}` });
}

/** Values are texts in Snowflake's answers: https://docs.snowflake.com/en/developer-guide/sql-api/handling-responses */
function toLiteral(text: string, type: OutputType, column: Column): Literal | undefined {
  if (type === 'STRING') return { kind: 'string', value: text };
  if (type === 'BOOLEAN') return text === 'true' || text === 'false' ? { kind: 'boolean', value: text === 'true' } : undefined;
  if (type === 'INTEGER') return /^-?\d+$/.test(text) ? { kind: 'integer', value: BigInt(text) } : undefined;
  if (type === 'FLOAT') return text.trim() === '' || Number.isNaN(Number(text)) ? undefined : { kind: 'float', value: Number(text) };
  return toDatetime(text, column);
}

/** Dates are days, points in time are seconds with a fraction, both since 1970; a zone may follow. */
function toDatetime(text: string, { type }: Column): Literal | undefined {
  const [, whole, fraction = ''] = /^(-?\d+)(?:\.(\d{1,9}))?(?: \d+)?$/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  if (type.toLowerCase() === 'date') return { kind: 'datetime', value: new FlyteDatetime(BigInt(whole) * 86_400n) };
  if (!type.toLowerCase().startsWith('timestamp')) return undefined;
  const nanos = Number(fraction.padEnd(9, '0'));
  const isBefore = whole.startsWith('-') && nanos > 0;
  return {
    kind: 'datetime',
    value: isBefore ? new FlyteDatetime(BigInt(whole) - 1n, 1_000_000_000 - nanos) : new FlyteDatetime(BigInt(whole), nanos),
  };
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
