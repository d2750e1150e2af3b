import { AgentError, type Literal } from '@flyte-agents/core';
import type { TableReference } from '../client.ts';

/**
 * A table as Flyte names it, `bq://project:dataset.table`, or as SQL does, `project.dataset.table`.
 *
 * @param path names the value in errors: `input table`
 * @throws AgentError INVALID_ARGUMENT for anything else
 */
export function toTableReference(name: string, path: string): TableReference {
  const [, projectId, datasetId, tableId] = /^(?:bq:\/\/)?([^:/]+(?::[^:.]+)?)[:.]([^.:]+)\.([^.]+)$/.exec(name) ?? [];
  if (projectId === undefined || datasetId === undefined || tableId === undefined) {
    throw new AgentError({ code: 'INVALID_ARGUMENT', message: `${path}: expected a table, bq://project:dataset.table` });
  }
  return { projectId, datasetId, tableId };
}

/** A table as Flyte hands it on. */
export function toDataset({ projectId, datasetId, tableId }: TableReference): Literal {
  return { kind: 'dataset', uri: `bq://${projectId}:${datasetId}.${tableId}`, format: '', columns: [] };
}
