import { createFetch, createLogger, ObjectStore, SecretSource, type CreateContext, type GetContext } from '@flyte-agents/core';
import { key } from './task.ts';

/** A call of a domain's, with the secrets that are there, by name in upper case. */
export function toContext(secrets: Readonly<Record<string, string>> = {}, domain = 'development'): CreateContext & GetContext {
  const project = 'flytesnacks';
  return {
    signal: new AbortController().signal,
    deadline: Date.now() + 10_000,
    project,
    domain,
    secrets: new SecretSource(secrets, { files: false }).of({ project, domain }),
    fetch: createFetch(),
    store: new ObjectStore(),
    logger: createLogger({ level: 'silent' }),
    idempotencyKey: key,
    createdAt: Date.now(),
    outputPrefix: 's3://b/0',
  };
}
