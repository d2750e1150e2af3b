import {
  AgentError,
  type JsonObject,
  type JsonValue,
  type Literal,
  type LogLink,
  type Resource,
  type SimpleType,
} from '@flyte-agents/core';
import type { ErrorProto, Job, Rows } from '../client.ts';
import type { JobRef } from '../config.ts';
import { isOver, jobPhase } from '../states.ts';
import { toColumns } from './rows.ts';
import { toDataset } from './tables.ts';

/** What was found out about a job. */
export interface Findings {
  readonly ref: JobRef;
  readonly job: Job;
  /** The jobs of a script that is over. */
  readonly children: readonly Job[];
  /** How its result begins, if columns of it are wanted. */
  readonly rows?: Rows | undefined;
}

/** The job's page in Google's console. */
export function toLink({ project, jobId, location }: JobRef): LogLink {
  const uri = `https://console.cloud.google.com/bigquery?project=${encodeURIComponent(project)}&j=bq:${location ?? 'US'}:${jobId}&page=queryresults`;
  return { name: 'BigQuery Console', uri };
}

/**
 * How a job stands.
 *
 * @param pricePerTebibyte what a tebibyte costs that is billed on demand
 * @throws AgentError INVALID_ARGUMENT when the job did not give what the task declares
 */
export function toResource(findings: Findings, pricePerTebibyte: number): Resource {
  const { ref, job } = findings;
  const { state, errorResult } = job.status;
  const phase = jobPhase(job);
  if (!isOver(job)) return { phase, message: state };
  const customInfo = toCustomInfo(findings, pricePerTebibyte);
  if (errorResult) return { phase, message: failureMessage(ref, job, errorResult), customInfo };
  const outputs = toOutputs(findings);
  return { phase, message: state, ...(Object.keys(outputs).length > 0 && { outputs }), customInfo };
}

function failureMessage(ref: JobRef, { configuration }: Job, { reason, message, location }: ErrorProto): string {
  const what = reason === 'stopped' ? 'the job was cancelled' : message;
  const place = location ? ` (location ${location})` : '';
  // The SDKs put a query on one line, on which a comment hides all that follows.
  const hint =
    reason === 'invalidQuery' && /--[^\n]*$/.test(configuration.query?.query ?? '')
      ? '; use /* */ for comments: -- hides the rest of the query'
      : '';
  return `BigQuery job ${ref.jobId}: ${reason}: ${what}${place}${hint}; see ${toLink(ref).uri}`;
}

function toOutputs(findings: Findings): Readonly<Record<string, Literal>> {
  const { ref, rows } = findings;
  const table = toTable(findings);
  // A Python agent said the same, whatever the task declares.
  if (ref.outputs === null) return table === undefined ? {} : { results: table };
  const columns = columnsOf(ref);
  const tables = Object.keys(ref.outputs).filter((name) => !columns.has(name));
  if (tables.length > 0 && table === undefined) {
    const message = `BigQuery job ${ref.jobId} gave no table, but the task declares one (${tables.join(', ')}): end the query with a SELECT, or declare no output`;
    throw new AgentError({ code: 'INVALID_ARGUMENT', message });
  }
  return {
    ...Object.fromEntries(tables.flatMap((name) => (table === undefined ? [] : [[name, table]]))),
    ...(rows && toColumns(rows, columns)),
  };
}

/** The outputs that are columns of the result's only row. */
export function columnsOf({ outputs }: JobRef): ReadonlyMap<string, SimpleType> {
  return new Map(Object.entries(outputs ?? {}).flatMap(([name, type]) => (type === 'TABLE' ? [] : [[name, type]])));
}

/** The table that a job made, its files, or of a script the last one that it selected. */
function toTable({ job: { configuration }, children }: Findings): Literal | undefined {
  const { query, load, copy, extract } = configuration;
  const selects = children.filter(({ statistics }) => statistics?.query?.statementType === 'SELECT');
  const last = selects.toSorted((one, other) => createdAt(one) - createdAt(other)).at(-1);
  const table = query?.destinationTable ?? load?.destinationTable ?? copy?.destinationTable ?? last?.configuration.query?.destinationTable;
  if (table) return toDataset(table);
  const [uri] = extract?.destinationUris ?? [];
  // Many files are a folder.
  return uri === undefined ? undefined : { kind: 'dataset', uri: uri.replace(/\/[^/]*\*[^/]*$/, ''), format: '', columns: [] };
}

function createdAt({ statistics }: Job): number {
  return Number(statistics?.creationTime ?? 0);
}

/** What the job used and about costs, for the task's event. */
function toCustomInfo({ job: { statistics, status }, children }: Findings, pricePerTebibyte: number): JsonObject {
  const { query, reservation_id: reservation, totalBytesProcessed, totalSlotMs } = statistics ?? {};
  const bytesBilled = toNumber(query?.totalBytesBilled);
  const info: Readonly<Record<string, JsonValue | undefined>> = {
    statementType: query?.statementType,
    bytesProcessed: toNumber(totalBytesProcessed),
    bytesBilled,
    slotMs: toNumber(totalSlotMs),
    cacheHit: query?.cacheHit,
    reservation,
    // Slots that are reserved are paid for in any case.
    estimatedCostUsd: bytesBilled === undefined || reservation ? undefined : (bytesBilled / 2 ** 40) * pricePerTebibyte,
    warnings: status.errorResult ? undefined : status.errors?.slice(0, 10).map(({ reason, message }) => `${reason}: ${message}`),
    childJobs: children.length === 0 ? undefined : children.slice(-50).map(toChildInfo),
  };
  return Object.fromEntries(
    Object.entries(info).flatMap(([name, value]) => (value === undefined || value === null ? [] : [[name, value]])),
  );
}

function toChildInfo({ jobReference, statistics, status }: Job): JsonObject {
  const { reason = null } = status.errorResult ?? {};
  return {
    jobId: jobReference.jobId,
    statementType: statistics?.query?.statementType ?? null,
    state: status.state,
    ...(reason !== null && { reason }),
  };
}

/** Exact up to nine petabytes. */
function toNumber(text: string | null | undefined): number | undefined {
  return text ? Number(text) : undefined;
}
