import { dictType, toLiteral, withoutNulls, type IdempotencyKey, type JsonObject, type Resource, type Task } from '@flyte-agents/core';
import type { Batch } from '../client.ts';
import type { BatchConfig, BatchRef, Place } from '../config.ts';
import { batchPhase } from '../states.ts';
import type { ChatPolicy } from './limits.ts';
import { toMetadata } from './metadata.ts';
import { toUsageInfo, type Prices } from './usage.ts';

/** Batches cost half: https://platform.openai.com/docs/guides/batch */
const batchShare = 0.5;
const toldErrors = 5;

/** https://platform.openai.com/docs/api-reference/batch/create */
export function toBatchRequest(task: Task<BatchConfig>, key: IdempotencyKey, { metadata: isAttributed }: ChatPolicy): JsonObject {
  const { settings, metadata } = task.config;
  const input_file_id = task.inputs.string('input_file_id');
  return { ...settings, input_file_id, metadata: toMetadata(task, metadata, { key, isAttributed }) };
}

export function toBatchRef({ id }: Batch, { organization, baseUrl }: Place): BatchRef {
  return { organization, baseUrl, batchId: id };
}

/** How a batch stands. @param link where people look at it */
export function toBatchResource(
  batch: Batch,
  { prices, link }: { readonly prices: Prices | undefined; readonly link: string | undefined },
): Resource {
  const phase = batchPhase(batch);
  const message = `OpenAI batch ${batch.id}: ${toReason(batch)}`;
  const customInfo = toCustomInfo(batch, prices);
  if (phase === 'SUCCEEDED') return { phase, message, outputs: { result: toResult(batch) }, customInfo };
  if (!phase.endsWith('FAILED')) return { phase, message };
  return { phase, message: link === undefined ? message : `${message}; see ${link}`, customInfo };
}

/** All that the service says; flytekit's download task reads both files' ids, also where there is none. */
function toResult({ record }: Batch) {
  const { output_file_id = null, error_file_id = null } = record;
  return toLiteral({ ...record, output_file_id, error_file_id }, dictType, 'output result');
}

function toReason(batch: Batch): string {
  const { status, completion_window: window, output_file_id: output, error_file_id: failed } = batch;
  const files = [output && `results in file ${output}`, failed && `errors in file ${failed}`].filter(Boolean).join(', ');
  const done = [toCounts(batch), files].filter(Boolean).join('; ');
  switch (status) {
    case 'failed':
      return toErrors(batch);
    case 'expired':
      return `it expired after ${window ?? 'its completion window'}, ${done}`;
    case 'cancelled':
      return `it was cancelled, ${done}`;
    default:
      return [status, done].filter(Boolean).join(', ');
  }
}

function toCounts({ request_counts: counts }: Batch): string {
  return counts ? `${counts.completed}/${counts.total} requests, ${counts.failed} failed` : '';
}

function toErrors({ errors }: Batch): string {
  const all = errors?.data ?? [];
  const told = all
    .slice(0, toldErrors)
    .map(({ code, line, message }) => [code, line && `line ${line}`, message].filter(Boolean).join(': '));
  const more = all.length > toldErrors ? [`${all.length - toldErrors} more`] : [];
  return [...told, ...more].join('; ') || 'it failed, and no reason is given';
}

/** What the batch used and about costs, for the task's event. */
function toCustomInfo(
  { id, model, usage, request_counts: requests, output_file_id, error_file_id }: Batch,
  prices: Prices | undefined,
): JsonObject {
  const info = withoutNulls({ batchId: id, model, requests, outputFileId: output_file_id, errorFileId: error_file_id });
  return { ...info, ...toUsageInfo({ usage, model, prices, share: batchShare }) };
}
