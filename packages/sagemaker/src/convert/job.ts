import { AgentError, type IdempotencyKey, type JsonObject, type JsonValue, type Task } from '@flyte-agents/core';
import type { JobConfig, JobPlace, JobRef, RequestConfig } from '../config.ts';
import { kindOf, kinds, type JobKind } from '../kinds.ts';
import type { SageMakerAgentOptions } from '../options.ts';
import { toFunctionNames, toFunctionRequest } from './function.ts';
import { toImages } from './images.ts';
import { keyTag, toAttribution, toKeyedRequest } from './keyed.ts';
import { fill, usesToken } from './template.ts';

const mostTags = 50;
const keyLength = 32;

/** The region of a task: its input `region`, else what it is registered with, else the server's. @throws AgentError INVALID_ARGUMENT when nobody names one */
export function toRegion({ config, inputs }: Pick<Task<RequestConfig>, 'config' | 'inputs'>, region: string | undefined): string {
  const input = inputs.literals.has('region') ? inputs.json('region') : undefined;
  const found = (typeof input === 'string' && input !== '' ? input : undefined) ?? config.region ?? region;
  if (found !== undefined && /^[a-z0-9-]+$/.test(found)) return found;
  throw invalid(found === undefined ? 'Region parameter is required.' : 'region: must be the name of a region');
}

/** Where the task's job will be, and what it is called. @throws AgentError INVALID_ARGUMENT for settings that make no request */
export function toPlace(task: Task<JobConfig>, options: SageMakerAgentOptions): JobPlace {
  const { template, config, execution, outputPrefix } = task;
  const kind = toKindOf(template.type);
  const region = toRegion(task, options.region);
  const stem = toStem(`${execution.name}-${execution.node}`);
  const place = { kind, region, stem, outputPrefix: null, hasOutputs: false, update: null, parent: null };
  if (config.function !== undefined) {
    // Without an execution there is nothing that makes a name once; the key does.
    const names = execution.name === '' ? [] : toFunctionNames(task, kind, config.function);
    return { ...place, names, isShared: false, outputPrefix, hasOutputs: template.outputs.size > 0 };
  }
  const request = toFilled(task, kind, region);
  const name = textOf(request, kinds[kind].name);
  const parent = toParent(kind, request);
  if (parent !== undefined)
    return { ...place, kind: kind === 'pipeline' ? kind : 'modelVersion', parent, stem: name ?? stem, names: [], isShared: false };
  return {
    ...place,
    names: name === undefined ? [] : [name],
    isShared: usesToken(config.request[kinds[kind].name]),
    update: config.update && kind === 'endpoint' ? (textOf(request, 'EndpointConfigName') ?? null) : null,
  };
}

/** The names that a job of this attempt may have, best first: what the task says, and a name of its own where that one is in use. */
export function toNames({ kind, names: [name], stem, isShared }: JobPlace, key: IdempotencyKey): readonly string[] {
  const { longestName } = kinds[kind];
  if (name !== undefined && !isShared) return [name];
  const [prefix, suffix] = name === undefined ? [stem, key.slice(0, Math.min(keyLength, longestName))] : [name, key.slice(0, 12)];
  const begin = prefix.slice(0, Math.max(0, longestName - suffix.length - 1)).replace(/-+$/, '');
  const own = begin === '' ? suffix : `${begin}-${suffix}`;
  return name === undefined ? [own] : [name, own];
}

/** The request for a job without its name. @throws AgentError INVALID_ARGUMENT for what SageMaker cannot take */
export function toRequest(task: Task<JobConfig>, { kind, region, stem }: JobPlace, key: IdempotencyKey): JsonObject {
  const { function: ownCode } = task.config;
  const request = ownCode === undefined ? toFilled(task, kind, region) : toFunctionRequest(task, kind, ownCode);
  checkSpot(request);
  const keyed = kinds[kind].key;
  if (keyed !== undefined) return toKeyedRequest(request, { stem, kind, execution: task.execution, key });
  return { ...request, Tags: toTags(task, request['Tags'], key) };
}

/** The reference to a job. */
export function toRef({ kind, region, update, outputPrefix, hasOutputs }: JobPlace, name: string, key: IdempotencyKey): JobRef {
  return { kind, region, update, outputPrefix, hasOutputs, name, key };
}

function toKindOf(type: string): JobKind {
  const kind = kindOf.get(type);
  if (kind === undefined) throw invalid(`type: ${type} is none of SageMaker's`);
  return kind;
}

function toFilled({ config: { request, images }, inputs }: Task<JobConfig>, kind: JobKind, region: string): JsonObject {
  const { longestName } = kinds[kind];
  if (Object.keys(request).length === 0) throw invalid('config: must be a request of SageMaker');
  const filled = fill(request, { inputs, images: toImages(images, region) }, longestName).request;
  const name = textOf(filled, kinds[kind].name);
  if (name !== undefined && !/^[a-zA-Z0-9](-*[a-zA-Z0-9])*$/.test(name))
    throw invalid(`config.${kinds[kind].name}: ${JSON.stringify(name.slice(0, 80))} may have letters, digits and hyphens only`);
  if (name !== undefined && name.length > longestName)
    throw invalid(`config.${kinds[kind].name}: ${JSON.stringify(name.slice(0, 80))} has more than ${longestName} characters`);
  return filled;
}

/** SageMaker's own words for this are hard to read. */
function checkSpot({ EnableManagedSpotTraining: isSpot, StoppingCondition: stopping }: JsonObject): void {
  if (isSpot !== true) return;
  const { MaxWaitTimeInSeconds: wait = null, MaxRuntimeInSeconds: runtime = null } = isObject(stopping) ? stopping : {};
  if (typeof wait === 'number' && (typeof runtime !== 'number' || wait >= runtime)) return;
  throw invalid('config.StoppingCondition.MaxWaitTimeInSeconds: spot training needs it, and no less than MaxRuntimeInSeconds');
}

/** The task's own, and whose it is, for people who look at jobs and at bills. */
function toTags({ execution }: Task<JobConfig>, tags: JsonValue | undefined, key: IdempotencyKey): readonly JsonObject[] {
  const attribution = Object.entries(toAttribution(execution)).map(([Key, Value]) => ({ Key, Value }));
  const own = Array.isArray(tags) ? tags.filter(isObject) : [];
  const names = new Set(own.map(({ Key }) => Key));
  const all = [
    ...own.filter(({ Key }) => Key !== keyTag),
    ...attribution.filter(({ Key }) => !names.has(Key)),
    { Key: keyTag, Value: key },
  ];
  if (all.length <= mostTags) return all;
  throw invalid(`config.Tags: with Flyte's own they are more than ${mostTags}`);
}

/** The pipeline, or the group of model packages, that a request names. */
function toParent(kind: JobKind, request: JsonObject): string | undefined {
  if (kind === 'modelPackage') return textOf(request, 'ModelPackageGroupName');
  if (kind !== 'pipeline') return undefined;
  const pipeline = textOf(request, 'PipelineName');
  if (pipeline === undefined) throw invalid('config.PipelineName: must name a pipeline');
  return pipeline;
}

function toStem(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]+/g, '-').replaceAll(/^-+|-+$/g, '') || 'flyte';
}

function textOf(request: JsonObject, name: string): string | undefined {
  const value = request[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(message: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message });
}
