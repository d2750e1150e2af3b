import type { Schema, SimpleType } from '@flyte-agents/core';
import { z } from 'zod';
import { simpleType, storedAuth, toAuth, warehouseId, workspaceShape, type AuthConfig } from '../config.ts';

/** A statement's settings. */
export interface StatementConfig {
  readonly instance: string | undefined;
  readonly auth: AuthConfig;
  /** The warehouse that runs it: the last part of its address. */
  readonly warehouseId: string;
  readonly catalog: string | undefined;
  readonly schema: string | undefined;
}

/** What is known of a statement before it has an id. */
export type StatementPlace = {
  readonly host: string;
  readonly auth: AuthConfig;
  readonly warehouseId: string;
  /** The declared outputs: columns of the result's only row. */
  readonly outputs: Readonly<Record<string, SimpleType>>;
};

/** What the engine stores of a statement. */
export type StatementRef = StatementPlace & { readonly statementId: string };

const name = z.string().min(1).nullish();

/** Reads the template's `custom`. Null means not set. */
export const statementConfig: Schema<StatementConfig> = z
  .object({
    ...workspaceShape,
    databricksWarehouseId: warehouseId,
    databricksCatalog: name,
    databricksSchema: name,
  })
  .transform((custom) => ({
    instance: custom.databricksInstance ?? undefined,
    auth: toAuth(custom),
    warehouseId: custom.databricksWarehouseId,
    catalog: custom.databricksCatalog ?? undefined,
    schema: custom.databricksSchema ?? undefined,
  }));

const place = z.object({
  host: z.string().min(1),
  auth: storedAuth,
  warehouseId: z.string().min(1),
  outputs: z.record(z.string(), simpleType),
});

/** Reads what is stored of a statement that has not shown itself yet. */
export const statementPlace: z.ZodType<StatementPlace> = place;

/** Reads the stored reference. */
export const statementRef: Schema<StatementRef> = place.extend({ statementId: z.string().min(1) });
