import { createHash } from 'node:crypto';
import type { IdempotencyKey, Task } from '@flyte-agents/core';
import type { ListedRun } from '../client.ts';
import type { RunConfig } from '../config.ts';

/** What marks an attempt's one-time run in listings: the API takes a token, but shows it nowhere. */
export function toMark(key: IdempotencyKey): string {
  return `[${toKeyText(key)}]`;
}

/** The attempt's key, where it stands alone. */
export function toKeyText(key: IdempotencyKey): string {
  return `flyte-${key}`;
}

/** Whether a listed run is the attempt's: a one-time run by its name, which jobs' runs do not have, those by the parameter that has the key. */
export function isMarked(run: ListedRun, key: IdempotencyKey, keyParameter: string | undefined): boolean {
  if (keyParameter === undefined) return run.run_name?.endsWith(toMark(key)) === true;
  return (run.job_parameters ?? []).some(({ name, value }) => name === keyParameter && value === toKeyText(key));
}

/** The token of an attempt's submit: with the same one, Databricks gives the same run. An author's own counts for the first attempt only. */
export function toToken({ config: { settings }, execution }: Task<RunConfig>, key: IdempotencyKey): string {
  const own = settings['idempotency_token'];
  return typeof own === 'string' && execution.attempt === 0 ? own : toKeyText(key);
}

/** The token that all attempts of a task share, where retries repair; `undefined` where attempts cannot be told to belong together. */
export function toSharedToken({ execution, template, outputPrefix }: Task<RunConfig>): string | undefined {
  const [, parent] = /^(.*\/)\d+$/.exec(outputPrefix) ?? [];
  if (parent === undefined || execution.name === '') return undefined;
  const { org, project, domain, name, node } = execution;
  const parts = [org, project, domain, name, node, template.id.name, template.id.version, parent];
  return `flyte-all-${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)}`;
}

/** What is paid for says for whom. */
export function toTags({ execution }: Task<RunConfig>): Readonly<Record<string, string>> {
  const { project, domain, name, node, attempt } = execution;
  const tags = { project, domain, execution: name, node, attempt: String(attempt) };
  return Object.fromEntries(
    Object.entries(tags).flatMap(([key, value]) =>
      // What all three clouds allow.
      value === '' ? [] : [[`flyte-${key}`, value.replaceAll(/[^\w.+=:@-]/g, '_').slice(0, 128)]],
    ),
  );
}
