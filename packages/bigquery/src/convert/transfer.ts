import { AgentError, type JsonObject, type Literal, type Task } from '@flyte-agents/core';
import type { JobConfig } from '../config.ts';
import { toTableReference } from './tables.ts';

/**
 * The settings of a load, an extract or a copy. Its only input is `source`: the files to load, or the table to take from.
 *
 * @throws AgentError INVALID_ARGUMENT for any other input
 */
export function toTransfer({ config: { kind, settings }, inputs }: Task<JobConfig>): JsonObject {
  for (const name of inputs.literals.keys()) if (name !== 'source') throw invalid(name, `a ${kind} job has no input but source`);
  const source = inputs.literal('source');
  if (source === undefined) return settings;
  return kind === 'load'
    ? { ...settings, sourceUris: toUris(source) }
    : { ...settings, sourceTable: toTableReference(toUris(source)[0] ?? '', 'input source') };
}

/** Where files are; of a folder, everything in it. */
function toUris(source: Literal): readonly string[] {
  switch (source.kind) {
    case 'string':
      return [source.value];
    case 'blob':
    case 'dataset':
    case 'schema': {
      const isFolder = source.kind !== 'blob' || source.multipart;
      return [isFolder && source.uri.startsWith('gs://') && !source.uri.includes('*') ? `${source.uri.replace(/\/$/, '')}/*` : source.uri];
    }
    case 'collection':
      return source.items.flatMap(toUris);
    default:
      throw invalid('source', 'expected files or a table');
  }
}

function invalid(input: string, what: string): AgentError {
  return new AgentError({ code: 'INVALID_ARGUMENT', message: `input ${input}: ${what}` });
}
