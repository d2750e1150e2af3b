import type { IdempotencyKey, JsonObject, Task } from '@flyte-agents/core';
import type { Job } from '../client.ts';
import { kinds, type JobKind } from '../kinds.ts';
import { asObject } from './outputs.ts';

/** The tag that says which attempt made something. */
export const keyTag = 'flyte-agents:request';

/** What a start gets its key and its attribution from. */
interface Keying {
  readonly kind: JobKind;
  readonly stem: string;
  readonly key: IdempotencyKey;
  readonly execution: Task<unknown>['execution'];
}

/** A start that SageMaker takes once by its key. What is started has no tags of its own: its name, or its metadata, has the key. */
export function toKeyedRequest(request: JsonObject, { kind, stem, key, execution }: Keying): JsonObject {
  const { name, longestName } = kinds[kind];
  const attribution = toAttribution(execution);
  if (kind === 'modelVersion') {
    const { CustomerMetadataProperties: own } = request;
    return { ...request, CustomerMetadataProperties: { ...attribution, ...asObject(own), [keyTag]: key }, ClientToken: key };
  }
  const begin = stem.slice(0, longestName - key.length - 1).replace(/-+$/, '');
  const { PipelineExecutionDescription: description } = request;
  const whose = Object.entries(attribution).map((each) => each.join('='));
  return {
    ...request,
    [name]: `${begin}-${key}`,
    PipelineExecutionDescription: description ?? whose.join(' '),
    ClientRequestToken: key,
  };
}

/** The key of whatever started something that has no tags of its own; `undefined` for others. */
export function ownKeyOf({ kind, record }: Pick<Job, 'kind' | 'record'>): string | undefined {
  if (kind === 'modelVersion') return textOf(asObject(record['CustomerMetadataProperties'])?.[keyTag]);
  return textOf(record[kinds[kind].name])?.match(/(?<=-)[0-9a-f]{32}$/)?.[0];
}

/** Whose something is, for people who look at jobs and at bills. */
export function toAttribution({ project, domain, name, node, attempt }: Keying['execution']): Readonly<Record<string, string>> {
  const of = { project, domain, execution: name, node, attempt: String(attempt) };
  return Object.fromEntries(
    Object.entries(of)
      .filter(([, value]) => value !== '')
      .map(([word, value]) => [`flyte:${word}`, value.replaceAll(/[^\p{L}\p{N}\s_.:/=+@-]/gu, '-').slice(0, 256)]),
  );
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
