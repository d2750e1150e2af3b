import type { Schema } from '@flyte-agents/core';
import { z } from 'zod';
import { toAuth, warehouseId, workspaceShape, type AuthConfig } from '../config.ts';

/** A value of a partition's column. */
export type PartitionValue = string | number | boolean;

/** What a sensor waits for. */
export interface TableConfig {
  readonly instance: string | undefined;
  readonly auth: AuthConfig;
  /** `catalog.schema.table`. Default: the input `table`. */
  readonly table: string | undefined;
  /** The warehouse that looks into the table. Default: none; that the table is there will do. */
  readonly warehouseId: string | undefined;
  /** The values of columns that rows must have. */
  readonly partition: Readonly<Record<string, PartitionValue>> | undefined;
  /** After what the table's data must have changed. */
  readonly changed: ChangedAfter | undefined;
}

/** After what a table's data must have changed: a time, the start of the waiting, or a version. */
export type ChangedAfter = { readonly since: string } | { readonly version: number };

/** In `changedSince`: since the waiting began. */
export const fromStart = 'start';

const time = z.iso.datetime({ offset: true });
const partitionValues = z.record(z.string().min(1), z.union([z.string(), z.int(), z.boolean()]));

/** Reads the `sensor_config`. */
export const tableConfig: Schema<TableConfig> = z
  .object({
    ...workspaceShape,
    table: z.string().min(1).nullish(),
    partition: partitionValues.refine((values) => Object.keys(values).length > 0, 'must name a column').nullish(),
    changedSince: z
      .string()
      .refine((text) => text === fromStart || time.safeParse(text).success, `must be ${fromStart}, or a time with its zone`)
      .nullish(),
    changedAfterVersion: z.int().nonnegative().nullish(),
    databricksWarehouseId: warehouseId.nullish(),
  })
  .transform(({ table, partition, changedSince, changedAfterVersion, databricksWarehouseId, ...custom }, context) => {
    const hasVersion = typeof changedAfterVersion === 'number';
    const looks = Object.entries({ partition, changedSince, changedAfterVersion }).filter(
      ([, value]) => value !== undefined && value !== null,
    );
    const [first, second] = looks.map(([key]) => key);
    if (first !== undefined && second !== undefined) {
      context.addIssue({ code: 'custom', path: [second], message: `is not looked for together with ${first}` });
    }
    if (first !== undefined && !databricksWarehouseId) {
      context.addIssue({ code: 'custom', path: ['databricksWarehouseId'], message: `${first} is looked for by a warehouse: give its id` });
    }
    return {
      instance: custom.databricksInstance ?? undefined,
      auth: toAuth(custom),
      table: table ?? undefined,
      warehouseId: databricksWarehouseId ?? undefined,
      partition: partition ?? undefined,
      changed: changedSince ? { since: changedSince } : hasVersion ? { version: changedAfterVersion } : undefined,
    };
  });
