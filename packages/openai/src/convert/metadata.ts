import type { IdempotencyKey, Task } from '@flyte-agents/core';

/** The most pairs that metadata may have, and how long a value may be: https://platform.openai.com/docs/api-reference/batch/create */
const mostPairs = 16;
const longestValue = 512;

/** Tells which attempt a batch is of. */
const keyName = 'flyte_request';

/** Metadata with room for: first the task's own, then the key, then whose it is. */
export function toMetadata(
  { execution: { project, domain, name, node, attempt } }: Pick<Task<unknown>, 'execution'>,
  own: Readonly<Record<string, string>>,
  { key, isAttributed = true }: { readonly key?: IdempotencyKey; readonly isAttributed?: boolean | undefined },
): Record<string, string> {
  const of = { flyte_project: project, flyte_domain: domain, flyte_execution: name, flyte_node: node, flyte_attempt: String(attempt) };
  const ours = Object.entries({ ...(key && { [keyName]: key }), ...(isAttributed && of) });
  const added = ours
    .filter(([label, value]) => value !== '' && !(label in own))
    .map(([label, value]) => [label, value.slice(0, longestValue)]);
  return { ...own, ...Object.fromEntries(added.slice(0, Math.max(0, mostPairs - Object.keys(own).length))) };
}

/** The key of the attempt that something is of, if its metadata had room for it. */
export function keyOf({ metadata }: { readonly metadata?: Readonly<Record<string, string>> | null | undefined }): string | undefined {
  return metadata?.[keyName];
}

/** Whether there is room for the key beside a task's own metadata. */
export function isFindable({ metadata }: { readonly metadata: Readonly<Record<string, string>> }): boolean {
  return Object.keys(metadata).length < mostPairs;
}
