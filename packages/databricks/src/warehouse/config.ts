import type { Schema } from '@flyte-agents/core';
import { z } from 'zod';
import { toAuth, warehouseId, workspaceShape, type AuthConfig } from '../config.ts';

/** What is done with which warehouse. */
export interface WarehouseConfig {
  readonly instance: string | undefined;
  readonly auth: AuthConfig;
  readonly warehouseId: string;
  readonly action: 'start' | 'stop';
}

/** Reads the template's `custom`. */
export const warehouseConfig: Schema<WarehouseConfig> = z
  .object({ ...workspaceShape, databricksWarehouseId: warehouseId, databricksWarehouseAction: z.enum(['start', 'stop']) })
  .transform((custom) => ({
    instance: custom.databricksInstance ?? undefined,
    auth: toAuth(custom),
    warehouseId: custom.databricksWarehouseId,
    action: custom.databricksWarehouseAction,
  }));
