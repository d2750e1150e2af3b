import { AgentError, type AgentContext, type CreateContext, type IdempotencyKey, type JsonObject } from '@flyte-agents/core';
import { z } from 'zod';
import type { SageMakerClient } from './client.ts';
import type { JobPlace, JobRef } from './config.ts';
import { ownKeyOf, toRef, toSteps, type Step } from './convert.ts';
import { isDenied, isUnknown, rethrow, submitFault } from './errors.ts';
import { kinds } from './kinds.ts';

/** How many executions of a pipeline, or versions of a model, are looked through for one, the newest first. */
const mostExecutions = 500;
const mostVersions = 20;
const longestPage = 100;

/** Starts what SageMaker takes once by a key, whatever its name. @param request with its key */
export async function startKeyed(client: SageMakerClient, place: JobPlace, request: JsonObject, context: CreateContext): Promise<JobRef> {
  const { create, arn, title } = kinds[place.kind];
  const what = `start of a ${title} of ${place.parent}`;
  try {
    const name = (await client.submit(create, request))[arn];
    if (typeof name === 'string') return toRef(place, name, context.idempotencyKey);
    throw new AgentError({ code: 'UNAVAILABLE', message: `SageMaker ${what}: the answer has no ${arn}`, submitted: 'unknown' });
  } catch (error) {
    const fault = submitFault(error, what);
    if (fault.submitted === 'no') throw fault;
    const found = await findKeyed(client, place, context.idempotencyKey, context).catch(() => undefined);
    if (found === undefined) throw fault;
    return found;
  }
}

/** What was started with a key. */
export async function findKeyed(
  client: SageMakerClient,
  place: JobPlace,
  key: IdempotencyKey,
  { signal }: AgentContext,
): Promise<JobRef | undefined> {
  const { kind, parent } = place;
  const what = `look-up of a ${kinds[kind].title} of ${parent}`;
  try {
    for await (const { arn, record } of newest(client, place, signal)) {
      const job = kind === 'pipeline' ? { kind, record } : await client.describe(kind, arn, signal);
      if (ownKeyOf(job) === key) return toRef(place, arn, key);
    }
    return undefined;
  } catch (error) {
    // Nothing is there of a pipeline, or a group, that is not there.
    if (isUnknown(error)) return undefined;
    return rethrow(what)(error);
  }
}

/** The steps of a pipeline's execution that have begun; `undefined` for others, and where they may not be read. */
export async function stepsOf(
  client: SageMakerClient,
  { kind, name }: JobRef,
  { signal, logger }: AgentContext,
): Promise<readonly Step[] | undefined> {
  if (kind !== 'pipeline') return undefined;
  const body = { PipelineExecutionArn: name, MaxResults: 100 };
  try {
    return toSteps(await client.call({ service: 'sagemaker', method: 'list_pipeline_execution_steps', body }, signal));
  } catch (error) {
    if (!isDenied(error)) return rethrow(`steps of ${name}`)(error);
    logger.debug({ name }, `the steps are not known: ${AgentError.from(error).message}`);
    return undefined;
  }
}

/** Executions of a pipeline, or versions of a model. */
async function* newest(
  client: SageMakerClient,
  { kind, parent }: JobPlace,
  signal: AbortSignal,
): AsyncIterable<{ readonly arn: string; readonly record: JsonObject }> {
  const isPipeline = kind === 'pipeline';
  const of = isPipeline ? { PipelineName: parent } : { ModelPackageGroupName: parent };
  const method = isPipeline ? 'list_pipeline_executions' : 'list_model_packages';
  let left = isPipeline ? mostExecutions : mostVersions;
  const pageSize = Math.min(left, longestPage);
  let next: string | undefined;
  do {
    const body = {
      ...of,
      SortBy: 'CreationTime',
      SortOrder: 'Descending',
      MaxResults: pageSize,
      ...(next !== undefined && { NextToken: next }),
    };
    const page = summaries.parse(await client.call({ service: 'sagemaker', method, body }, signal));
    const found = page.PipelineExecutionSummaries ?? page.ModelPackageSummaryList ?? [];
    for (const record of found) {
      const arn = record[kinds[kind].arn];
      if (typeof arn === 'string') yield { arn, record };
    }
    left -= pageSize;
    next = page.NextToken ?? undefined;
  } while (next !== undefined && left > 0);
}

const records = z.array(z.record(z.string(), z.json())).nullish();
const summaries = z.object({ PipelineExecutionSummaries: records, ModelPackageSummaryList: records, NextToken: z.string().nullish() });
